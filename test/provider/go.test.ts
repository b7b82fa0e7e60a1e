/** The provider's own tests, in Go: the table of attributes, and every resource against the engine. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

interface Event {
  readonly Action: string;
  readonly Test?: string;
  readonly Output?: string;
}

test('the provider passes its own tests', { timeout: 180_000 }, async () => {
  const events = await goTest();
  const failed = events.filter(({ Action, Test }) => Action === 'fail' && Test !== undefined).map(({ Test }) => Test);
  const output = events.map(({ Output }) => Output ?? '').join('');

  expect(failed, output).toEqual([]);
  expect(events.filter(({ Action, Test }) => Action === 'pass' && Test !== undefined).length, output).toBeGreaterThan(
    50,
  );
});

/** What `go test` reports; its exit status says no more than the events. */
async function goTest(): Promise<Event[]> {
  const cwd = join(import.meta.dirname, '..', '..', 'provider');
  const options = { cwd, timeout: 170_000, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)('go', ['test', '-json', '-count=1', './...'], options).catch(
    (error: unknown) => {
      // failing tests end it with a status, and have reported by then; anything else is another matter
      if (error instanceof Error && 'stdout' in error && error.stdout) return { stdout: error.stdout as string };
      throw error;
    },
  );
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event);
}
