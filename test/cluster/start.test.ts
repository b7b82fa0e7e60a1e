import { stripVTControlCharacters } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { docker, dockerLines, type Ended } from '../support/shell.js';
import { ctrlC, openTerminal } from '../support/terminal.js';

const names = ['primary', 'replica1', 'replica2'];

/** The blocks of the reference page. Its names are shorter than ours, so the column of the colons is not compared. */
const referenceBlocks = `\
=== Container Status ===
pgraft-primary : running
pgraft-replica1 : running
pgraft-replica2 : running

=== PostgreSQL Status ===
pgraft-primary : accepting connections (primary)
pgraft-replica1 : accepting connections (replica)
pgraft-replica2 : accepting connections (replica)

=== Raft Status ===
Node 1 (primary) : state=leader, term=1
Node 2 (replica1) : state=follower, term=1
Node 3 (replica2) : state=follower, term=1

Leader: Node 1
`;

describe('npm start makes a cluster of three, and', () => {
  let project: ClusterProject;
  let started: Ended;
  const containers = () => names.map((name) => project.container(name));
  const ids = async () => docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...containers());
  const terminal = (columns: number) => ({ cwd: project.directory, columns, rows: 60 });
  const asReference = (text: string) => text.replaceAll(project.prefix, 'pgraft').replaceAll(/ +:/g, ' :');

  beforeAll(async () => {
    project = await ClusterProject.open();
    started = await project.start();
    if (started.status !== 0) throw new Error(`npm start failed:\n${started.output}\n${await project.logs()}`);
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it('prints the status of the reference page, with node 1 leading in term 1 and two replicas streaming', () => {
    expect(asReference(started.stdout)).toContain(referenceBlocks);
    expect(
      started.stdout.match(/^\S+-replica[12] +: standby, timeline \d+, LSN \S+, lag .+, streaming \(quorum\)$/gm),
    ).toHaveLength(2);
    expect(started.stdout).toMatch(/^Commits are confirmed by: any 1 of replica1, replica2 \(in force\)$/m);
    expect(started.stdout).toMatch(/^Failover safe now: yes$/m);
    expect(started.stdout).toMatch(/^Cluster is healthy: 3 of 3 servers up/m);
  });

  it('publishes exactly the documented ports, on 127.0.0.1, and puts all servers on one network', async () => {
    const { postgres, raft } = project.ports;
    for (const [index, container] of containers().entries()) {
      expect((await dockerLines('port', container)).sort()).toEqual(
        [`5432/tcp -> 127.0.0.1:${postgres + index}`, `${raft + index}/tcp -> 127.0.0.1:${raft + index}`].sort(),
      );
    }
    const filter = ['--filter', `network=${project.prefix}-network`];
    expect((await dockerLines('ps', ...filter, '--format', '{{.Names}}')).sort()).toEqual(containers());
  });

  it('what is written on the primary is read on both replicas', async () => {
    await project.sql('primary', "create table test (id int, data text); insert into test values (1, 'hello')");
    for (const name of ['replica1', 'replica2']) {
      // acknowledged means flushed there, not yet applied: the replica says itself when it has caught up
      const lsn = await project.sql('primary', 'select pg_current_wal_flush_lsn()');
      const applied = `select pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn`;
      await expect.poll(async () => project.sql(name, applied), { timeout: 5_000 }).toBe('t');
      expect(await project.sql(name, 'select * from test')).toBe('1|hello');
    }
  });

  it('a second deploy changes nothing', async () => {
    const before = await ids();
    const ended = await project.cdktf('deploy', '*', '--auto-approve');
    expect(ended.status, ended.output).toBe(0);
    expect(ended.output.match(/No changes\./g)).toHaveLength(2);
    expect(await ids()).toBe(before);
    const again = await project.start();
    expect(again.status, again.output).toBe(0);
    expect(await ids()).toBe(before);
    console.info(
      `npm start ${started.milliseconds} ms, with nothing to do ${again.milliseconds} ms; cdktf deploy ${ended.milliseconds} ms`,
    );
  });

  it('cdktf diff finds no differences', async () => {
    const ended = await project.cdktf('diff', 'cluster');
    expect(ended.status, ended.output).toBe(0);
    expect(ended.output).toContain('found no differences');
  });

  it('npm run status gives the same as JSON, and exit status 0', async () => {
    const { status, stdout } = await project.npm('status', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      healthy: true,
      problems: [],
      leader: 1,
      primary: 1,
      term: 1,
      quorum: { voters: 3, up: 3, needed: 2, met: true },
      prefix: project.prefix,
      nodes: names.map((name, index) => ({
        id: index + 1,
        name,
        container: project.container(name),
        docker: { status: 'running' },
        endpoint: { host: '127.0.0.1', port: project.ports.postgres + index },
        postgres: { accepting: true, inRecovery: index > 0 },
        raft: { state: index === 0 ? 'leader' : 'follower', term: 1, leaderId: 1 },
      })),
      members: names.map((name, index) => ({ id: index + 1, name, voter: true })),
    });
  });

  it('with a standby stopped, status says which and ends with 1; npm start brings it back', async () => {
    await docker('stop', project.container('replica2'));
    const { status, stdout } = await project.npm('status');
    expect(status).toBe(1);
    expect(stdout).toContain(`- ${project.container('replica2')}: the container is exited since `);
    expect(stdout).toMatch(/^Cluster is not healthy: 2 of 3 servers up/m);
    const ended = await project.start();
    expect(ended.status, ended.output).toBe(0);
    expect((await project.npm('status')).status).toBe(0);
  });

  it('npm run logs shows what the servers said', async () => {
    const all = await project.npm('logs');
    expect(all.status).toBe(0);
    for (const name of names) expect(all.stdout).toMatch(new RegExp(`^${name} +\\| `, 'm'));
    const one = await project.npm('logs', 'replica1', '--tail', '3');
    expect(one.stdout.trimEnd().split('\n')).toHaveLength(3);
    const none = await project.npm('logs', 'replica9');
    expect(none).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('choose one of primary, replica1') as string,
    });
  });

  it('npm run logs -- --follow goes on with what all three say', async () => {
    const logs = openTerminal('node --import tsx scripts/logs.ts --follow --tail 1', terminal(120));
    try {
      await logs.until('a line of each', (text) => names.every((name) => text.includes(`${name} `)), 10_000);
      for (const [index, name] of names.entries())
        await project.sql(name, `select 'marked' || ${index} from nowhere`).catch(() => 0);
      const marks = [0, 1, 2].map((index) => `'marked' || ${index} from nowhere`);
      const text = await logs.until('what each said', (seen) => marks.every((mark) => seen.includes(mark)), 10_000);
      const places = marks.map((mark) => text.indexOf(mark));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      logs.type(ctrlC);
      await logs.end(5_000);
    } finally {
      logs.close();
    }
  });

  it.each([80, 40])('npm run status -- --watch draws again and again in %i columns, until Ctrl-C', async (columns) => {
    const watch = openTerminal('node --import tsx scripts/status.ts --watch', terminal(columns));
    const pictures = (text: string) => text.split('\x1b[H').slice(1);
    try {
      // the first says only what is read, the last may not be whole
      await watch.until('four pictures', (text) => pictures(text).length >= 4, 15_000);
      const [, shown = '', next = ''] = pictures(watch.output());
      for (const picture of [shown, next]) {
        const lines = stripVTControlCharacters(picture).split('\r\n');
        expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d UTC {2}healthy$/);
        expect(lines).toContain('=== Raft Status ===');
        expect(lines.filter((line) => line.length > columns)).toEqual([]);
        expect(picture).toContain('\x1b[32mrunning\x1b[39m');
        expect(picture).not.toContain('\x1b[2J');
      }
      watch.type(ctrlC);
      await watch.end(5_000);
      expect(watch.output()).toContain('\x1b[?1049l');
    } finally {
      watch.close();
    }
  });

  it('npm run psql opens the primary, or the server named', async () => {
    const query = ['--', '-XAtc', 'select pg_is_in_recovery()'];
    expect(await project.npm('psql', ...query)).toMatchObject({ status: 0, stdout: 'f\n' });
    expect(await project.npm('psql', 'replica1', ...query)).toMatchObject({ status: 0, stdout: 't\n' });
    expect((await project.npm('psql', '--', '-XAtc', 'select no_such_column')).status).toBe(1);
  });

  describe('npm run url', () => {
    const url = async (...args: string[]) => {
      const { status, stdout, stderr } = await project.npm('url', ...args);
      expect(status, stderr).toBe(0);
      return stdout.trim();
    };
    /** libpq, which knows several hosts, run on the host's network. */
    const libpq = async (address: string, sql: string) => {
      const image = await docker('inspect', '--format', '{{.Config.Image}}', project.container('primary'));
      const psql = ['--entrypoint', 'psql', image, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', sql, address];
      return docker('run', '--rm', '--network', 'host', ...psql);
    };
    const whoWhere = "select current_user || ' ' || inet_server_port() || ' ' || pg_is_in_recovery()";

    it('finds the primary also where it is listed last, as role app, which may write', async () => {
      const given = await url();
      const { postgres } = project.ports;
      const listed = names.map((_, index) => `127.0.0.1:${postgres + index}`);
      expect(given).toContain(`@${listed.join(',')}/app?target_session_attrs=read-write`);
      const reversed = given.replace(listed.join(','), listed.toReversed().join(','));
      expect(await libpq(reversed, whoWhere)).toBe('app 5432 false');
      expect(await libpq(reversed, 'create table mine (i int); insert into mine values (7); table mine')).toBe('7');
    });

    it('for reads lands on a standby', async () => {
      expect(await libpq(await url('--read-only'), whoWhere)).toBe('app 5432 true');
    });

    it('has a password without which nobody comes in', async () => {
      const { password, hostname } = new URL((await url()).replace(/,[^/]+/, ''));
      const connect = async (secret: string) => {
        const about = { host: hostname, port: project.ports.postgres, user: 'app', database: 'app' };
        const client = new pg.Client({ ...about, password: secret, connectionTimeoutMillis: 5_000 });
        try {
          await client.connect();
          return (await client.query<{ user: string }>('select current_user as user')).rows;
        } finally {
          await client.end();
        }
      };
      expect(await connect(decodeURIComponent(password))).toEqual([{ user: 'app' }]);
      await expect(connect('guess')).rejects.toThrow('password authentication failed');
    });
  });

  it('npm run destroy leaves nothing, and status then ends with 2', async () => {
    const destroyed = await project.npm('destroy', '--yes');
    expect(destroyed.status, destroyed.output).toBe(0);
    console.info(`npm run destroy ${destroyed.milliseconds} ms`);
    expect(await project.objects()).toEqual([]);
    const { status, stderr } = await project.npm('status');
    expect(status).toBe(2);
    expect(stderr).toContain(`there is no cluster ${project.prefix}`);
    for (const command of ['url', 'logs', 'psql']) {
      expect(await project.npm(command)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('npm start makes one') as string,
      });
    }
  });
});
