/** The record of a cluster's first deploy: see constructs/first-deploy.ts. */
import { rmSync } from 'node:fs';
import { currentAttempt, firstDeployPath, readFirstDeploy, type FirstDeploy } from '../../constructs/first-deploy.js';
import { projectDirectory, writePrivateFile } from './places.js';

/** Only where the guards have just found nothing in the way: what is unknown to Terraform from now on is of this deploy. */
export function beginFirstDeploy(prefix: string, root = projectDirectory): void {
  const path = firstDeployPath(root, prefix);
  write(path, { attempt: currentAttempt(readFirstDeploy(path)), finished: false });
}

/** The servers are a cluster now. */
export function finishFirstDeploy(prefix: string, root = projectDirectory): void {
  const path = firstDeployPath(root, prefix);
  const begun = readFirstDeploy(path);
  // a cluster that is older than this record has none
  if (begun?.finished === false) write(path, { ...begun, finished: true });
}

/** Whether a first deploy of this checkout has begun, and the servers have not become a cluster. */
export function isFirstDeployUnfinished(prefix: string, root = projectDirectory): boolean {
  return readFirstDeploy(firstDeployPath(root, prefix))?.finished === false;
}

export function forgetFirstDeploy(prefix: string, root = projectDirectory): void {
  rmSync(firstDeployPath(root, prefix), { force: true });
}

function write(path: string, record: FirstDeploy): void {
  writePrivateFile(path, `${JSON.stringify(record)}\n`);
}
