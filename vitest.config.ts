import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const seconds = 1000;
const minutes = 60 * seconds;
const cores = availableParallelism();
/** Each takes minutes up to half an hour, and so runs only when asked for: `npm run test:faults -- interruption`, or one file of it: `-- interruption/docker`. */
const campaigns = ['interruption', 'kills', 'disk', 'damage', 'large'].filter(
  (name) => !process.argv.some((arg) => arg.split('/')[0] === name),
);
/** Repeats what it does, all times only when asked for: `npm run test:faults -- membership`. */
const repeated = 'membership';
/** Makes many connections, all of them only when asked for: `npm run test:faults -- strangers`. */
const connections = process.argv.includes('strangers') ? '100000' : '3000';

/** Dies before one step after the other, before each only when its file is asked for: `npm run test:unit -- unit/node/loss`, rejoin or last-resort. */
const crashStride = process.argv.some((arg) => /unit\/node\/(loss|rejoin|last-resort)/.test(arg)) ? '1' : '6';

/** Most of its time is the compiler's; nothing of Docker has a name that others use. */
const goTests = 'test/provider/go.test.ts';

/** One project a level, cheapest first. Files run side by side, but those of the provider, whose objects have fixed names. */
export default defineConfig({
  test: {
    env: {
      PGRAFT_TEST_TIMES: process.env['PGRAFT_TEST_TIMES'] ?? (process.argv.includes(repeated) ? '20' : '3'),
      PGRAFT_TEST_CRASH_STRIDE: process.env['PGRAFT_TEST_CRASH_STRIDE'] ?? crashStride,
      PGRAFT_TEST_CONNECTIONS: process.env['PGRAFT_TEST_CONNECTIONS'] ?? connections,
    },
    projects: [
      // much of their time is the start of shells
      level('unit', { order: 0, timeout: 20 * seconds, workers: cores + 1 }),
      level('stack', { order: 1, timeout: 60 * seconds, workers: cores, files: [...filesOf('stack'), goTests] }),
      level('provider', { order: 2, timeout: 3 * minutes, workers: 1, files: ['test/provider/**/!(go).test.ts'] }),
      level('extension', { order: 3, timeout: 3 * minutes, workers: cores }),
      level('cluster', { order: 4, timeout: 5 * minutes, workers: cores }),
      level('faults', { order: 4, timeout: 5 * minutes, workers: cores }),
    ],
  },
});

interface Level {
  readonly order: number;
  readonly timeout: number;
  readonly workers: number;
  /** @default - those of its directory */
  readonly files?: readonly string[];
}

function filesOf(name: string): string[] {
  return [`test/${name}/**/*.test.ts`];
}

function level(name: string, { order, timeout, workers, files = filesOf(name) }: Level) {
  return {
    test: {
      name,
      include: [...files],
      exclude: [...configDefaults.exclude, ...campaigns.map((name) => `test/faults/${name}/**`)],
      testTimeout: timeout,
      hookTimeout: timeout,
      maxWorkers: workers,
      setupFiles: name === 'extension' ? ['test/support/find-none.ts'] : [],
      sequence: { groupOrder: order },
    },
  };
}
