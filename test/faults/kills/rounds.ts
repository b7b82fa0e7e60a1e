/** When a deploy is killed: at random moments, which a seed gives again. Pure. */
import fc from 'fast-check';
import type { Context } from '../../support/cluster-project.js';
import type { Kill } from '../../support/killed.js';

export interface Round {
  readonly about: string;
  readonly change: Change;
  /** What is deployed, and killed. */
  readonly context: Code;
  readonly victim: Kill['victim'];
  /** When, of the time that `terraform apply` takes for such a change undisturbed: 0 to 90 %. */
  readonly percent: number;
}

export type Change = 'roll' | 'grow' | 'shrink';

/** Of each change. */
const times = 10;

interface Code extends Context {
  readonly nodes: number;
  readonly memory: number;
  readonly postgresSettings: { readonly shared_buffers: string };
}

export const steady: Code = { nodes: 3, memory: 512, postgresSettings: { shared_buffers: '48MB' } };
export const rolled: Code = { ...steady, postgresSettings: { shared_buffers: '64MB' } };
export const grown: Code = { ...steady, nodes: 5 };

/** Ten rolls there and back, then ten times growing and shrinking. */
export function roundsOf(seed: number): Round[] {
  const rolls = killsOf(seed).map((kill, turn) => roundOf('roll', turn % 2 === 0 ? rolled : steady, kill));
  const grows = killsOf(seed + 1).map((kill) => roundOf('grow', grown, kill));
  const shrinks = killsOf(seed + 2).map((kill) => roundOf('shrink', steady, kill));
  return [...rolls, ...grows.flatMap((grow, turn) => [grow, ...shrinks.slice(turn, turn + 1)])];
}

type Moment = Pick<Round, 'victim' | 'percent'>;

/** In turns two of Terraform and two of cdktf, so that each change there and back has both. */
function killsOf(seed: number): Moment[] {
  const moments = fc.array(fc.integer({ min: 0, max: 90 }), { minLength: times, maxLength: times });
  const [percents = []] = fc.sample(fc.noBias(moments), { seed, numRuns: 1 });
  return percents.map((percent, turn) => ({ percent, victim: turn % 4 < 2 ? 'terraform' : 'cdktf' }));
}

const names = { roll: 'a roll', grow: '3 -> 5', shrink: '5 -> 3' };

function roundOf(change: Change, context: Code, moment: Moment): Round {
  const about = `${names[change]}: ${moment.victim} killed after ${moment.percent} % of it`;
  return { about, change, context, ...moment };
}
