/** Finished lines on standard output, and beside them, on standard error, what goes on now. */
import prettyMs from 'pretty-ms';

export interface Progress {
  /** What is being worked on, until something else is. */
  working(on: string): void;
  /** Something new about it. */
  detail(text: string): void;
  /** A line that stays. */
  print(line: string): void;
  /** Nothing is being worked on any more. */
  end(): void;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const eraseLine = '\r\x1b[K';
const redrawEvery = 100;

/** On a terminal one line that changes, else a line for each detail. */
export function openProgress(output: NodeJS.WriteStream, aside: NodeJS.WriteStream): Progress {
  return aside.isTTY ? movingProgress(output, aside) : plainProgress(output, aside);
}

function plainProgress(output: NodeJS.WriteStream, aside: NodeJS.WriteStream): Progress {
  return {
    working: () => undefined,
    detail: (text) => aside.write(`  ${text}\n`),
    print: (line) => output.write(`${line}\n`),
    end: () => undefined,
  };
}

function movingProgress(output: NodeJS.WriteStream, aside: NodeJS.WriteStream): Progress {
  let current = '';
  let begun = performance.now();
  let about = '';
  let turn = 0;
  const draw = () => {
    if (current === '') return;
    turn = (turn + 1) % frames.length;
    const time = prettyMs(performance.now() - begun, { secondsDecimalDigits: 0 });
    const text = `${frames[turn] ?? ''} ${current} ${time}${about === '' ? '' : ` (${about})`}`;
    aside.write(`${eraseLine}${text.slice(0, aside.columns - 1)}`);
  };
  const timer = setInterval(draw, redrawEvery);
  return {
    working(on) {
      if (on === current) return;
      current = on;
      about = '';
      begun = performance.now();
    },
    detail(text) {
      about = text;
    },
    print(line) {
      aside.write(eraseLine);
      output.write(`${line}\n`);
      draw();
    },
    end() {
      clearInterval(timer);
      current = '';
      aside.write(eraseLine);
    },
  };
}
