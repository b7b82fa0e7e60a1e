/** Which attempt at the first deploy of a cluster this is. Those before it may have been killed at any moment. */
import { join } from 'node:path';
import { readIfPresent } from './read-if-present.js';
import { SettingsError } from './settings.js';
import { stateDirectory } from './topology.js';

/** Written by the hook Guard, before anything is created; finished by Join; goes with the cluster. */
export interface FirstDeploy {
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The servers have become a cluster. */
  readonly finished: boolean;
}

export function firstDeployPath(root: string, prefix: string): string {
  return join(root, stateDirectory(prefix), 'first-deploy.json');
}

/** @throws SettingsError when there is something else in the file */
export function readFirstDeploy(path: string): FirstDeploy | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    const { attempt, finished } = JSON.parse(text) as Partial<FirstDeploy>;
    if (Number.isInteger(attempt) && typeof finished === 'boolean') return { attempt: Number(attempt), finished };
  } catch {
    // said below
  }
  throw new SettingsError([
    `${path} is damaged; write {"attempt": 1, "finished": true} into it where npm run status says that the cluster is ` +
      'healthy, else false in place of true',
  ]);
}

/** Pure: the attempt that a deploy is now. A cluster that has formed keeps the number, so that nothing changes with it. */
export function currentAttempt(last: FirstDeploy | undefined): number {
  if (last === undefined) return 1;
  return last.finished ? last.attempt : last.attempt + 1;
}
