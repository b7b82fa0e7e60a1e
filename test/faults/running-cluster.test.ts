import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { happensWithin } from '../support/eventually.js';
import { readUrl } from '../support/primary-connection.js';
import { docker, run } from '../support/shell.js';
import { WriteLoad } from '../support/write-load.js';
import { findLost, rangesQuery } from '../support/write-record.js';
import { connectionUrls } from './connection-urls.js';

const names = ['primary', 'replica1', 'replica2'];
const all = '*';

describe('a running cluster:', () => {
  let project: ClusterProject;
  /** The server that accepts writes now; no name says which. */
  const primary = async () => {
    const accepts = async (name: string) =>
      (await project.sql(name, 'select writable from pgraft_get_cluster_status()').catch(() => 'f')) === 't';
    const look = async () => {
      const answers = await Promise.all(names.map(accepts));
      return names.find((_, index) => answers[index]);
    };
    return (await happensWithin('a server accepts writes', 15_000, look)).value;
  };
  const write = async (entry: number) => project.sql(await primary(), `insert into ledger values (${entry})`);
  const others = (than: string) => names.filter((name) => name !== than);
  const healthy = async (milliseconds: number) =>
    happensWithin('the cluster is healthy again', milliseconds, async () => (await project.npm('status')).status === 0);
  const rows = async (name: string) => Number(await project.sql(name, `select count(${all}) from ledger`));
  const idOf = async (name: string) => docker('inspect', '--format', '{{.Id}}', project.container(name));
  const report = (what: string, took: number) => {
    console.info(`${what}: ${took} ms`);
  };

  const underLoad = async () => WriteLoad.begin({ ...readUrl((await project.npm('url')).stdout), pace: 5 });

  /** Every row that `load` was told of is on every server. */
  const nothingMissing = async (load: WriteLoad) => {
    const missing = async (name: string) => {
      const lines = (await project.sql(name, rangesQuery, 'app')).split('\n');
      const present = lines.map((line) => {
        const [first = 0, last = 0, count = 0] = line.split('|').map(Number);
        return { first, last, rows: count };
      });
      return findLost(load.acknowledgedWrites(), present).length;
    };
    for (const name of names) {
      const complete = async () => (await missing(name)) === 0;
      await happensWithin(`${name} has all ${load.acknowledged} acknowledged rows`, 5_000, complete);
    }
  };

  beforeAll(async () => {
    project = await ClusterProject.open();
    const started = await project.start();
    if (started.status !== 0) throw new Error(`npm start failed:\n${started.output}\n${await project.logs()}`);
    await project.sql('primary', 'create table ledger (entry int primary key)');
    await project.sql('primary', 'insert into ledger select generate_series(1, 1000)');
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it('another server leads within 3 s of docker stop of the primary, reads and writes go on', async () => {
    const remaining = others('primary');
    const leader = async () => {
      const sql = 'select leader_id, state from pgraft_get_cluster_status()';
      const told = await Promise.all(remaining.map(async (name) => (await project.sql(name, sql)).split('|')));
      const [first, second] = told.map(([id]) => Number(id));
      return first === second && first !== 1 && first !== 0 && told.some(([, state]) => state === 'leader') && first;
    };
    const [elected] = await Promise.all([
      happensWithin('another server leads', 3_000, leader),
      docker('stop', project.container('primary')),
    ]);
    report('another leader after docker stop', elected.took);
    for (const name of remaining) expect(await rows(name)).toBe(1000);
    await write(1001);
    const { status, stdout } = await project.npm('status');
    expect(status).toBe(1);
    expect(stdout).toContain(`Leader: Node ${elected.value}`);
  });

  it('the old primary has what was written meanwhile, as a standby, within 15 s of docker start', async () => {
    await docker('start', project.container('primary'));
    const caughtUp = async () => (await project.sql('primary', 'select 1 from ledger where entry = 1001')) === '1';
    report('caught up after docker start', (await happensWithin('it has the row', 15_000, caughtUp)).took);
    expect(await project.sql('primary', 'select role from pgraft_get_cluster_status()')).toBe('standby');
    await healthy(10_000);
  });

  it('after all three were killed at work it is healthy within 15 s of their start, with every acknowledged row', async () => {
    const load = await underLoad();
    try {
      await happensWithin('writes are under way', 5_000, async () => Promise.resolve(load.acknowledged > 100));
      await docker('kill', ...names.map((name) => project.container(name)));
      await docker('start', ...names.map((name) => project.container(name)));
      report('healthy after all were killed', (await healthy(15_000)).took);
    } finally {
      await load.end();
    }
    await nothingMissing(load);
  });

  it('npm run drill under a write load: exit 0 with the time of each step, and no acknowledged row is lost', async () => {
    const load = await underLoad();
    const before = await primary();
    try {
      await happensWithin('writes are under way', 5_000, async () => Promise.resolve(load.acknowledged > 100));
      const { status, output } = await project.npm('drill');
      console.info(output);
      expect(status, output).toBe(0);
      for (const step of ['1', '2', '3', '4', '5'])
        expect(output).toMatch(new RegExp(`${step}\\. .*\\d+(\\.\\d+)?m?s`));
      const already = load.acknowledged;
      await happensWithin('writes go on', 5_000, async () => Promise.resolve(load.acknowledged > already));
    } finally {
      await load.end();
    }
    expect(await primary()).not.toBe(before);
    await nothingMissing(load);
  });

  it('a standby cut off the network does not stop writes, and is a member and streams within 15 s of its return', async () => {
    const network = `${project.prefix}-network`;
    const leading = await primary();
    const [cutOff = ''] = others(leading);
    const replica = project.container(cutOff);
    const seen = async () => project.sql(leading, `select state from pgraft_get_nodes() where name = '${cutOff}'`);
    await docker('network', 'disconnect', network, replica);
    await happensWithin('the leader misses it', 10_000, async () => (await seen()) === 'unreachable');
    await write(1002);
    const { status, stdout } = await project.npm('status');
    expect(status).toBe(1);
    expect(stdout).toContain(`docker network connect ${network} ${replica} brings it back`);
    await docker('network', 'connect', network, replica);
    const streams = `select count(${all}) from pg_stat_replication where application_name like '${cutOff}%' and state = 'streaming'`;
    const back = async () => (await seen()) === 'follower' && (await project.sql(leading, streams)) === '1';
    report('back after network connect', (await happensWithin('it follows and streams', 15_000, back)).took);
    const caughtUp = async () => (await project.sql(cutOff, 'select 1 from ledger where entry = 1002')) === '1';
    await happensWithin('it has what was written meanwhile', 15_000, caughtUp);
    await healthy(15_000);
  });

  it('a server whose container was removed comes back with its volume by npm start; the others are not touched', async () => {
    const [removed = '', ...kept] = others(await primary());
    kept.push(await primary());
    const ids = async (servers: string[]) => Promise.all(servers.map(idOf));
    const [before, keptBefore] = [await idOf(removed), await ids(kept)];
    await docker('rm', '--force', project.container(removed));
    await write(1003);
    const lost = await project.npm('status');
    expect(lost.status).toBe(1);
    expect(lost.stdout).toMatch(new RegExp(`^\\S+-${removed} +: missing$`, 'm'));
    const ended = await project.start();
    expect(ended.status, ended.output).toBe(0);
    expect(await idOf(removed)).not.toBe(before);
    expect(await ids(kept)).toEqual(keptBefore);
    expect((await project.npm('status')).status).toBe(0);
    expect(await project.sql(removed, 'select min(entry) from ledger')).toBe('1');
    const log = (await run('docker', ['logs', project.container(removed)])).output;
    expect(log, 'it kept its data and copied nothing').not.toContain('there is no data yet');
  });

  it('docker restart of any server keeps its data, and the cluster is healthy again', async () => {
    for (const name of [others(await primary())[0] ?? '', await primary()]) {
      const before = await rows(name);
      await docker('restart', project.container(name));
      report(`healthy after docker restart of ${name}`, (await healthy(15_000)).took);
      expect(await rows(name)).toBe(before);
    }
  });

  it('a stranger on its network without the key, or with a wrong one, is no member and changes no term', async () => {
    const image = await docker('inspect', '--format', '{{.Config.Image}}', project.container('primary'));
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

  connectionUrls(() => project);
});

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
