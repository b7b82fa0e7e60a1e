/** What the faults have done to the rows of a site: how many are lost, and how many were acknowledged in the past. */
import type { Series } from '../kit.js';
import type { Site } from './site.js';

const told = 6;

/** Some of what is wrong, beside the results. */
export function tell(sentences: readonly string[]): void {
  for (const sentence of sentences.slice(0, told)) console.error(`  ${sentence}`);
  if (sentences.length > told) console.error(`  and ${sentences.length - told} more`);
}

/** @param limited whether there may be none @param what names the rows */
export async function damageOf(site: Site, what: string, { limited }: { limited: boolean }): Promise<Series[]> {
  const { lost, stale } = await site.damage();
  tell(lost);
  tell(stale);
  const acknowledged = `of ${site.load.acknowledged} acknowledged rows`;
  const limit = limited ? { limit: 0 } : {};
  return [
    { what: `${what}: lost ${acknowledged}`, unit: 'rows', ...limit, values: [lost.length] },
    { what: `${what}: acknowledged under an older promotion`, unit: 'rows', ...limit, values: [stale.length] },
  ];
}
