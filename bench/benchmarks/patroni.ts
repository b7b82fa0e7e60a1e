/** Outages of ours beside those of Patroni, measured by the same code in one run. */
import { chooseCases } from '../choose.js';
import type { Benchmark, Series } from '../kit.js';
import { cases, type Case } from '../outage/cases.js';
import { comparison } from '../outage/comparison.js';
import { damageOf } from '../outage/damage.js';
import { measureCase } from '../outage/measure.js';
import { PgraftSite } from '../outage/pgraft-site.js';
import { clients, type Site } from '../outage/site.js';
import { defaults, minimum, type Timing } from '../peers/patroni/settings.js';
import { PatroniSite } from '../peers/patroni/site.js';

/** Those that any cluster can be put to. */
const comparable = cases.filter(({ ours }) => ours !== true);

/** An outage of theirs lasts up to a minute: fewer are enough to tell seconds from tens of them. */
const peers = [
  { label: 'Patroni, defaults', timing: defaults, most: 5 },
  { label: 'Patroni, minimum', timing: minimum, most: 8 },
];

const own = 'pgraft';

interface Side {
  readonly site: Site;
  readonly runs: number;
}

export const patroni: Benchmark = {
  name: 'patroni',
  about: `outages beside those of Patroni (defaults: ${told(defaults)}; minimum: ${told(minimum)}), ${clients} clients`,
  runs: 20,
  cases: comparable.map(({ name }) => name),
  async measure({ runs, only, signal, say }) {
    const sides: Side[] = [];
    const series: Series[] = [];
    try {
      sides.push({ site: await PgraftSite.form(own), runs });
      for (const { label, timing, most } of peers) {
        signal.throwIfAborted();
        sides.push({ site: await PatroniSite.form(label, timing), runs: Math.min(runs, most) });
      }
      for (const { site } of sides) site.load.rest();
      for (const one of chooseCases(comparable, only)) series.push(...(await compare(sides, one, signal)));
      for (const { site } of sides) {
        site.load.resume();
        series.push(...(await damageOf(site, site.label ?? '', { limited: false })));
      }
      return series;
    } finally {
      // also of a run that did not come to its end
      say(`${comparison([own, ...peers.map(({ label }) => label)], series)}\n`);
      for (const { site } of sides) await site.remove();
    }
  },
};

/** Ours alone, since tenths of a second count there; then theirs at the same time, which mostly wait. */
async function compare([ours, ...theirs]: readonly Side[], one: Case, signal: AbortSignal): Promise<Series[]> {
  const measure = async ({ site, runs }: Side) => {
    console.error(`  ${site.label ?? ''}: ${one.what}, ${runs} times`);
    site.load.resume();
    try {
      return await measureCase(site, one, { runs, signal, limited: false });
    } finally {
      site.load.rest();
    }
  };
  const first = ours === undefined ? [] : await measure(ours);
  const ended = await Promise.allSettled(theirs.map(measure));
  const failed = ended.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return [...first, ...ended.flatMap((end) => (end.status === 'fulfilled' ? end.value : []))];
}

function told({ ttl, loop_wait, retry_timeout }: Timing): string {
  return `ttl ${ttl}, loop_wait ${loop_wait}, retry_timeout ${retry_timeout}`;
}
