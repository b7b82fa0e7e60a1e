/** When a deploy is killed: at random moments, which a seed gives again. Pure. */
import fc from 'fast-check';
import type { Context } from '../../support/cluster-project.js';
import { describeKill, type Kill } from '../../support/killed.js';

export interface Round {
  readonly about: string;
  /** What is deployed, and killed. */
  readonly context: Code;
  readonly kill: Kill;
}

/** Of each change. */
const times = 10;
/** Less than what `terraform apply` takes for each change undisturbed, in milliseconds. */
const longest = { roll: 14_000, grow: 9_000, shrink: 7_000 };

interface Code extends Context {
  readonly nodes: number;
  readonly memory: number;
  readonly postgresSettings: { readonly shared_buffers: string };
}

export const steady: Code = { nodes: 3, memory: 512, postgresSettings: { shared_buffers: '48MB' } };
const rolled: Code = { ...steady, postgresSettings: { shared_buffers: '64MB' } };
const grown: Code = { ...steady, nodes: 5 };

/** Ten rolls there and back, then ten times growing and shrinking. */
export function roundsOf(seed: number): Round[] {
  const rolls = killsOf(seed, longest.roll).map((kill, turn) =>
    roundOf('a roll', turn % 2 === 0 ? rolled : steady, kill),
  );
  const grows = killsOf(seed + 1, longest.grow).map((kill) => roundOf('3 -> 5', grown, kill));
  const shrinks = killsOf(seed + 2, longest.shrink).map((kill) => roundOf('5 -> 3', steady, kill));
  return [...rolls, ...grows.flatMap((grow, turn) => [grow, ...shrinks.slice(turn, turn + 1)])];
}

/** In turns two of Terraform and two of cdktf, so that each change there and back has both. */
function killsOf(seed: number, most: number): Kill[] {
  const moments = fc.array(fc.integer({ min: 0, max: most }), { minLength: times, maxLength: times });
  const [afters = []] = fc.sample(fc.noBias(moments), { seed, numRuns: 1 });
  return afters.map((after, turn) => ({ after, victim: turn % 4 < 2 ? 'terraform' : 'cdktf' }));
}

function roundOf(change: string, context: Code, kill: Kill): Round {
  return { about: `${change}: ${describeKill(kill)}`, context, kill };
}
