/** Files of another user: each command says whose file it is and what to do, ends at once, and has changed nothing. */
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { EngineRelay } from '../support/engine-relay.js';
import { stackTrace, type Ended } from '../support/shell.js';

/** Root may open every file, so the commands are somebody else's. */
const somebody = process.getuid?.() === 0 ? 65534 : (process.getuid?.() ?? 0);
const commands = ['status', 'destroy', 'switchover', 'maintain', 'drill', 'recover', 'logs', 'psql', 'url'];
const added: Readonly<Record<string, readonly string[]>> = { destroy: ['--yes'], maintain: ['replica1'] };
/** Milliseconds: a command that cannot go on must not wait. */
const deadline = 60_000;

describe("another user's files:", () => {
  let project: ClusterProject;
  let relay: EngineRelay;
  /** Docker is somebody's to use; the files are not. */
  const type = async (command: string, ...args: readonly string[]): Promise<Ended> => {
    const env = { HOME: tmpdir(), ...relay.environment };
    const program = ['--import', 'tsx', `scripts/${command}.ts`, ...(added[command] ?? []), ...args];
    return project.run('node', program, { env, uid: somebody, gid: somebody, deadline });
  };
  const expectTold = (ended: Ended, path: string) => {
    expect(ended.status, ended.output).toBe(1);
    expect(ended.output).toMatch(/^(error: |✗ )/m);
    expect(ended.output).toContain(
      `${path}: permission denied; run this as the user whose it is (uid 0), or make it yours`,
    );
    expect(ended.output).not.toMatch(stackTrace);
  };

  beforeAll(async () => {
    project = await ClusterProject.open();
    relay = await EngineRelay.open();
    for (const path of [project.directory, dirname(relay.path)]) chmodSync(path, 0o755);
    chmodSync(relay.path, 0o666);
  });
  afterEach(async () => {
    expect(await project.objects()).toEqual([]);
    rmSync(join(project.directory, '.pgraft'), { recursive: true, force: true });
  });
  afterAll(async () => {
    relay.close();
    await project.close();
  });

  it.each(commands)('npm run %s with the whole .pgraft closed', async (command) => {
    const directory = project.file('');
    mkdirSync(directory, { recursive: true });
    chmodSync(directory, 0);
    const ended = await type(command);
    chmodSync(directory, 0o700);
    expect(ended.status, ended.output).toBe(1);
    for (const part of [join('.pgraft', project.prefix), 'permission denied', 'run this as the user', 'chown -R']) {
      expect(ended.output).toContain(part);
    }
  });

  it.each(['start', 'switchover', 'maintain'])('npm run %s in a checkout that only root writes to', async (command) => {
    const ended = await type(command);
    expect(ended.status, ended.output).toBe(1);
    const path = join('.pgraft', project.prefix);
    expect(ended.output).toContain(
      `${path}: permission denied; run this as the user whose it is (uid 0), or make it yours`,
    );
    expect(existsSync(join(project.directory, '.pgraft'))).toBe(false);
  });

  /** A file that root keeps to himself, in a directory of somebody's, and who reads it. */
  const rows: readonly [file: string, content: string, commands: readonly string[]][] = [
    ['secrets.json', '{}', ['status', 'url', 'switchover', 'maintain', 'drill', 'rotate-key', 'plan']],
    ['operation.lock', '{"pid":1}', ['start', 'switchover', 'maintain', 'destroy', 'rotate-key', 'drill']],
    ['terraform.cluster.tfstate', '{"resources":[]}', ['start', 'plan']],
    ['settings.json', '{"nodes":2}', ['status', 'start', 'destroy']],
    ['first-deploy.json', '{}', ['start', 'destroy']],
  ];
  const each = rows.flatMap(([file, content, readers]) => readers.map((command) => [command, file, content] as const));

  it.each(each)('npm run %s with a %s of mode 600', async (command, file, content) => {
    const path = project.file(file);
    mkdirSync(dirname(path), { recursive: true });
    for (const own of [dirname(path), dirname(dirname(path))]) chownSync(own, somebody, somebody);
    writeFileSync(path, content, { mode: 0o600 });
    expectTold(await type(command), path);
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it.each(['cdktf.json', '.env'])('npm run status with a %s of mode 600', async (file) => {
    const path = join(project.directory, file);
    const content = existsSync(path) ? readFileSync(path) : undefined;
    if (content === undefined) writeFileSync(path, '');
    chmodSync(path, 0o600);
    try {
      expectTold(await type('status'), path);
    } finally {
      chmodSync(path, 0o644);
      if (content === undefined) rmSync(path);
    }
  });
});
