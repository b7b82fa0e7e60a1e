/** A review as a pull-request comment, below what GitHub takes. Pure. */
import type { Cause } from './causes.js';
import type { NodeChange } from './changes.js';
import type { Group, Review } from './review.js';
import { count } from './words.js';

/** Bytes; GitHub takes 65,536 characters. */
const longest = 60_000;

/** What a stack's plan looks like in Terraform's words. */
export interface RawPlan {
  readonly stack: string;
  readonly text: string;
}

/** By which a comment of an earlier run is found. */
function markerOf(cluster: string): string {
  return `<!-- pgraft-plan: ${cluster} -->`;
}

export function reviewMarkdown(review: Review, raw: readonly RawPlan[]): string {
  const head = blocks([markerOf(review.cluster), reviewText(review)]);
  // nine servers and their settings are far below
  return `${folded(cut(head, longest / 2), raw)}\n`;
}

/** Without what only a comment needs. */
export function reviewText(review: Review): string {
  return blocks([
    `## Plan for cluster \`${review.cluster}\``,
    `**${titles[review.level]}**: ${review.verdict}`,
    bullets([...review.dangers, ...review.cares, ...review.remarks]),
    ...(review.level === 'none' ? [quorumTable(review)] : details(review)),
    review.unknown.length === 0 ? '' : blocks(['### Not known', bullets(review.unknown)]),
  ]);
}

/** In place of a review that could not be made. */
export function errorMarkdown(cluster: string, message: string): string {
  const text = cut(message, longest / 2);
  const fence = fenceFor(text);
  return `${blocks([markerOf(cluster), `## Plan for cluster \`${cluster}\``, '**Error**: there is no plan, so nothing is known of what a deploy would do.', `${fence}text\n${text}\n${fence}`])}\n`;
}

const titles = { none: 'No change', safe: 'Safe', careful: 'Careful', dangerous: 'Dangerous' } as const;

function details(review: Review): string[] {
  const { data, procedure, addresses, nodes, reloads, quorum } = review;
  const { atOnce, steps } = procedure;
  const touched =
    atOnce === 0
      ? 'No server that runs is taken out of service.'
      : `At most ${count(atOnce, 'server')} out of service at once.`;
  return [
    quorumTable(review),
    bullets([
      `**Data**: ${data.sentence}`,
      `**Leader**: ${procedure.leadership}`,
      `**Writes**: ${procedure.writes}`,
      `**Servers**: ${touched}`,
      ...(addresses === null ? [] : [`**Addresses**: ${code(addresses.from)} becomes ${code(addresses.to)}`]),
    ]),
    steps.length === 0
      ? ''
      : blocks(['### In this order', steps.map((step, index) => `${index + 1}. ${step}`).join('\n')]),
    '### Server by server',
    table(
      ['server', 'what happens', 'data', 'because of'],
      nodes.map((node) => [
        code(node.container),
        actions[node.action],
        quorum.before === null ? 'new' : dataWords[node.data],
        causesText(node),
      ]),
    ),
    reloads.length === 0 ? '' : `Reloaded by every server: ${reloads.map(causeText).join(', ')}.`,
  ];
}

const actions: Readonly<Record<NodeChange['action'], string>> = {
  none: 'nothing',
  added: 'is new',
  removed: 'leaves, is removed',
  replaced: 'is replaced',
  updated: 'changes in place',
  restored: 'is made anew',
};

const dataWords: Readonly<Record<NodeChange['data'], string>> = {
  kept: 'kept',
  new: 'copied from the primary',
  removed: '**deleted**',
  replaced: '**deleted**, copied anew',
  lost: 'lost before, copied anew',
};

function causesText({ causes }: NodeChange): string {
  return causes.map(causeText).join('<br>');
}

function causeText({ setting, from, to }: Cause): string {
  return from === undefined || to === undefined ? setting : `${setting}: ${code(from)} → ${code(to)}`;
}

function quorumTable({ quorum: { before, up, after } }: Review): string {
  const row = (name: string, of: (group: Group) => string) => [
    name,
    before === null ? '–' : of(before),
    after === null ? '–' : of(after),
  ];
  return table(
    ['', 'now', 'after'],
    [
      row('servers', ({ servers }) => `${servers}`),
      row('majority', ({ majority, servers }) => `${majority} of ${servers}`),
      row('may fail while writes go on', ({ mayFail }) => `${mayFail}`),
      row('standbys that confirm a commit', ({ confirming }) => `${confirming}`),
      ...(up === null ? [] : [['answer now', `${up}`, '']]),
    ],
  );
}

/** `head`, and as much of the raw plans as there is room for, folded. */
function folded(head: string, raw: readonly RawPlan[]): string {
  const room = Math.floor((longest - bytes(head)) / Math.max(raw.length, 1)) - 500;
  const parts = raw.map(({ stack, text }) => {
    const body = cut(text.trim(), room);
    const fence = fenceFor(body);
    return `<details><summary>Terraform's plan of stack ${stack}</summary>\n\n${fence}text\n${body}\n${fence}\n\n</details>`;
  });
  return blocks([head, ...parts]);
}

/** Whole lines of `text` within `limit` bytes. */
function cut(text: string, limit: number): string {
  if (bytes(text) <= limit) return text;
  const lines = text.split('\n');
  const kept: string[] = [];
  let used = 0;
  for (const line of lines) {
    used += bytes(line) + 1;
    if (used > limit) break;
    kept.push(line);
  }
  return [...kept, `… ${count(lines.length - kept.length, 'more line')}: npm run plan shows them`].join('\n');
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** Longer than any in `text`. */
function fenceFor(text: string): string {
  const longestRun = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(longestRun + 1);
}

/** As code, also in a table: values are whatever users wrote. */
function code(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  const short = flat.length > 200 ? `${flat.slice(0, 200)}…` : flat;
  const fence = short.includes('`') ? '``' : '`';
  const space = short.startsWith('`') || short.endsWith('`') ? ' ' : '';
  return short === '' ? '(empty)' : `${fence}${space}${short}${space}${fence}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function blocks(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
