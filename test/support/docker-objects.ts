/** Containers, volumes and networks of tests, and what a test run that was killed has left of them. */
import { eventually } from './eventually.js';
import { dockerLines, run } from './shell.js';

const kinds = [
  { list: ['ps', '--all', '--format', '{{.Names}}'], remove: ['rm', '--force', '--volumes'] },
  { list: ['volume', 'ls', '--format', '{{.Name}}'], remove: ['volume', 'rm', '--force'] },
  { list: ['network', 'ls', '--format', '{{.Name}}'], remove: ['network', 'rm'] },
];
/** Milliseconds; Docker stops what it removes. */
const removalLimit = 60_000;

/** Names, sorted, of what has the label `filter`. */
export async function objectsWith(filter: string): Promise<string[]> {
  const lists = await Promise.all(kinds.map(async ({ list }) => dockerLines(...list, '--filter', filter)));
  return lists.flat().sort();
}

/** Remove what has the label `filter`. @throws Error with what Docker said when it is still there a minute later */
export async function removeObjectsWith(filter: string): Promise<void> {
  for (const { list, remove } of kinds)
    await removeListed(remove, async () => dockerLines(...list, '--filter', filter));
}

/** Remove what runs that no longer run have left: its name has the process that made it, as in `pgtest-123-primary`. */
export async function removeAbandonedObjects(): Promise<void> {
  for (const { list, remove } of kinds) {
    await removeListed(remove, async () => (await dockerLines(...list)).filter(isAbandoned));
  }
}

/** Whether `name` begins with a test's prefix, and the process in it has ended. */
export function isAbandoned(name: string): boolean {
  const pid = /^pg(?:test|f)-(\d+)-/.exec(name)?.[1];
  return pid !== undefined && !isRunning(Number(pid));
}

/** Tests that begin side by side remove the same things: what Docker refuses since another one is at it is looked at again. */
async function removeListed(remove: readonly string[], list: () => Promise<string[]>): Promise<void> {
  const attempt = async () => {
    const found = await list();
    if (found.length === 0) return undefined;
    return (await run('docker', [...remove, ...found])).output;
  };
  await eventually(`docker ${remove.join(' ')} to leave nothing`, attempt, (said) => said === undefined, removalLimit);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
