import { fixOfMissingRight } from '../../setup/docker-right.mjs';
import { UserError } from './errors.js';
import { outcomeOf, type Outcome, type Shell } from './shell.js';

/**
 * What is wrong with Docker itself, and what to do about it; undefined where `problem`, what a docker command said, is about something
 * else.
 */
export function engineProblem(problem: string): string | undefined {
  const right = fixOfMissingRight(problem);
  if (right !== undefined) return `this user has no right to use Docker: ${problem}; ${right}`;
  return silence.test(problem) ? unanswered(problem) : undefined;
}

/** As docker has said it since version 20.10, and since 29; and where it was in the middle of something. */
const silence =
  /^unexpected EOF$|cannot connect to the docker daemon|failed to connect to the docker api|error during connect|is the docker daemon running/i;
const lookAtDocker = 'start Docker, or see "docker info" for what is wrong with it';

function unanswered(problem: string): string {
  return `Docker does not answer: ${problem}; ${lookAtDocker}`;
}

/**
 * The output of a docker command that must not fail.
 *
 * @param what what went wrong when it failed
 * @param fix what to do then, where the engine itself answers
 * @throws UserError with the cause and the fix
 */
export function dockerAnswer({ ok, stdout, problem }: Outcome, what: string, fix = lookAtDocker): string {
  if (ok) return stdout;
  throw new UserError(engineProblem(problem) ?? `${what}: ${problem}; ${fix}`);
}

/** Why Docker does not answer now, and what to do about it; undefined when it does. @param limit milliseconds */
export async function askWhetherDockerAnswers($: Shell, limit = 10_000): Promise<string | undefined> {
  const asked = $({ timeout: limit, input: '' })`docker version --format ${'{{.Server.Version}}'}`;
  const outcome = outcomeOf(await asked, 'docker version', limit);
  return outcome.ok ? undefined : (engineProblem(outcome.problem) ?? unanswered(outcome.problem));
}
