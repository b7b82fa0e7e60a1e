/** What a person sees at a terminal in the end: its output as the terminal shows it, with what has scrolled out of its window. */

/** A control sequence, a control character, or a character that is shown. */
const parts = /\x1b\[([?>]?)([\d;]*)([A-Za-z])|\x1b[78=>]|[^]/gu; // eslint-disable-line no-control-regex -- they are what is read

/**
 * The lines, each at most `columns` wide. Colours are left out.
 *
 * @param rows of the window: the cursor does not go above it
 */
export function screenText(output: string, columns: number, rows: number): string[] {
  const screen = new Screen(columns, rows);
  for (const [text, mode = '', numbers = '', move = ''] of output.matchAll(parts)) {
    const [first = 0, second = 0] = numbers.split(';').map(Number);
    if (move === '') screen.take(text);
    else if (mode === '') screen.move(move, first, second);
  }
  return screen.text();
}

class Screen {
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(
    private readonly columns: number,
    private readonly rows: number,
  ) {}

  text(): string[] {
    return this.#lines.map((line) => line.join('').trimEnd());
  }

  take(text: string): void {
    if (text === '\r') this.#column = 0;
    else if (text === '\n') this.#go(this.#row + 1);
    else if (text === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (text >= ' ' && text !== '\x7f' && !text.startsWith('\x1b')) this.#show(text);
  }

  move(letter: string, first: number, second: number): void {
    const by = Math.max(first, 1);
    if (letter === 'A' || letter === 'F') this.#go(this.#row - by);
    if (letter === 'B' || letter === 'E') this.#go(this.#row + by);
    if (letter === 'C') this.#column = Math.min(this.columns - 1, this.#column + by);
    if (letter === 'D') this.#column = Math.max(0, Math.min(this.#column, this.columns - 1) - by);
    if (letter === 'E' || letter === 'F') this.#column = 0;
    if (letter === 'G') this.#column = by - 1;
    if (letter === 'H') {
      this.#go(this.#top() + by - 1);
      this.#column = Math.max(second, 1) - 1;
    }
    if (letter === 'K') this.#eraseInLine(first);
    if (letter === 'J') this.#eraseInScreen(first);
  }

  /** The first line in the window. */
  #top(): number {
    return Math.max(0, this.#lines.length - this.rows);
  }

  #go(to: number): void {
    this.#row = Math.max(this.#top(), to);
    while (this.#lines.length <= this.#row) this.#lines.push([]);
  }

  #show(text: string): void {
    // a full line is broken only by what comes next
    if (this.#column >= this.columns) {
      this.#go(this.#row + 1);
      this.#column = 0;
    }
    const line = this.#line();
    while (line.length < this.#column) line.push(' ');
    line[this.#column] = text;
    this.#column += 1;
  }

  #line(): string[] {
    return (this.#lines[this.#row] ??= []);
  }

  /** 0: from the cursor on, 1: up to it, 2: all. */
  #eraseInLine(what: number): void {
    const line = this.#line();
    if (what === 0) line.splice(this.#column);
    else line.fill(' ', 0, what === 1 ? this.#column + 1 : line.length);
  }

  #eraseInScreen(what: number): void {
    this.#eraseInLine(what);
    const erased = (index: number) => (what !== 1 && index > this.#row) || (what !== 0 && index < this.#row);
    for (let index = this.#top(); index < this.#lines.length; index += 1) if (erased(index)) this.#lines[index] = [];
  }
}
