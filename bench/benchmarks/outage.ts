/** How long nobody can write after each kind of fault, and how long a deposed server needs to come back. */
import { chooseCases } from '../choose.js';
import type { Benchmark, Series } from '../kit.js';
import { cases } from '../outage/cases.js';
import { coldStart, measureColdStarts } from '../outage/cold-start.js';
import { measureCase } from '../outage/measure.js';
import { PgraftSite } from '../outage/pgraft-site.js';
import { clients, type Site } from '../outage/site.js';

export const outage: Benchmark = {
  name: 'outage',
  about: `last acknowledged write to first acknowledged write around a fault, three servers, ${clients} clients`,
  runs: 20,
  cases: [...cases.map(({ name }) => name), coldStart.name],
  async measure({ runs, only, signal }) {
    const site = await PgraftSite.form();
    try {
      const series: Series[] = [];
      for (const one of chooseCases(cases, only)) {
        console.error(`  ${one.what}`);
        series.push(...(await measureCase(site, one, { runs, signal, limited: true })));
      }
      for (const { what } of chooseCases([coldStart], only)) {
        console.error(`  ${what}`);
        series.push(await measureColdStarts(site, runs, signal));
      }
      return [...series, ...(await conclude(site))];
    } finally {
      await site.remove();
    }
  },
};

async function conclude(site: Site): Promise<Series[]> {
  const { lost, stale } = await site.damage();
  tell([...lost, ...stale]);
  return [
    { what: `rows lost of ${site.load.acknowledged} acknowledged ones`, unit: 'rows', limit: 0, values: [lost.length] },
    { what: 'rows acknowledged under an older promotion', unit: 'rows', limit: 0, values: [stale.length] },
  ];
}

const told = 6;

/** Some of what is wrong, beside the results. */
export function tell(sentences: readonly string[]): void {
  for (const sentence of sentences.slice(0, told)) console.error(`  ${sentence}`);
  if (sentences.length > told) console.error(`  and ${sentences.length - told} more`);
}
