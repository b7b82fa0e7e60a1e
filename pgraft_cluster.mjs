#!/usr/bin/env node
/**
 * `npx pgraft_cluster`: the flags of the documented cluster script, served by the code of npm start, status and destroy.
 *
 * Plain Node without dependencies, since it works before `npm ci` ever has: it checks the flags, sets up what is missing and
 * then goes on in scripts/pgraft-cluster.ts. What the setup says goes to standard error, as standard output is the page's.
 */
import { join } from 'node:path';
import { readClusterFlags, usage } from './setup/cluster-flags.mjs';
import { fileProblem } from './setup/file-problem.mjs';
import { withLock } from './setup/lock.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { SetupError } from './setup/report.mjs';
import { setUp } from './setup/set-up.mjs';

const root = import.meta.dirname;
const tell = (/** @type {string} */ line) => console.error(line);

try {
  const call = readClusterFlags(process.argv.slice(2));
  if (call.action === 'help') console.log(usage);
  else if (await ready(call.action)) await go(call);
} catch (error) {
  const told = error instanceof SetupError ? error.message : fileProblem(error);
  if (told === undefined) throw error;
  console.error(`error: ${told}`);
  process.exitCode = 1;
}

/**
 * A new cluster may need anything; the other commands only read or remove what is there.
 *
 * @param {'init' | 'status' | 'destroy'} action
 */
async function ready(action) {
  if (action !== 'init') {
    await withLock(join(root, '.pgraft', 'setup.lock'), () => ensurePackages(root, tell), tell);
    return true;
  }
  process.exitCode = setUp(root, 2);
  return process.exitCode === 0;
}

/** @param {Exclude<import('./setup/cluster-flags.mjs').ClusterCall, { action: 'help' }>} call */
async function go(call) {
  // only now are the packages sure to be there
  const { register } = await import('tsx/esm/api');
  register();
  const { run } = await import('./scripts/pgraft-cluster.ts');
  await run(call);
}
