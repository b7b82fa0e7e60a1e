/** How long nobody can write after each kind of fault, and how long a deposed server needs to come back. */
import { chooseCases } from '../choose.js';
import type { Benchmark, Series } from '../kit.js';
import { cases } from '../outage/cases.js';
import { coldStart, measureColdStarts } from '../outage/cold-start.js';
import { damageOf } from '../outage/damage.js';
import { measureCase } from '../outage/measure.js';
import { PgraftSite } from '../outage/pgraft-site.js';
import { clients, type Site } from '../outage/site.js';

export const outage: Benchmark = {
  name: 'outage',
  about: `last acknowledged write to first acknowledged write around a fault, three servers, ${clients} clients`,
  runs: 20,
  cases: [...cases.map(({ name }) => name), coldStart.name],
  async measure({ runs, only, signal }) {
    const series: Series[] = [];
    for (const one of chooseCases(cases, only)) {
      series.push(...(await alone(one.what, (site) => measureCase(site, one, { runs, signal, limited: true }))));
    }
    for (const { what } of chooseCases([coldStart], only)) {
      series.push(...(await alone(what, async (site) => [await measureColdStarts(site, runs, signal)])));
    }
    return series;
  },
};

/**
 * On a cluster of its own: every failover leaves a segment of a timeline of its own, and pg_rewind copies all that there are, so that after
 * a hundred of them the way back would be that of a server that nobody has.
 */
async function alone(what: string, measure: (site: Site) => Promise<Series[]>): Promise<Series[]> {
  console.error(`  ${what}`);
  const site = await PgraftSite.form();
  try {
    return [...(await measure(site)), ...(await damageOf(site, what, { limited: true }))];
  } finally {
    await site.remove();
  }
}
