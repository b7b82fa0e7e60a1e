/**
 * Brings a machine to the point where `npm start` and `npm test` can work: npm packages, Terraform, a Docker engine with
 * the base image, and a Docker provider. Plain Node without dependencies, since it runs before `npm ci` ever has.
 *
 * Every step says in one line what it found or did and how long that took. With nothing to do it takes well under a second.
 */
import { join } from 'node:path';
import { ensureBaseImage } from './setup/base-image.mjs';
import { endCommandsOnSignals } from './setup/command.mjs';
import { ensureEngine } from './setup/docker.mjs';
import { withLock } from './setup/lock.mjs';
import { checkNode, ensurePackages } from './setup/packages.mjs';
import { ensureProvider } from './setup/provider.mjs';
import { Report } from './setup/report.mjs';
import { findTerraform } from './setup/terraform.mjs';

const root = import.meta.dirname;
const report = new Report();
endCommandsOnSignals();

try {
  await report.step('Node.js', () => checkNode(process.versions.node));
  await withLock(join(root, '.pgraft', 'setup.lock'), setUp, (line) => {
    report.note('lock', line);
  });
} catch (error) {
  report.failure(error);
}
process.exitCode = report.failed ? 1 : 0;

/** The three chains need nothing from each other, and each waits mostly for something else. */
async function setUp() {
  const chains = await Promise.allSettled([
    report.step('npm packages', (note) => ensurePackages(root, note)),
    report
      .step('Docker', (note) => ensureEngine(root, note))
      .then(() => report.step('base image', (note) => ensureBaseImage(note))),
    report
      .step('Terraform', () => findTerraform(root))
      .then(() => report.step('Docker provider', (note) => ensureProvider(root, note))),
  ]);
  for (const chain of chains) if (chain.status === 'rejected') report.failure(chain.reason);
}
