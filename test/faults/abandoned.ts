/** What runs that no longer run have left behind: its name begins with `pgf-` and the process that made it. */
import { dockerLines, mustRun } from '../support/shell.js';
import { removeDisks } from './disks.js';

export async function removeAbandoned(): Promise<void> {
  const lists = [
    { list: ['ps', '--all', '--format', '{{.Names}}'], remove: ['rm', '--force', '--volumes'] },
    { list: ['volume', 'ls', '--format', '{{.Name}}'], remove: ['volume', 'rm', '--force'] },
    { list: ['network', 'ls', '--format', '{{.Name}}'], remove: ['network', 'rm'] },
  ];
  for (const { list, remove } of lists) {
    const abandoned = (await dockerLines(...list)).filter(isAbandoned);
    if (abandoned.length > 0) await mustRun('docker', [...remove, ...abandoned]);
  }
  removeDisks(isAbandoned);
}

function isAbandoned(name: string): boolean {
  const pid = /^pgf-(\d+)-/.exec(name)?.[1];
  return pid !== undefined && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
