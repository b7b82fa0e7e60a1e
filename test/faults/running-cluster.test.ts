import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { happensWithin } from '../support/eventually.js';
import { docker, run } from '../support/shell.js';

const names = ['primary', 'replica1', 'replica2'];
const standbys = ['replica1', 'replica2'];
const all = '*';

describe('a running cluster:', () => {
  let project: ClusterProject;
  const primary = () => project.container('primary');
  const healthy = async (milliseconds: number) =>
    happensWithin('the cluster is healthy again', milliseconds, async () => (await project.npm('status')).status === 0);
  const rows = async (name: string) => Number(await project.sql(name, `select count(${all}) from ledger`));
  const idOf = async (name: string) => docker('inspect', '--format', '{{.Id}}', project.container(name));
  const report = (what: string, took: number) => {
    console.info(`${what}: ${took} ms`);
  };

  beforeAll(async () => {
    project = await ClusterProject.open();
    const started = await project.start();
    if (started.status !== 0) throw new Error(`npm start failed:\n${started.output}\n${await project.logs()}`);
    await project.sql('primary', 'create table ledger (entry int primary key)');
    await project.sql('primary', 'insert into ledger select generate_series(1, 1000)');
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error(await project.logs());
    });
  });
  afterAll(async () => {
    await project.close();
  });

  it('another server leads Raft within 3 s of docker stop of the primary, and reads go on', async () => {
    const leader = async () => {
      const sql = 'select leader_id, state from pgraft_get_cluster_status()';
      const told = await Promise.all(standbys.map(async (name) => (await project.sql(name, sql)).split('|')));
      const [first, second] = told.map(([id]) => Number(id));
      return first === second && first !== 1 && first !== 0 && told.some(([, state]) => state === 'leader') && first;
    };
    const [elected] = await Promise.all([
      happensWithin('another server leads', 3_000, leader),
      docker('stop', primary()),
    ]);
    report('another leader after docker stop', elected.took);
    for (const name of standbys) expect(await rows(name)).toBe(1000);
    const { status, stdout } = await project.npm('status');
    expect(status).toBe(1);
    expect(stdout).toContain(`Leader: Node ${elected.value}`);
  });

  it('the old primary leads again and accepts writes within 5 s of docker start', async () => {
    const writes = async () => (await project.sql('primary', 'insert into ledger values (1001)')) === 'INSERT 0 1';
    const [written] = await Promise.all([
      happensWithin('the primary writes', 5_000, writes),
      docker('start', primary()),
    ]);
    report('writes after docker start', written.took);
    expect(await project.sql('primary', 'select pgraft_is_leader()')).toBe('t');
    await healthy(10_000);
  });

  it('after all three were killed at work it is healthy within 10 s of their start, with every acknowledged row', async () => {
    const recorder = await Recorder.open(project);
    await happensWithin('writes are under way', 5_000, async () => Promise.resolve(recorder.acknowledged > 100));
    await docker('kill', ...names.map((name) => project.container(name)));
    const last = await recorder.ended;
    await docker('start', ...names.map((name) => project.container(name)));
    report('healthy after all were killed', (await healthy(10_000)).took);
    for (const name of names) {
      const present = `select count(${all}) from ledger where entry between 10001 and ${10000 + last}`;
      const applied = async () => Number(await project.sql(name, present)) === last;
      await happensWithin(`${name} has all ${last} acknowledged rows`, 5_000, applied);
    }
  });

  it('a replica cut off the network does not stop writes, and is a member and streams within 15 s of its return', async () => {
    const network = `${project.prefix}-network`;
    const replica = project.container('replica2');
    const seen = async () => project.sql('primary', 'select state from pgraft_get_nodes() where node_id = 3');
    await docker('network', 'disconnect', network, replica);
    await happensWithin('the leader misses it', 10_000, async () => (await seen()) === 'unreachable');
    await project.sql('primary', 'insert into ledger values (1002)');
    const { status, stdout } = await project.npm('status');
    expect(status).toBe(1);
    expect(stdout).toContain(`docker network connect ${network} ${replica} brings it back`);
    await docker('network', 'connect', network, replica);
    const streams = `select count(${all}) from pg_stat_replication where application_name like 'replica2%' and state = 'streaming'`;
    const back = async () => (await seen()) === 'follower' && (await project.sql('primary', streams)) === '1';
    report('back after network connect', (await happensWithin('it follows and streams', 15_000, back)).took);
    const caughtUp = async () => (await project.sql('replica2', 'select 1 from ledger where entry = 1002')) === '1';
    await happensWithin('it has what was written meanwhile', 15_000, caughtUp);
    await healthy(15_000);
  });

  it('a server whose container was removed comes back with its volume by npm start; the others are not touched', async () => {
    const before = {
      primary: await idOf('primary'),
      replica1: await idOf('replica1'),
      replica2: await idOf('replica2'),
    };
    await docker('rm', '--force', project.container('replica1'));
    await project.sql('primary', 'insert into ledger values (1003)');
    const lost = await project.npm('status');
    expect(lost).toMatchObject({ status: 1, stdout: expect.stringMatching(/^\S+-replica1 +: missing$/m) as string });
    const ended = await project.start();
    expect(ended.status, ended.output).toBe(0);
    expect(await idOf('replica1')).not.toBe(before.replica1);
    expect({ primary: await idOf('primary'), replica2: await idOf('replica2') }).toEqual({
      primary: before.primary,
      replica2: before.replica2,
    });
    expect((await project.npm('status')).status).toBe(0);
    expect(await project.sql('replica1', 'select min(entry) from ledger')).toBe('1');
    const log = (await run('docker', ['logs', project.container('replica1')])).output;
    expect(log, 'it kept its data and copied nothing').not.toContain('there is no data yet');
  });

  it('docker restart of any server keeps its data, and the cluster is healthy again', async () => {
    for (const name of ['replica2', 'primary']) {
      const before = await rows(name);
      await docker('restart', project.container(name));
      report(`healthy after docker restart of ${name}`, (await healthy(15_000)).took);
      expect(await rows(name)).toBe(before);
    }
  });

  it('a stranger on its network without the key, or with a wrong one, is no member and changes no term', async () => {
    const image = await docker('inspect', '--format', '{{.Config.Image}}', primary());
    const group = 'select current_term, leader_id, num_nodes from pgraft_get_cluster_status()';
    const members = 'select node_id, name, address from pgraft_get_nodes() order by 1';
    const before = [await project.sql('primary', group), await project.sql('primary', members)];
    const strangers = [
      await Stranger.join(project, image, 'keyless', undefined),
      await Stranger.join(project, image, 'wrongkey', 'f'.repeat(64)),
    ];
    try {
      // one without a key never starts; the other one must have tried often before anything is concluded
      const often = /connection with \S+ refused: not authenticated.* \(\d{2,} more since the last such line\)/;
      const tried = async () => often.test((await run('docker', ['logs', project.container('wrongkey')])).output);
      await happensWithin('the stranger with a wrong key is refused again and again', 30_000, tried);
      expect(await strangers[0]?.state()).toMatch(/configured=no/);
      expect([await project.sql('primary', group), await project.sql('primary', members)]).toEqual(before);
    } finally {
      for (const stranger of strangers) await stranger.leave();
    }
    await healthy(5_000);
  });
});

