import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const seconds = 1000;
const minutes = 60 * seconds;
/** Each takes minutes up to half an hour, and so runs only when asked for: `npm run test:faults -- interruption`, or one file of it: `-- interruption/docker`. */
const campaigns = ['interruption', 'kills', 'disk', 'damage'].filter(
  (name) => !process.argv.some((arg) => arg.split('/')[0] === name),
);
/** Repeats what it does, all times only when asked for: `npm run test:faults -- membership`. */
const repeated = 'membership';
/** Makes many connections, all of them only when asked for: `npm run test:faults -- strangers`. */
const connections = process.argv.includes('strangers') ? '100000' : '3000';

/** Dies before one step after the other, before each only when its file is asked for: `npm run test:unit -- unit/node/loss unit/node/rejoin`. */
const crashStride = process.argv.some((arg) => /unit\/node\/(loss|rejoin)/.test(arg)) ? '1' : '6';

/** One project a level, cheapest first. Files run side by side, one for each core, but those of the provider, whose objects have fixed names. */
export default defineConfig({
  test: {
    maxWorkers: availableParallelism(),
    env: {
      PGRAFT_TEST_TIMES: process.env['PGRAFT_TEST_TIMES'] ?? (process.argv.includes(repeated) ? '20' : '3'),
      PGRAFT_TEST_CRASH_STRIDE: process.env['PGRAFT_TEST_CRASH_STRIDE'] ?? crashStride,
      PGRAFT_TEST_CONNECTIONS: process.env['PGRAFT_TEST_CONNECTIONS'] ?? connections,
    },
    projects: [
      level('unit', { order: 0, timeout: 20 * seconds, parallel: true }),
      level('stack', { order: 1, timeout: 60 * seconds, parallel: true }),
      level('provider', { order: 2, timeout: 3 * minutes, parallel: false }),
      level('extension', { order: 3, timeout: 3 * minutes, parallel: true }),
      level('cluster', { order: 4, timeout: 5 * minutes, parallel: true }),
      level('faults', { order: 4, timeout: 5 * minutes, parallel: true }),
    ],
  },
});

function level(name: string, { order, timeout, parallel }: { order: number; timeout: number; parallel: boolean }) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      exclude: [...configDefaults.exclude, ...campaigns.map((name) => `test/faults/${name}/**`)],
      testTimeout: timeout,
      hookTimeout: timeout,
      fileParallelism: parallel,
      setupFiles: name === 'extension' ? ['test/support/find-none.ts'] : [],
      sequence: { groupOrder: order },
    },
  };
}
