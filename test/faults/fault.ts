/** A fault: something that breaks, and how it is made whole again. The verbs are in verbs/, by what they break. */
export interface Fault {
  /** As a line of the report has it: "docker kill primary". */
  readonly what: string;
  inject(): Promise<void>;
  /** Make whole what `inject` broke, also when it got half way only, or another fault came between. */
  heal(): Promise<void>;
}

/** A server as far as it can be broken: its container. */
export interface Victim {
  readonly name: string;
  readonly container: string;
  /** created, running, paused, restarting, exited or dead. */
  containerState(): Promise<string>;
  /** Standard output of a command inside the container. */
  exec(...args: string[]): Promise<string>;
}

/** Do `work` while `fault` is there; it is healed whatever happens. */
export async function during<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
  try {
    await fault.inject();
    return await work();
  } finally {
    await fault.heal();
  }
}
