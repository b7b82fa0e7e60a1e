/** A failover as a picture: a row for each moment, with a bar from the one before, so that the longest bars are where the time goes. Pure. */
import type { Failover, Moment } from './failover.js';
import { actor } from './page.js';
import type { Actor } from './steps.js';

const colours: Record<Actor, string> = {
  docker: '#8250df',
  client: '#57606a',
  'new primary': '#1a7f37',
  'other standby': '#0969da',
};
const row = 22;
const top = 86;
const labels = 550;
const plot = 520;
/** Right of the plot, for the number behind the last bar. */
const margin = 60;
const width = labels + plot + margin;
/** A bar that is narrower cannot be seen. */
const narrowest = 2;

interface Seen extends Moment {
  readonly at: number;
}

/** An SVG document. What was not seen is not in it. */
export function picture({ moments, gap }: Failover): string {
  const seen = moments.filter((moment): moment is Seen => moment.at !== undefined);
  const begin = Math.min(...seen.map(({ at }) => at));
  const end = Math.max(...seen.map(({ at }) => at));
  const x = (at: number) => labels + ((at - begin) / Math.max(end - begin, 1)) * plot;
  const height = top + row * seen.length + 20;
  const title = `One failover: ${gap.toFixed(0)} ms from the last acknowledged write to the first`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    '  font-family="system-ui, sans-serif" font-size="13">',
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(16, 28, title, 'font-size="17" font-weight="600" fill="#1f2328"'),
    text(
      16,
      50,
      'milliseconds after the last acknowledged write; each bar begins where the one before ends',
      'fill="#57606a"',
    ),
    ...ticks(begin, end).flatMap((at) => gridLine(x(at), height, at)),
    ...seen.flatMap((moment, index) => bar(moment, seen[index - 1]?.at ?? moment.at, top + index * row, x)),
    '</svg>',
    '',
  ].join('\n');
}

function bar(moment: Seen, before: number, y: number, x: (at: number) => number): string[] {
  const colour = colours[moment.by];
  const wide = Math.max(x(moment.at) - x(before), narrowest);
  const middle = y + row / 2 + 4;
  const label = `${Math.round(moment.at)}${moment.at > before ? ` (+${Math.round(moment.at - before)})` : ''}`;
  return [
    text(labels - 12, middle, `${actor(moment)} ${moment.what}`, `text-anchor="end" fill="${colour}"`),
    `<rect x="${(x(moment.at) - wide).toFixed(1)}" y="${y + 4}" width="${wide.toFixed(1)}" height="${row - 8}" rx="2" fill="${colour}"/>`,
    text(x(moment.at) + 4, middle, label, 'font-size="11" fill="#1f2328"'),
  ];
}

function gridLine(x: number, height: number, at: number): string[] {
  const place = x.toFixed(1);
  return [
    `<line x1="${place}" y1="${top - 4}" x2="${place}" y2="${height - 12}" stroke="#d0d7de"/>`,
    text(x, top - 8, at.toString(), 'text-anchor="middle" font-size="11" fill="#57606a"'),
  ];
}

/** Round numbers from `begin` to `end`, at most about eight. */
function ticks(begin: number, end: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
  const step = steps.find((one) => (end - begin) / one <= 8) ?? 60_000;
  const first = Math.ceil(begin / step) * step;
  return Array.from({ length: Math.floor((end - first) / step) + 1 }, (_, index) => first + index * step);
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y}" ${attributes}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
