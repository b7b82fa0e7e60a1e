/** Colours by meaning. */
import pc from 'picocolors';
import { hasColours } from '../kit/colours.js';

export interface Paint {
  readonly heading: (text: string) => string;
  readonly good: (text: string) => string;
  readonly notable: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly leader: (text: string) => string;
  readonly quiet: (text: string) => string;
}

const same = (text: string) => text;

/** The words alone: for files, pipes, and people who want no colours. */
export const plain: Paint = { heading: same, good: same, notable: same, bad: same, leader: same, quiet: same };

/** Colours where hasColours() says so. */
export function paintFor(
  { isTTY }: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  if (!hasColours(isTTY === true, env)) return plain;
  const { bold, dim, green, yellow, red, cyan } = pc.createColors(true);
  return { heading: bold, good: green, notable: yellow, bad: red, leader: (text) => bold(cyan(text)), quiet: dim };
}
