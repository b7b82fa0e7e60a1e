/** What a user sees who gives a command wrong arguments: one row each. Nothing is asked of Docker, nothing is set up before. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const long = 'x'.repeat(3000);
const cutOff = `${'x'.repeat(63)}…`;
const server = 'give the name of a server (replica1), its container or its id';

/** The command, its arguments, what is said about them. */
const rows: readonly [command: string, args: readonly string[], says: string][] = [
  ['start', ['--bogus'], 'npm start takes no argument, and was given "--bogus"'],
  ['start', [''], 'npm start takes no argument, and was given ""'],
  ['start', [long], `was given "${cutOff}"`],
  ['status', ['--bogus'], "unknown option '--bogus'"],
  ['status', ['replica1'], '"replica1": too many arguments, this command takes none'],
  ['status', ['--json', '--watch'], '--json and --watch exclude each other; give one of them'],
  ['destroy', ['-f'], "unknown option '-f'"],
  ['destroy', ['pgraft', 'other'], '"pgraft" "other": too many arguments'],
  ['switchover', [''], server],
  ['switchover', [long], `'${cutOff}' is invalid for argument 'node'. it has 3000 characters; ${server}`],
  ['switchover', ['replica1', 'replica2'], '"replica2": too many arguments, this command takes one'],
  ['maintain', [], "missing required argument 'node'"],
  ['maintain', [' '], server],
  ['maintain', ['replica1', 'no-such-program-of-mine'], 'there is no program "no-such-program-of-mine"'],
  ['maintain', ['replica1', '--bogus'], 'unknown option "--bogus"'],
  ['drill', ['primary'], '"primary": too many arguments, this command takes none'],
  ['recover', [''], server],
  ['recover', ['--force'], "unknown option '--force'"],
  ['logs', ['--tail', 'all'], "argument 'all' is invalid. give a whole number"],
  ['logs', ['--tail'], 'argument missing'],
  ['logs', [''], server],
  ['psql', ['primary', 'replica1'], '"replica1" is one argument too many'],
  ['url', [`--${long}`], `unknown option '--${'x'.repeat(61)}…'`],
  ['url', ['--read-only', 'yes'], '"yes": too many arguments'],
  ['plan', ['--markdown'], 'argument missing'],
  ['plan', [long], '…: too many arguments, this command takes none'],
  ['rotate-key', ['now'], '"now": too many arguments, this command takes none'],
  ['rotate-key', ['--force'], "unknown option '--force'"],
  ['docs', ['--bogus'], "unknown option '--bogus'"],
  ['bench', ['--runs', '0'], "argument '0' is invalid. it must be a number from 1 to 999"],
  ['bench', ['no-such-benchmark'], 'no-such-benchmark'],
  ['test:faults', ['--minutes', 'x'], "argument 'x' is invalid. it must be a number above 0"],
  ['test:faults', ['--seed', '1'], '--seed 1 alone: say for how long with --minutes'],
  ['fuzz', ['no-such-target'], 'no-such-target'],
  ['pgraft_cluster', [], 'nothing to do; say --init, --status or --destroy'],
  ['pgraft_cluster', ['--init', '--nodes', '10'], '--nodes "10" is no number of servers; choose a whole number'],
  ['pgraft_cluster', ['--init', '--destroy'], '--init and --destroy exclude each other'],
];

/** Where they are, as package.json has it. */
const programs: Readonly<Record<string, readonly string[]>> = {
  start: ['start.mjs'],
  pgraft_cluster: ['pgraft_cluster.mjs'],
  bench: ['--import', 'tsx', 'bench/run.ts'],
  'test:faults': ['--import', 'tsx', 'test/faults/run.ts'],
  fuzz: ['--import', 'tsx', 'test/fuzz/run.ts'],
};

/** Docker, were it asked, would say something else. */
const env = { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock', NO_COLOR: '1' };

async function run(command: string, args: readonly string[]): Promise<{ status: number | null; output: string }> {
  const program = programs[command] ?? ['--import', 'tsx', `scripts/${command}.ts`];
  const child = spawn(process.execPath, [...program, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve({ status, output });
    });
  });
}

describe('a wrong argument is one line and exit status 1:', () => {
  const titled = rows.map((row) => [`npm run ${row[0]} ${JSON.stringify(row[1]).slice(0, 60)}`, ...row] as const);

  it.each(titled)('%s', async (_, command, args, says) => {
    const { status, output } = await run(command, args);
    expect({ status, lines: output.trimEnd().split('\n').length }, output).toEqual({ status: 1, lines: 1 });
    expect(output).toMatch(/^error: /);
    expect(output).toContain(says);
    expect(output.length).toBeLessThan(400);
  });
});
