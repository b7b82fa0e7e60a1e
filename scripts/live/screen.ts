/** A terminal that is drawn again and again without flicker: each line overwrites the one before it. */
import { stripVTControlCharacters } from 'node:util';

const toAlternate = '\x1b[?1049h\x1b[?25l';
const toNormal = '\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const eraseLine = '\x1b[K';
const eraseBelow = '\x1b[J';
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface Screen {
  /** Resolves when somebody ends it, with Ctrl-C or otherwise. */
  readonly ended: Promise<void>;
  readonly closed: boolean;
  /** Show `text` in place of what is shown. */
  draw(text: string): void;
  /** Give the terminal back, with the last picture left on it. */
  close(): void;
}

/** Take the terminal over until a signal, such as Ctrl-C's, or `close`. */
export function openScreen(output: NodeJS.WriteStream): Screen {
  let closed = false;
  let last = '';
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const paint = () => output.write(picture(last, output.columns, output.rows));
  const onResize = () => {
    paint();
  };
  const onSignal = () => {
    closed = true;
    end();
  };
  output.write(toAlternate);
  output.on('resize', onResize);
  for (const name of signals) process.on(name, onSignal);
  return {
    ended,
    get closed() {
      return closed;
    },
    draw(text) {
      last = text;
      if (!closed) paint();
    },
    close() {
      closed = true;
      output.off('resize', onResize);
      for (const name of signals) process.off(name, onSignal);
      output.write(`${toNormal}${last}\n`);
    },
  };
}

/** Pure: what to send so that a terminal of that size shows `text`; it never scrolls. Empty lines go first when rows are few. */
export function picture(text: string, columns: number, rows: number): string {
  const all = text.split('\n').flatMap((line) => wrapped(line, columns));
  const lines = all.length <= rows ? all : all.filter((line) => line !== '');
  const fitting =
    lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more lines`];
  return `${home}${fitting.map((line) => `${line}${eraseLine}`).join('\n')}${eraseBelow}`;
}

const indent = '  ';
const reset = '\x1b[0m';
// eslint-disable-next-line no-control-regex -- colours are control sequences
const colourOrCharacter = /\x1b\[[\d;]*m|./gu;

/** Pure: `line` in pieces of at most `columns` characters, broken between words where there are any; colours go on. */
export function wrapped(line: string, columns: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let width = 0;
  let colours = '';
  // the last place to break: what stands before it, the colours there, and how wide that is
  let space: { before: string; after: number; colours: string } | undefined;
  for (const [token] of line.matchAll(colourOrCharacter)) {
    if (token.startsWith('\x1b')) {
      colours += token;
      piece += token;
      continue;
    }
    if (width === columns) {
      breakPiece(token);
      if (token === ' ') continue;
    }
    if (token === ' ' && width > columns / 2) space = { before: piece, after: piece.length + 1, colours };
    piece += token;
    width += 1;
  }
  return [...pieces, piece];

  function breakPiece(next: string): void {
    const at = next === ' ' ? { before: piece, after: piece.length, colours } : space;
    const { before, after, colours: active } = at ?? { before: piece, after: piece.length, colours };
    pieces.push(active === '' ? before : `${before}${reset}`);
    const rest = piece.slice(after);
    piece = `${indent}${active}${rest}`;
    width = indent.length + stripVTControlCharacters(rest).length;
    space = undefined;
  }
}