/** Inserts entries 10001, 10002, ... one commit each, until its connection breaks; counts those that were acknowledged. */
class Recorder {
  acknowledged = 0;
  readonly ended: Promise<number>;

  private constructor(private readonly client: pg.Client) {
    this.ended = this.#record();
  }

  static async open(project: ClusterProject): Promise<Recorder> {
    const address = (await project.npm('url')).stdout.trim();
    const password = decodeURIComponent(new URL(address.replace(/,[^/]+/, '')).password);
    await project.sql('primary', 'grant all on table ledger to app');
    const about = { host: '127.0.0.1', port: project.ports.postgres, user: 'app', database: 'postgres' };
    const client = new pg.Client({ ...about, password, connectionTimeoutMillis: 5_000 });
    // a broken connection shows in the query under way
    client.on('error', () => undefined);
    await client.connect();
    return new Recorder(client);
  }

  async #record(): Promise<number> {
    try {
      for (;;) {
        await this.client.query('insert into ledger values ($1)', [10001 + this.acknowledged]);
        this.acknowledged += 1;
      }
    } catch {
      return this.acknowledged;
    }
  }
}

/** A container of the node image on the cluster's network that was not declared. */
class Stranger {
  private constructor(private readonly container: string) {}

  static async join(project: ClusterProject, image: string, name: string, key: string | undefined): Promise<Stranger> {
    const container = project.container(name);
    const port = project.ports.raft + 2;
    const env = {
      PGRAFT_NODE_ID: '3',
      PGRAFT_NAME: 'replica2',
      PGRAFT_LISTEN_ADDRESS: `0.0.0.0:${port}`,
      PGRAFT_ADVERTISE_ADDRESS: `${container}:${port}`,
    };
    const options = Object.entries(env).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]);
    const place = ['--network', `${project.prefix}-network`, '--name', container, '--hostname', container];
    await docker('run', '--detach', ...place, ...options, image);
    const stranger = new Stranger(container);
    if (key !== undefined) await stranger.configure(project, key);
    return stranger;
  }

  async state(): Promise<string> {
    return docker('exec', this.container, 'pgraft-node', 'state');
  }

  async leave(): Promise<void> {
    await docker('rm', '--force', '--volumes', this.container);
  }

  /** As the bootstrap does, but with another key: it has the token, and claims to be one of the members. */
  private async configure(project: ClusterProject, key: string): Promise<void> {
    const { raft } = project.ports;
    const lines = [
      `initial_cluster=primary=${project.container('primary')}:${raft},replica1=${project.container('replica1')}:${raft + 1},replica2=${this.container}:${raft + 2}`,
      `raft_key=${key}`,
      'superuser_password=stranger',
      'replication_password=stranger',
      'application_password=stranger',
      'formation_token=stranger',
    ];
    const configure = `printf '%s\\n' "$@" | pgraft-node configure && pgraft-node initialize`;
    const answers = async () => (await run('docker', ['exec', this.container, 'pgraft-node', 'state'])).status === 0;
    await happensWithin('the stranger answers', 20_000, answers);
    await docker('exec', this.container, 'bash', '-c', configure, 'configure', ...lines);
  }
}
