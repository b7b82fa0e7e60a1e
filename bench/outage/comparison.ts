/** What several sites showed, side by side: a row a fault, a column a site. Pure. */
import type { Series } from '../kit.js';
import { markdownTable } from '../markdown.js';
import { summarize } from '../statistics.js';
import { figure } from '../table.js';

/** @param series each named `<label>: <what>`; rows that only some sites have are named after these, and left out */
export function comparison(labels: readonly string[], series: readonly Series[]): string {
  const [first = ''] = labels;
  const rows = series.flatMap(({ what }) => (what.startsWith(`${first}: `) ? [what.slice(first.length + 2)] : []));
  const found = (label: string, row: string) => series.find(({ what }) => what === `${label}: ${row}`);
  const body = rows.flatMap((row) => {
    const cells = labels.map((label) => found(label, row)).filter((one) => one !== undefined);
    return cells.length === labels.length ? [[row, ...cells.map(cell)]] : [];
  });
  return markdownTable(['p50 / p99 / max', ...labels], new Set(labels), body);
}

function cell({ values, unit }: Series): string {
  const { n, median, p99, max } = summarize(values);
  return `${[median, p99, max].map(figure).join(' / ')} ${unit} (n = ${n})`;
}
