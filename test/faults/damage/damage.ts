/** Files of one standby's volume that somebody has cut off, changed or removed while it was down, and what its users see then. */

/** What has to be there before a file of it can be spoiled. */
export type Needs = 'closed segments of the log' | 'a snapshot' | 'a restartpoint of its timeline';

/** What becomes of the server. */
export type Ending =
  /** It goes on as the member that it was. */
  | { readonly kind: 'same' }
  /** It votes for nobody, and is removed and added anew, without a hand. */
  | { readonly kind: 'anew'; readonly why: RegExp }
  /** It says what is wrong until somebody mends it with the command that is named. */
  | { readonly kind: 'told'; readonly says: string; readonly mend: Mend };

/** `npm start` hands secrets over again; the other is run in the container. */
export type Mend = 'npm start' | 'pgraft-node copy-anew';

export interface Damage {
  readonly file: string;
  readonly damage: string;
  /** Of scripts.ts. */
  readonly script: string;
  readonly ending: Ending;
  readonly needs?: Needs | undefined;
  /** It is a file that npm start hands over again, whether the server needs it now or not. @default false */
  readonly handedOver?: true;
  /** What a query says that reads it. @default - every query works */
  readonly reads?: RegExp | undefined;
  /** One of those that every `npm test` plays. */
  readonly telling?: true;
}

export const same: Ending = { kind: 'same' };

export function anew(why: RegExp): Ending {
  return { kind: 'anew', why };
}

export function told(says: string, mend: Mend): Ending {
  return { kind: 'told', says, mend };
}
