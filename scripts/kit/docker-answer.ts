import { fixOfMissingRight } from '../../setup/docker-right.mjs';
import { UserError } from './errors.js';
import type { Outcome } from './shell.js';

/**
 * The output of a docker command that must not fail.
 *
 * @param what what went wrong when it failed
 * @throws UserError with the cause and the fix
 */
export function dockerAnswer({ ok, stdout, problem }: Outcome, what: string): string {
  if (ok) return stdout;
  const right = fixOfMissingRight(problem);
  if (right !== undefined) throw new UserError(`this user has no right to use Docker: ${problem}; ${right}`);
  const silent = /cannot connect to the docker daemon|error during connect|is the docker daemon running/i.test(problem);
  throw new UserError(
    `${silent ? 'Docker does not answer' : what}: ${problem}; start Docker, or see "docker info" for what is wrong with it`,
  );
}
