/** Tables in Markdown. Pure. */

/** Aligned so that it reads well as it is. @param numeric columns whose cells stand at the right */
export function markdownTable(
  head: readonly string[],
  numeric: ReadonlySet<string>,
  body: readonly (readonly string[])[],
): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...body].map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, i: number) =>
    numeric.has(head[i] ?? '') ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
  const line = (row: readonly string[]) => `| ${row.map(cell).join(' | ')} |`;
  const rule = head.map((name, i) => {
    const dashes = '-'.repeat((widths[i] ?? 0) - (numeric.has(name) ? 1 : 0));
    return numeric.has(name) ? `${dashes}:` : dashes;
  });
  return [head, rule, ...body].map(line).join('\n');
}
