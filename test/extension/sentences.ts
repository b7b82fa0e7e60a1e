/** Test programs in C, whose tests are sentences: core/check.h says how they report. */
import { describe, expect, test } from 'vitest';

/** How a program ended. */
export interface Outcome {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

interface Sentence {
  text: string;
  /** What the program said between its start and its end; undefined when it held. */
  failure: string | undefined;
}

/** The sentences of a program's output, in its order; one that began and has no end has crashed. */
function sentencesOf(outcome: Outcome): Sentence[] {
  const sentences: Sentence[] = [];
  let said: string[] = [];
  let running: string | undefined;
  for (const line of outcome.stdout.split('\n')) {
    const [, kind, text] = /^(run|ok|not ok) (.*)$/.exec(line) ?? [];
    if (kind === 'run') {
      running = text;
      said = [];
    } else if (kind !== undefined && text !== undefined && text === running) {
      sentences.push({ text, failure: kind === 'ok' ? undefined : said.join('\n') });
      running = undefined;
    } else {
      said.push(line);
    }
  }
  if (running !== undefined) {
    sentences.push({ text: running, failure: `crashed (${outcome.status})\n${said.join('\n')}\n${outcome.stderr}` });
  }
  return sentences;
}

/** Each sentence that the program has said is one test. */
export function tellSentences(program: string, outcome: Outcome): void {
  const sentences = sentencesOf(outcome);
  describe(program, () => {
    for (const { text, failure } of sentences) {
      test(text, () => {
        if (failure !== undefined) expect.fail(failure);
      });
    }
    test('has run some tests and ends as they did', () => {
      const expected = sentences.every(({ failure }) => failure === undefined) ? 0 : 1;
      expect(sentences.length).toBeGreaterThan(0);
      expect(outcome.status, outcome.stderr).toBe(expected);
    });
  });
}
