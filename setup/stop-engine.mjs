/** Stops the Docker engine that setup.mjs has started in this checkout; never another one. */
import { join } from 'node:path';
import { stopDaemon } from './daemon.mjs';

try {
  const stopped = await stopDaemon(join(import.meta.dirname, '..', '.pgraft'));
  if (stopped) console.log('✓ Docker          the engine that setup.mjs started is stopped');
} catch (error) {
  console.error(`✗ Docker          ${/** @type {Error} */ (error).message}`);
  process.exitCode = 1;
}
