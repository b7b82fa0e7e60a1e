/** What a program printed while nobody was shown it: kept for the case that it fails. */
import { stripVTControlCharacters } from 'node:util';
import { InterruptedError } from './errors.js';

export interface Transcript {
  /** Take one more line. */
  add(line: string): void;
  /** The part that says what went wrong: from the first error on, else the last lines. */
  excerpt(): string;
  /** Show that part, before `error` itself is shown; nothing where the person ended it. */
  explain(error: unknown): void;
}

const longest = 60;
/** An error of Terraform's, one of our own commands, or a step of theirs that failed. */
const beginsError = /│ .*Error: |\berror: |✗ /;

export function openTranscript(): Transcript {
  const lines: string[] = [];
  const excerpt = () => {
    const first = lines.findIndex((line) => beginsError.test(line));
    return (first === -1 ? lines.slice(-longest) : lines.slice(first, first + longest)).join('\n');
  };
  return {
    add(line) {
      lines.push(stripVTControlCharacters(line).trimEnd());
    },
    excerpt,
    explain(error) {
      if (lines.length > 0 && !(error instanceof InterruptedError)) console.error(excerpt());
    },
  };
}
