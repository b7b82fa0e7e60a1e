/** What the containers of a test file have said of memory errors and undefined behaviour, until the file ends: find-none.ts. */
import { spawnSync } from 'node:child_process';

const finding =
  /AddressSanitizer|UndefinedBehaviorSanitizer|runtime error: |buffer overflow detected|stack smashing detected/;
const linesOfFinding = 40;
const found: string[] = [];

/** The first one with the lines that tell where it was, if there is any: what follows it is of the same process, or of its end. */
export function findingIn(log: string): string | undefined {
  const lines = log.split('\n');
  const first = lines.findIndex((line) => finding.test(line));
  return first === -1 ? undefined : lines.slice(first, first + linesOfFinding).join('\n');
}

/** To be called with all that a process of `container` has said. */
export function searchForFinding(container: string, said: string): void {
  const what = findingIn(said);
  if (what !== undefined) found.push(`${container}:\n${what}`);
}

/** To be called before a container is removed, since its log goes with it. */
export function searchLogForFinding(container: string): void {
  const options = { encoding: 'utf8', timeout: 60_000, maxBuffer: 512 * 1024 * 1024 } as const;
  const { error, stdout, stderr } = spawnSync('docker', ['logs', container], options);
  if (error === undefined) searchForFinding(container, stdout + stderr);
  else found.push(`${container}: its log could not be read: ${error.message}`);
}

/** Of all containers of this test file so far. */
export function findings(): readonly string[] {
  return found;
}
