import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../scripts/steps/rotate-key.js';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { eventually, happensWithin } from '../support/eventually.js';
import { filesOf, filesWith, leaksIn, placesOf, ProcessWatch, type Places } from '../support/leaks.js';
import { readUrl } from '../support/primary-connection.js';
import { docker, mustRun, type Ended } from '../support/shell.js';
import { WriteLoad } from '../support/write-load.js';

const names = ['primary', 'replica1', 'replica2'];
/** Each holds a secret, is in a server's volume, and only PostgreSQL's user reads it; the token is used up. */
const secretFiles = [
  ...['application.password', 'raft.key', 'replication.password', 'replication.pgpass', 'superuser.password'].map(
    (name) => `cluster/${name}`,
  ),
  'pgraft/formation.consumed',
];

describe('the secrets of a cluster', () => {
  let project: ClusterProject;
  let started: Ended;
  /** Every one that there was, also keys that are gone by now. */
  const secrets = new Set<string>();
  /** What processes showed while the cluster was made, and while its key was changed. */
  const shown: Places[] = [];
  const file = () => project.file('secrets.json');
  const remember = () => {
    const kept = JSON.parse(readFileSync(file(), 'utf8')) as Record<string, unknown>;
    for (const value of Object.values(kept)) if (typeof value === 'string') secrets.add(value);
    return kept;
  };
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    const watch = new ProcessWatch();
    try {
      return await work();
    } finally {
      expect(watch.count).toBeGreaterThan(20);
      shown.push(await watch.end());
    }
  };
  const standing = async () =>
    Promise.all(
      names.map(async (name) => project.sql(name, 'select leader_id, current_term from pgraft_get_cluster_status()')),
    );
  const fingerprints = async () =>
    Promise.all(
      names.map(async (name) =>
        project.sql(name, "select array_to_string(key_fingerprints, ' ') from pgraft_log_get_stats()"),
      ),
    );

  beforeAll(async () => {
    project = await ClusterProject.open();
    started = await watched(async () => project.start());
    if (started.status !== 0) throw new Error(`npm start failed:\n${started.output}\n${await project.logs()}`);
    remember();
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it('npm run rotate-key changes the key under a write load: nobody fails over, no row is lost', async () => {
    const former = remember()['raft_key'] as string;
    const before = await standing();
    const load = await WriteLoad.begin({ ...readUrl((await project.npm('url')).stdout), clients: 4, pace: 10 });
    try {
      await happensWithin('writes are under way', 10_000, async () => Promise.resolve(load.acknowledged > 20));
      const rotated = await watched(async () => project.npm('rotate-key'));
      expect(rotated.status, rotated.output).toBe(0);
      const key = remember()['raft_key'] as string;
      expect(key).not.toBe(former);
      expect(rotated.stdout).toContain(`The key of cluster ${project.prefix} is ${fingerprintOf(key)} now`);
      expect(await fingerprints()).toEqual(names.map(() => fingerprintOf(key)));
      expect(leaksIn(new Map([['its output', rotated.output]]), [...secrets])).toEqual([]);
      await docker('restart', project.container('replica1'));
      await eventually(
        'a healthy cluster',
        async () => (await project.npm('status')).status,
        (status) => status === 0,
        30_000,
      );
      console.info(
        `npm run rotate-key took ${rotated.milliseconds} ms; the slowest commit ${load.slowest.toFixed(0)} ms`,
      );
    } finally {
      await load.end();
    }
    expect(Object.fromEntries(load.failures)).toEqual({});
    expect(await standing()).toEqual(before);
    for (const name of names) {
      const count = async () => project.sql(name, 'select count(*) from writes', 'app');
      await eventually(`every row on ${name}`, count, (rows) => rows === String(load.acknowledged), 10_000);
    }
  });

  it('killed in the middle of a change of the key, all goes on, and the next run ends it', async () => {
    const former = remember()['raft_key'];
    const before = await standing();
    await killedAt('✓ 2.');
    const { raft_key, next_raft_key, former_raft_key } = remember();
    expect([raft_key, former_raft_key]).toContain(former);
    const next = next_raft_key ?? raft_key;
    expect((await project.npm('status')).status).toBe(0);
    const ended = await project.npm('rotate-key');
    expect(ended.status, ended.output).toBe(0);
    expect(ended.stdout).toContain('An earlier change of the key was not finished');
    expect(remember()).toMatchObject({ raft_key: next });
    expect(await fingerprints()).toEqual(names.map(() => fingerprintOf(next as string)));
    expect(await standing()).toEqual(before);
  });

  it('lost from this machine, are read from a server, and the key can be changed all the same', async () => {
    const before = remember();
    rmSync(file());
    const again = await project.start();
    expect(again.status, again.output).toBe(0);
    const rotated = await project.npm('rotate-key');
    expect(rotated.status, rotated.output).toBe(0);
    const { raft_key } = remember();
    expect(raft_key).not.toBe(before['raft_key']);
    expect(remember()).toEqual({ ...before, raft_key, formation_token: expect.any(String) as string });
    expect((await project.npm('status')).status).toBe(0);
  });

  it('is refused, and nothing changed, while a server does not answer', async () => {
    const before = readFileSync(file(), 'utf8');
    await docker('stop', project.container('replica2'));
    const refused = await project.npm('rotate-key');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(`${project.container('replica2')}: the container is exited`);
    expect(refused.stderr).toContain('nothing was changed');
    expect(readFileSync(file(), 'utf8')).toBe(before);
    const back = await project.start();
    expect(back.status, back.output).toBe(0);
  });

  it('damaged on a server, are handed over again by npm start, as its status says', async () => {
    const replica = project.container('replica1');
    const flip = "tr '0-9a-f' '1-9a-f0' <cluster/raft.key >/tmp/k && cat /tmp/k >cluster/raft.key && rm /tmp/k";
    await docker('exec', '--workdir', '/var/lib/postgresql', replica, 'sh', '-ec', flip);
    await docker('restart', replica);
    const told = async () => (await project.npm('status')).stdout;
    const advice = /raft\.key in \S+ is damaged or gone: npm start hands it over again/;
    await eventually('the status to name what mends it', told, (text) => advice.test(text), 30_000);
    // it is in no group, and answers reads
    const read = async () => project.sql('replica1', 'select 1').catch(String);
    await eventually('a read', read, (row) => row === '1', 10_000);
    const mended = await project.start();
    expect(mended.status, mended.output).toBe(0);
    expect(mended.stdout).toContain(`${replica} is told the secrets again`);
    expect(await fingerprints()).toEqual(names.map(() => fingerprintOf(remember()['raft_key'] as string)));
  });

  it('show nowhere but in one file of this machine, and six of each server, which only their owners read', async () => {
    remember();
    expect(secrets.size).toBeGreaterThanOrEqual(5 + 2);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const places = await placesOf(project, file());
    places.set('output of npm start', started.output);
    expect([...places.keys()].filter((path) => path.endsWith('.tfstate')).length).toBeGreaterThanOrEqual(2);
    expect([...places.keys()].filter((path) => path.endsWith('cdk.tf.json')).length).toBeGreaterThanOrEqual(2);
    for (const found of [places, ...shown]) expect(leaksIn(found, [...secrets])).toEqual([]);
    for (const name of names) {
      const files = await filesWith(project.container(name), [...secrets]);
      expect(files).toEqual(secretFiles.map((held) => `600 /var/lib/postgresql/${held}`));
    }
  });

  it('would be found where they were shown', async () => {
    const [secret = ''] = secrets;
    const replica = project.container('replica1');
    const careless = `${project.prefix}-careless`;
    const label = ['--label', `pgraft.cluster=${project.prefix}`];
    const image = await docker('inspect', '--format', '{{.Config.Image}}', replica);
    // it stays as the parent of its last but one command, with its arguments
    const show = ['sh', image, '-c', 'echo "$0"; sleep 300; true', secret];
    const watch = new ProcessWatch();
    try {
      await docker('run', '--detach', '--name', careless, ...label, '--entrypoint', ...show);
      await mustRun('docker', ['exec', '--interactive', replica, 'sh', '-c', 'cat > /tmp/shown'], { input: secret });
      const told = async (): Promise<Places> =>
        new Map([
          ['inspect', await docker('inspect', careless)],
          ['ps', await docker('top', careless, '-ef')],
          ['logs', await docker('logs', careless)],
        ]);
      const leaked = async () => leaksIn(await told(), [secret]);
      await eventually('all of them', leaked, (found) => found.join() === 'inspect,ps,logs', 20_000);
      expect(await filesWith(replica, [secret])).toContain('644 /tmp/shown');
      expect(leaksIn(await watch.end(), [secret])).toEqual(['processes of this machine']);
      expect(leaksIn(filesOf(project), [...secrets])).toEqual([file()]);
    } finally {
      await watch.end();
      await docker('rm', '--force', careless);
      await docker('exec', replica, 'rm', '-f', '/tmp/shown');
    }
  });

  /** npm run rotate-key, killed with all its children as soon as it has said so. */
  async function killedAt(said: string): Promise<void> {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PGRAFT_')));
    const args = ['--import', 'tsx', 'scripts/rotate-key.ts'];
    const child = spawn(process.execPath, args, { cwd: project.directory, env, detached: true, stdio: 'pipe' });
    const ended = once(child, 'close');
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text.toString();
      if (output.includes(said)) process.kill(-(child.pid ?? 0), 'SIGKILL');
    });
    await ended;
    expect(output).toContain(said);
    expect(output).not.toContain('The key of cluster');
  }
});
