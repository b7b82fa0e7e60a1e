import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageContext } from '../../constructs/image-tag.js';
import { mutants, type Mutant } from './schedules/mutants.js';

/**
 * Failover's decisions on random schedules (test/extension/schedules). libraft and its fixture are in the image's build stage, so the
 * program is compiled and run there. A failure names the seed that plays it again.
 */
const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'image', 'pgraft');
const tests = fileURLToPath(new URL('.', import.meta.url));
const deadline = 150_000;
const state = ['state_machine', 'promotions', 'events', 'codec', 'snapshot', 'cluster_spec'];
const core = ['policy', 'position', 'sync_names', ...state];
const warnings = ['-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wmissing-prototypes'];

let stage = '';
let work = '';
let firstSchedules: Promise<string> | undefined;

beforeAll(async () => {
  const build = ['build', '--quiet', '--target', 'build', imageContext(root)];
  stage = (await run('docker', build, { timeout: 600_000 })).stdout.trim();
  work = await mkdtemp(join(tmpdir(), 'pgraft-schedules-'));
}, 600_000);
afterAll(() => rm(work, { recursive: true, force: true }));

/** Compile the model with these sources and run it; status and everything it said. */
async function schedules(sources: string, flags: string[], args: string): Promise<{ status: number; said: string }> {
  const files = [...core.map((name) => `/source/core/${name}.c`), '/tests/schedules/*.c'].join(' ');
  const compile = `gcc -std=gnu11 ${[...warnings, ...flags].join(' ')} -I/source -I/tests/core -I/tests/schedules ${files} -lraft -o /tmp/schedules`;
  const mounts = ['--volume', `${sources}:/source:ro`, '--volume', `${tests}:/tests:ro`];
  const command = ['sh', '-c', `${compile} || exit 3; exec /tmp/schedules ${args}`];
  try {
    const { stdout } = await run('docker', ['run', '--rm', '--network=none', ...mounts, stage, ...command], {
      timeout: deadline,
    });
    return { status: 0, said: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string };
    return { status: code ?? -1, said: `${stdout ?? ''}${stderr ?? ''}` };
  }
}

async function mutated(mutant: Mutant): Promise<string> {
  if (mutant.file === undefined) return source;
  const { file, from = '', to = '' } = mutant;
  const directory = join(work, basename(file) + String(mutants.indexOf(mutant)));
  await mkdir(directory);
  await cp(join(source, 'core'), join(directory, 'core'), { recursive: true });
  const parts = (await readFile(join(source, file), 'utf8')).split(from);
  expect(parts, `${file} must have "${from}" once: mend the mutant`).toHaveLength(2);
  await writeFile(join(directory, file), parts.join(to));
  return directory;
}

function tenThousand(): Promise<string> {
  firstSchedules ??= schedules(source, ['-O2'], '--seed 1 --count 10000').then(({ status, said }) => {
    expect(status, said).toBe(0);
    return said;
  });
  return firstSchedules;
}

describe('ten thousand random schedules', () => {
  test('lose no acknowledged record, and whoever is healed serves', { timeout: deadline }, async () => {
    expect(await tenThousand()).toMatch(/^10000 schedules: /);
  });

  test('acknowledge, promote, crash, rewind and clone', { timeout: deadline }, async () => {
    const [, acknowledged, promotions, crashes, rejoined] =
      /: (\d+) records acknowledged, (\d+) promotions, (\d+) crashes, (\d+) rewound/.exec(await tenThousand()) ?? [];
    expect(Number(acknowledged)).toBeGreaterThan(300_000);
    expect(Number(promotions)).toBeGreaterThan(15_000);
    expect(Number(crashes)).toBeGreaterThan(30_000);
    expect(Number(rejoined)).toBeGreaterThan(4_000);
  });

  test('lose disks, remove servers and make them voters again', { timeout: deadline }, async () => {
    const [, lost, removed, made] =
      /, (\d+) disks lost, (\d+) removed, (\d+) made voters/.exec(await tenThousand()) ?? [];
    expect(Number(lost)).toBeGreaterThan(1_500);
    expect(Number(removed)).toBeGreaterThan(3_000);
    expect(Number(made)).toBeGreaterThan(3_000);
  });

  test('are seldom blocked by too many servers without usable data', { timeout: deadline }, async () => {
    const [, blocked] = /, (\d+) blocked/.exec(await tenThousand()) ?? [];
    expect(Number(blocked)).toBeLessThan(500);
  });

  test('are clean under the sanitizers, some of them', { timeout: deadline }, async () => {
    const sanitized = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
    const { status, said } = await schedules(source, sanitized, '--seed 20001 --count 300');
    expect(status, said).toBe(0);
  });

  test('refuse a seed that is no number', { timeout: deadline }, async () => {
    const { status, said } = await schedules(source, ['-O1'], '--seed one');
    expect(status).toBe(2);
    expect(said).toContain('--seed must be a whole number, not "one"');
  });
});

describe('the schedules find out when a rule is taken out', () => {
  for (const mutant of mutants) {
    test(mutant.name, { timeout: deadline }, async () => {
      const flags = ['-O1', '-Wno-error', ...(mutant.define === undefined ? [] : [`-D${mutant.define}`])];
      const sources = await mutated(mutant);
      const { status, said } = await schedules(
        sources,
        flags,
        `--seed ${mutant.seed} --count 2000${mutant.mustLose === true ? ' --only-losses' : ''}`,
      );
      expect(status, said).toBe(1);
      expect(said).toMatch(/^seed \d+, schedule \d+: /m);
    });
  }
});
