import { $ as zx, type ProcessOutput } from 'zx/core';
import { UserError } from './errors.js';

// bash takes a command whose input is a socket (as Node's pipes are) for a remote login and reads ~/.bashrc, which may be slow
// or wait for a lock, unless it is told that it runs below another shell
if (!(Number(process.env['SHLVL']) >= 1)) process.env['SHLVL'] = '1';

/** zx as our scripts use it: quiet, and a failed command is looked at by its caller. */
export const $ = zx({ nothrow: true, quiet: true });
export type Shell = typeof $;

/** A command that ran to its end, or did not. */
export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  /** Why it failed, on one line: its standard error, or that it took too long. */
  readonly problem: string;
}

/** Milliseconds that zx's clock and its timer may differ by. */
const rounding = 10;

/** Read a zx output: a timed-out command has no exit code but the signal that zx sent it; others can be ended by signals, too. */
export function outcomeOf(output: ProcessOutput, what: string, limit: number): Outcome {
  const { exitCode, signal, stdout, duration } = output;
  if (exitCode === 0 && signal === null) return { ok: true, stdout, problem: '' };
  // docker takes the signal for a wish, and ends by itself
  if ((signal !== null || exitCode === 143) && duration >= limit - rounding) {
    return { ok: false, stdout, problem: `${what} took longer than ${limit} ms and was stopped` };
  }
  if (signal !== null) return { ok: false, stdout, problem: `${what} was ended by ${signal}` };
  const told = output.stderr.trim().replace(/\s*\n\s*/g, '; ');
  return { ok: false, stdout, problem: told === '' ? `${what} ended with status ${exitCode ?? 'unknown'}` : told };
}

/** The output of a command that must not fail. @throws UserError with the cause and `fix` */
export function required(outcome: Outcome, what: string, fix: string): string {
  if (!outcome.ok) throw new UserError(`${what}: ${outcome.problem}; ${fix}`);
  return outcome.stdout;
}
