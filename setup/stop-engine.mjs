/** Stops the Docker engine that setup.mjs has started in this checkout; never another one. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './lock.mjs';

const stopSeconds = 60;
const pollMilliseconds = 200;

const file = join(import.meta.dirname, '..', '.pgraft', 'dockerd.pid');
if (existsSync(file)) await stop(JSON.parse(readFileSync(file, 'utf8')));

/** @param {import('./lock.mjs').Owner} owner */
async function stop(owner) {
  const deadline = Date.now() + stopSeconds * 1000;
  if (isAlive(owner)) process.kill(owner.pid, 'SIGTERM');
  while (isAlive(owner)) {
    if (Date.now() > deadline) {
      console.error(`✗ Docker          process ${owner.pid} did not stop within ${stopSeconds} s; end it by hand`);
      process.exitCode = 1;
      return;
    }
    await delay(pollMilliseconds);
  }
  rmSync(file, { force: true });
  console.log('✓ Docker          the engine that setup.mjs started is stopped');
}
