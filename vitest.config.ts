import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

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

/** A project each, in the order in which they begin. */
const levels = ['unit', 'provider', 'stack', 'extension', 'cluster', 'faults'];

/** Begun before the rest of their level, so that none is left for the end, alone: in a fresh clone nobody knows how long each takes. */
const longest = [
  'provider/go',
  'extension/node/rejoin',
  'extension/schedules',
  'extension/server/three-servers',
  'extension/server/rules/rules',
  'cluster/changes',
  'cluster/page',
  'cluster/plan',
  'cluster/interruption',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const level = ({ project }: TestSpecification) => levels.indexOf(project.name);
    const length = ({ moduleId }: TestSpecification) => {
      const index = longest.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return index === -1 ? longest.length : index;
    };
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => level(one) - level(other) || length(one) - length(other));
  }
}

/** The levels of one order share its workers. What is cheap, and fails early, is done before servers are started. */
export default defineConfig({
  test: {
    env: {
      PGRAFT_TEST_TIMES: process.env['PGRAFT_TEST_TIMES'] ?? (process.argv.includes(repeated) ? '20' : '3'),
      PGRAFT_TEST_CRASH_STRIDE: process.env['PGRAFT_TEST_CRASH_STRIDE'] ?? crashStride,
      PGRAFT_TEST_CONNECTIONS: process.env['PGRAFT_TEST_CONNECTIONS'] ?? connections,
    },
    sequence: { sequencer: LongestFirst },
    projects: [
      // much of their time is the start of shells
      level('unit', { order: 0, timeout: 20 * seconds, workers: cores + 1 }),
      level('provider', { order: 1, timeout: 3 * minutes, workers: cores }),
      level('stack', { order: 1, timeout: 60 * seconds, workers: cores }),
      level('extension', { order: 2, timeout: 3 * minutes, workers: cores }),
      level('cluster', { order: 2, timeout: 5 * minutes, workers: cores }),
      level('faults', { order: 2, timeout: 5 * minutes, workers: cores }),
    ],
  },
});

interface Level {
  readonly order: number;
  readonly timeout: number;
  readonly workers: number;
}

function level(name: string, { order, timeout, workers }: Level) {
  return {
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      exclude: [...configDefaults.exclude, ...campaigns.map((name) => `test/faults/${name}/**`)],
      testTimeout: timeout,
      hookTimeout: timeout,
      maxWorkers: workers,
      setupFiles: name === 'extension' ? ['test/support/find-none.ts'] : [],
      sequence: { groupOrder: order },
    },
  };
}
