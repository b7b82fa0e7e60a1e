/** A failover as a table: what happened when, and how long after what came before. Pure. */
import { markdownTable } from '../markdown.js';
import type { Failover, Moment } from './failover.js';

export function page(failover: Failover, runs: number): string {
  const { gap, term, terms } = failover;
  const elections = terms === 1 ? 'one election' : `${terms} elections`;
  return [
    `One failover of ${runs}, that of median length: ${gap.toFixed(0)} ms without a write, ${elections}, term ${term}.`,
    'Milliseconds after the last acknowledged write, by the clock of whoever saw it; "+" is since the line above.',
    '',
    markdownTable(['ms', '+', 'who', 'what'], new Set(['ms', '+']), rows(failover.moments)),
  ].join('\n');
}

/** "new primary (replica1)" */
export function actor({ by, server }: Moment): string {
  return server === undefined ? by : `${by} (${server})`;
}

/** What was not seen stands at the end, and takes no time. */
function rows(moments: readonly Moment[]): string[][] {
  return moments.map((moment, index) => {
    const before = moments[index - 1]?.at;
    const { at, what } = moment;
    if (at === undefined) return ['not seen', '-', actor(moment), what];
    return [String(Math.round(at)), before === undefined ? '-' : String(Math.round(at - before)), actor(moment), what];
  });
}
