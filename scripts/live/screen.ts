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

/** Pure: what to send so that a terminal of that size shows `text`; it never scrolls. */
export function picture(text: string, columns: number, rows: number): string {
  const lines = text.split('\n').flatMap((line) => wrapped(line, columns));
  const fitting =
    lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more lines`];
  return `${home}${fitting.map((line) => `${line}${eraseLine}`).join('\r\n')}${eraseBelow}`;
}

const indent = '  ';

/**
 * Pure: `line` in pieces of at most `columns` characters, broken between words where there are any. Colours are taken off a
 * line that has to be broken: they would go on to the next one.
 */
export function wrapped(line: string, columns: number): string[] {
  let rest = stripVTControlCharacters(line);
  if (rest.length <= columns) return [line];
  const pieces: string[] = [];
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns);
    // a word longer than half the line is broken rather than leaving the line nearly empty
    const at = space > columns / 2 ? space : columns;
    pieces.push(rest.slice(0, at).trimEnd());
    rest = indent + rest.slice(at).trimStart();
  }
  return [...pieces, rest];
}
