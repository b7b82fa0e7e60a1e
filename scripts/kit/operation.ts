/**
 * One change of the cluster at a time from this checkout: what takes a server out of service, moves leadership or deploys. Somebody else's
 * is for the servers themselves to refuse.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { lockInfoPath, stackIds } from '../../constructs/state-path.js';
import { holderOf, withLockAtOnce } from '../../setup/lock.mjs';
import { workingTerraform } from './deploy-lock.js';
import { UserError } from './errors.js';
import { clusterDirectory, projectDirectory } from './places.js';

/**
 * Do `work`, if nothing else is under way.
 *
 * @param what the command, as whoever comes meanwhile is told it
 * @throws UserError naming what is under way; nothing was changed then
 */
export async function withOperation<T>(
  prefix: string,
  what: string,
  work: () => Promise<T>,
  directory = clusterDirectory(prefix),
): Promise<T> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return withLockAtOnce(lockPath(directory), what, work, (owner) => underWay(prefix, owner));
}

/** For whoever looks before anything is created. @throws UserError naming what is under way */
export function refuseDuringOperation(prefix: string, directory = clusterDirectory(prefix)): void {
  const owner = holderOf(lockPath(directory));
  if (owner !== undefined) throw underWay(prefix, owner);
}

function lockPath(directory: string): string {
  return join(directory, 'operation.lock');
}

function underWay(prefix: string, { pid, what = 'another command' }: { pid: number; what?: string }): UserError {
  return new UserError(
    `"${what}" is under way on cluster ${prefix} (process ${pid}): nothing was changed; run this again when that has ended`,
  );
}

/** @throws UserError while Terraform, started by whomever, changes the cluster of this checkout */
export function refuseDuringDeploy(
  prefix: string,
  root = projectDirectory,
  terraform: ReturnType<typeof workingTerraform> = workingTerraform(),
): void {
  const running = terraform.find(({ directory }) => directory === undefined || directory.startsWith(root));
  const locks = stackIds.map((stack) => lockInfoPath(root, prefix, stack));
  const lock = locks.find((path) => existsSync(path));
  // one that was killed leaves the file
  if (lock === undefined || running === undefined) return;
  throw new UserError(
    `Terraform changes cluster ${prefix} (process ${running.pid}): nothing was changed; run this again when that has ended ` +
      `(if that is another Terraform, remove ${lock})`,
  );
}
