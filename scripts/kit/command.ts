import { constants } from 'node:os';
import { SettingsError } from '../../constructs/settings.js';
import { fileProblem } from '../../setup/file-problem.mjs';
import { InterruptedError, messageOf, UserError } from './errors.js';

/**
 * The one top-level handler: run a command and set the exit status.
 *
 * @param work gives the exit status, or nothing for 0
 */
export async function main(work: () => Promise<number | undefined> | number | undefined): Promise<void> {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    process.exitCode = error instanceof InterruptedError ? statusOf({ exitCode: null, signal: error.signal }) : 1;
    console.error(explain(error));
  }
}

/** What the person is told about an error: a sentence where the error is theirs to mend, else the defect in full. */
function explain(error: unknown): string {
  if (error instanceof SettingsError) return error.mistakes.map((mistake) => `error: ${mistake}`).join('\n');
  if (error instanceof UserError) return `error: ${error.message}`;
  if (!(error instanceof Error)) return `error: ${messageOf(error)}`;
  const problem = fileProblem(error);
  if (problem !== undefined) return `error: ${problem}`;
  return error.stack ?? error.message;
}

/** The exit status of a finished child, by the shell's convention for one that a signal ended. */
export function statusOf({ exitCode, signal }: { exitCode: number | null; signal: NodeJS.Signals | null }): number {
  if (exitCode !== null) return exitCode;
  return signal === null ? 1 : 128 + constants.signals[signal];
}
