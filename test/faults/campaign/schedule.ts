/** What happens in each round of a campaign: a function of the seed alone, so that the seed replays it. Pure. */
import fc from 'fast-check';
import { losses, type Loss } from '../verbs/losses.js';
import { processNames, type ProcessName } from '../verbs/processes.js';

/** A fault of one server; `victim` is an index into the round's victims. */
export type Step = Victimized & Timed;

/** One of the verbs, and what it needs beyond its server. */
export type Act =
  | { readonly verb: 'kill' | 'stop' | 'restart' | 'pause' | 'disconnect' | 'fillDisk' }
  | { readonly verb: 'killProcess' | 'stopProcess'; readonly process: ProcessName }
  | {
      readonly verb: 'partition';
      readonly direction: 'to' | 'from' | 'to and from';
      readonly peer: number | undefined;
    }
  /** Removed from the membership, and added again; `asked` is the position of whom the removal is asked of. */
  | { readonly verb: 'removeAndAdd'; readonly asked: number };

interface Victimized {
  readonly victim: number;
  readonly act: Act;
}

interface Timed {
  /** Milliseconds after the round's begin, or after its loss was healed, and until it is healed. */
  readonly at: number;
  readonly lasts: number;
}

export interface Round {
  readonly number: number;
  /** Servers of the cluster. */
  readonly nodes: number;
  /** Who breaks, by position: 0 is the primary as the round begins, 1 the first of the others, and so on. */
  readonly victims: readonly number[];
  readonly steps: readonly Step[];
  /** Before the steps, what the only victim loses for good: it is no whole server until the others have added it anew. */
  readonly loss: (Timed & { readonly what: Loss }) | undefined;
  /** Milliseconds for which all cores are saturated from the round's begin; 0 for not. */
  readonly saturated: number;
  /** Instead of steps, something that breaks every server; they start in the order of `victims`. */
  readonly all: 'kill' | 'stop' | 'pause' | 'disconnect' | undefined;
}

/** Rounds on one cluster, before another one takes its place. */
export const blockLength = 8;
/** Each of these blocks has five servers, the others three. */
const largeEvery = 4;
/** Above every timeout of the cluster. */
const longest = 5_000;

/** How many servers the cluster of round `number`, counted from 1, has. */
export function nodesOf(number: number): number {
  const block = Math.floor((number - 1) / blockLength);
  return block % largeEvery === largeEvery - 1 ? 5 : 3;
}

/** A round has a generator of its own, so that it can be replayed alone. */
export function roundOf(seed: number, number: number): Round {
  const [plan] = fc.sample(fc.noBias(roundArbitrary(nodesOf(number))), { seed: mix(seed, number), numRuns: 1 });
  if (plan === undefined) throw new Error(`seed ${seed} gave no round ${number}`);
  return { number, nodes: nodesOf(number), ...plan };
}

/** One line, for the report. */
export function describeRound({ number, nodes, victims, steps, loss, saturated, all }: Round): string {
  const victim = (index: number) => who(victims[index] ?? 0);
  const when = ({ at, lasts }: Timed) => `at ${at} ms${lasts > 0 ? ` for ${lasts} ms` : ''}`;
  const parts = steps.map((step) => {
    const { verb } = step.act;
    const more = moreOf(step.act, victims[step.victim]);
    return `${verb}${more} of ${victim(step.victim)} ${when(step)}${loss === undefined ? '' : ' after that'}`;
  });
  if (loss !== undefined) parts.unshift(`loss of the ${loss.what} of ${victim(0)} ${when(loss)}`);
  if (all !== undefined) parts.push(`${all} all, started in the order ${victims.map(who).join(', ')}`);
  if (saturated > 0) parts.push(`all cores saturated for ${saturated} ms`);
  return `round ${number}, ${nodes} servers: ${parts.join('; ')}`;
}

function who(position: number): string {
  return position === 0 ? 'the primary' : `standby ${position}`;
}

function moreOf(act: Act, victim: number | undefined): string {
  if ('process' in act) return ` ${act.process}`;
  if (act.verb === 'removeAndAdd') return ` by ${who(act.asked)}`;
  if (act.verb !== 'partition') return '';
  return ` ${act.direction} ${act.peer === undefined || act.peer === victim ? 'all' : who(act.peer)}`;
}

const times = {
  at: fc.integer({ min: 0, max: 1_500 }),
  lasts: fc.oneof(fc.constant(300), fc.integer({ min: 0, max: longest }), fc.constant(longest)),
};

function roundArbitrary(nodes: number): fc.Arbitrary<Omit<Round, 'number' | 'nodes'>> {
  const minority = Math.floor((nodes - 1) / 2);
  const positions = Array.from({ length: nodes }, (_, index) => index);
  // the primary is where it hurts: half of the rounds begin with it
  const order = fc
    .tuple(fc.boolean(), fc.shuffledSubarray(positions, { minLength: nodes }))
    .map(([primaryFirst, all]) => {
      return primaryFirst ? [0, ...all.filter((position) => position !== 0)] : all;
    });
  const saturated = fc.oneof(
    { weight: 5, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1_000, max: longest }) },
  );
  const none = fc.constant(undefined);
  const some = fc.record({
    victims: order.map((all) => all.slice(0, minority)),
    steps: fc.array(stepArbitrary(minority, positions), { minLength: 1, maxLength: 3 }),
    loss: none,
    saturated,
    all: none,
  });
  const lossy = fc.record({
    victims: order.map((all) => all.slice(0, 1)),
    steps: fc.array(stepArbitrary(1, positions), { maxLength: 2 }),
    loss: fc.record({ what: fc.constantFrom(...losses), ...times }),
    saturated,
    all: none,
  });
  const everyone = fc.record({
    victims: order,
    steps: fc.constant([]),
    loss: none,
    saturated,
    all: fc.constantFrom('kill' as const, 'stop' as const, 'pause' as const, 'disconnect' as const),
  });
  return fc.oneof({ weight: 6, arbitrary: some }, { weight: 3, arbitrary: lossy }, { weight: 1, arbitrary: everyone });
}

function stepArbitrary(minority: number, positions: readonly number[]): fc.Arbitrary<Step> {
  const process = fc.constantFrom(...processNames);
  const act: fc.Arbitrary<Act> = fc.oneof(
    fc.record({ verb: fc.constantFrom('kill' as const, 'stop' as const, 'restart' as const) }),
    fc.record({ verb: fc.constantFrom('pause' as const, 'disconnect' as const) }),
    fc.record({ verb: fc.constant('fillDisk' as const) }),
    fc.record({ verb: fc.constant('removeAndAdd' as const), asked: fc.constantFrom(...positions) }),
    fc.record({ verb: fc.constantFrom('killProcess' as const), process }),
    fc.record({ verb: fc.constantFrom('stopProcess' as const), process }),
    fc.record({
      verb: fc.constant('partition' as const),
      direction: fc.constantFrom('to' as const, 'from' as const, 'to and from' as const),
      peer: fc.option(fc.constantFrom(...positions), { nil: undefined, freq: 2 }),
    }),
  );
  return fc
    .record({ victim: fc.nat(minority - 1), act, ...times })
    .map((step) => (healsByItself(step.act) ? { ...step, lasts: 0 } : step));
}

function healsByItself({ verb }: Act): boolean {
  return verb === 'restart' || verb === 'killProcess';
}

/** Seeds of neighbouring rounds must not be neighbours: their first values would be alike. */
function mix(seed: number, number: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f);
  return hash ^ (hash >>> 13);
}
