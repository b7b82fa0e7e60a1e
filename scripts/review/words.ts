/** Words and punctuation of the review. Pure. */

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

/** `1 server`, `3 servers`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

export function containers(nodes: readonly { readonly container: string }[]): string {
  return list(nodes.map(({ container }) => container));
}
