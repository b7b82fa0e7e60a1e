/**
 * What an unfinished deploy leaves behind: an object that Docker was just making when Terraform was stopped (or killed) exists,
 * and Terraform's state does not know it.
 *
 * A note says that a deploy of this checkout has begun and has not ended well. When it was written, the guards had found
 * nothing of that kind: what is unknown now is that deploy's own.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedObject } from './guards.js';
import { clusterDirectory, writePrivateFile } from './places.js';
import type { Shell } from './shell.js';

const limit = 30_000;

function notePath(prefix: string, directory = clusterDirectory(prefix)): string {
  return join(directory, 'unfinished');
}

/** Only where the guards have just found nothing in the way. */
export function noteDeploy(prefix: string, directory?: string): void {
  writePrivateFile(notePath(prefix, directory), 'npm start has begun a deploy that has not ended well yet\n');
}

export function forgetDeploy(prefix: string, directory?: string): void {
  rmSync(notePath(prefix, directory), { force: true });
}

export function isUnfinished(prefix: string, directory?: string): boolean {
  return existsSync(notePath(prefix, directory));
}

/**
 * Remove those of `strangers` (what carries the cluster's label and is not in Terraform's state) that are of the given kinds and
 * nobody uses. A container that was ever started is none of an unfinished deploy, and stays. What cannot be removed stays, too:
 * the guards name it.
 */
export async function removeLeftovers(
  strangers: readonly NamedObject[],
  kinds: readonly NamedObject['kind'][],
  $: Shell,
): Promise<void> {
  const quick = $({ timeout: limit, input: '' });
  const listed = await quick`docker ps --all --quiet --no-trunc --filter status=created`;
  const neverStarted = new Set(listed.stdout.split('\n'));
  // networks and volumes in use are refused by Docker: containers go first
  for (const kind of ['container', 'volume', 'network'] as const) {
    const ids = strangers
      .filter((object) => object.kind === kind && (kind !== 'container' || neverStarted.has(object.id)))
      .map(({ id }) => id);
    if (kinds.includes(kind) && ids.length > 0) await quick`docker ${kind} rm ${ids}`;
  }
}
