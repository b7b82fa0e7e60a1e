import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../scripts/kit/clock.js';
import { found, notYet, waitUntil } from '../../../scripts/kit/wait.js';
import { docker, NodeContainer, secrets, setUp, tearDown } from './node-container.js';

const data = '/var/lib/postgresql/17/main';
const running = { phase: 'running', data: 'present', incarnation: 'match' };

const primary = new NodeContainer('primary', 1, { healthcheck: true });
const replica = new NodeContainer('replica1', 2);

/** What must be the same as long as the volume is. */
const identity = () => ({
  system: primary.state()['system_identifier'],
  incarnation: primary.exec(['cat', `${data}/pgraft.incarnation`]),
  roles: primary.sql("SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^pg_'"),
});

let first: ReturnType<typeof identity>;

beforeAll(async () => {
  setUp();
  primary.create();
  await primary.reaches({ phase: 'waiting', data: 'none' });
});
afterAll(() => {
  primary.dispose();
  replica.dispose();
  tearDown();
});

describe('a first server', () => {
  it('waits, unhealthy and with a reason, until it is asked for', () => {
    expect(primary.state()).toMatchObject({
      configured: 'no',
      message: expect.stringContaining('no data yet') as string,
    });
    const { status, stderr } = primary.attempt(['pgraft-node', 'health']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^pgraft-node: PostgreSQL does not run: waiting; no data yet/);
  });

  it('makes its data when it is asked to', async () => {
    primary.configure();
    const started = Date.now();
    primary.exec(['pgraft-node', 'initialize']);
    await primary.reaches(running);
    console.info(`initialize to accepting connections: ${Date.now() - started} ms`);
    first = identity();
  });

  it('has checksums, the roles, the database and the extension, and is in recovery', () => {
    expect(primary.sql('SHOW data_checksums')).toBe('on');
    expect(primary.sql('SELECT pg_is_in_recovery()')).toBe('t');
    expect(first.roles).toBe('app,pgraft_admin,pgraft_replication,postgres');
    for (const database of ['postgres', 'app', 'template1']) {
      expect(primary.sql("SELECT count(*) FROM pg_extension WHERE extname = 'pgraft'", database), database).toBe('1');
    }
    expect(primary.sql("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'app'")).toBe('app');
    expect(primary.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'pgraft_admin'")).toBe('f');
    expect(primary.sql("SELECT count(*) FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'")).toBe('3');
  });

  it('confirms no commit and streams from nobody by itself', () => {
    expect(primary.sql('SHOW synchronous_standby_names')).toBe('ANY 1 ("pgraft_nobody")');
    expect(primary.sql('SHOW primary_conninfo')).toBe('');
    expect(primary.sql('SHOW restart_after_crash')).toBe('off');
  });

  it.each([
    ['app', 'app', secrets.application_password],
    ['postgres', 'postgres', secrets.superuser_password],
  ])('lets %s in over TCP with the password only', (user, database, password) => {
    const uri = `host=${primary.hostname} user=${user} dbname=${database}`;
    const command = (pass: string) => ['env', `PGPASSWORD=${pass}`, 'psql', '-XAtqc', 'SELECT 1', uri];
    expect(primary.attempt(command(password))).toMatchObject({ status: 0, stdout: '1\n' });
    expect(primary.attempt(command('wrong')).stderr).toContain('password authentication failed');
  });

  it('shows no secret in its log, its definition, its command lines or its configuration', () => {
    const shown = [
      primary.log(),
      primary.inspect('{{json .}}'),
      primary.exec(['sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"']),
      primary.exec(['cat', '/etc/postgresql/17/main/postgresql.conf']),
    ].join('\n');
    for (const secret of Object.values(secrets)) expect(shown).not.toContain(secret);
  });

  it('writes its log to the container output and to the file', async () => {
    const line = 'database system is ready to accept read-only connections';
    await primary.logs(line);
    expect(primary.exec(['cat', '/var/log/postgresql/postgresql-17-main.log'])).toContain(line);
  });

  it('refuses to be initialized again', () => {
    const { status, stderr } = primary.attempt(['pgraft-node', 'initialize']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^pgraft-node: there is data in .*; nothing was changed/);
  });
});

describe('the health check of the image', () => {
  it('finds the server healthy', async () => {
    const probe = () => {
      const health = primary.inspect('{{.State.Health.Status}} {{range .State.Health.Log}}{{.Output}} {{end}}');
      return Promise.resolve(health.startsWith('healthy') ? found(undefined) : notYet(health));
    };
    const fix = 'the health check says why in its output';
    await waitUntil('the container to be healthy', probe, { deadline: 20_000, fix, clock: systemClock });
    expect(primary.attempt(['pgraft-node', 'health'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

describe('a second server', () => {
  it('shows a failed copy, tries again, and clones from a server in recovery', async () => {
    replica.create();
    await replica.reaches({ phase: 'waiting' });
    replica.configure();
    replica.exec(['pgraft-node', 'clone', primary.hostname, '5499']);
    const message =
      /^copying the data of \S+:5499 failed \(connection to server at .* Connection refused\); it is tried again$/;
    await replica.reaches({ phase: 'cloning', data: 'none', message });

    replica.exec(['pgraft-node', 'clone', primary.hostname, '5432']);
    const state = await replica.reaches(running);
    expect(state['system_identifier']).toBe(first.system);
    expect(replica.exec(['cat', `${data}/pgraft.incarnation`])).not.toBe(first.incarnation);
    expect(replica.attempt(['test', '-e', `${data}/backup_label`]).status).toBe(1);
    expect(replica.sql('SELECT pg_is_in_recovery()')).toBe('t');
  });

  it('has its own name, not that of the server it came from', () => {
    expect(replica.sql('SHOW cluster_name')).toBe('replica1');
    expect(replica.sql('SHOW pgraft.node_id')).toBe('2');
  });
});

describe('the data survives', () => {
  it('docker stop, which takes less than 5 s and ends with status 0', async () => {
    const started = Date.now();
    docker(['stop', primary.hostname]);
    const took = Date.now() - started;
    console.info(`docker stop: ${took} ms`);
    expect(took).toBeLessThan(5_000);
    expect(primary.inspect('{{.State.ExitCode}}')).toBe('0');
    expect(primary.log()).toMatch(/database system is shut down\n.*node primary has stopped\n$/);
    docker(['start', primary.hostname]);
    await primary.reaches(running);
    expect(identity()).toEqual(first);
  });

  it('docker restart', async () => {
    docker(['restart', primary.hostname]);
    await primary.reaches(running);
    expect(identity()).toEqual(first);
  });

  it('docker kill', async () => {
    docker(['kill', primary.hostname]);
    docker(['start', primary.hostname]);
    await primary.reaches(running);
    expect(identity()).toEqual(first);
  });

  it('a removed container', async () => {
    primary.removeContainer();
    primary.create();
    await primary.reaches(running);
    expect(identity()).toEqual(first);
  });
});

describe('a volume in use', () => {
  it('is left alone by a second container until the first one has gone', async () => {
    const second = new NodeContainer('second', 1, { volume: primary.volume });
    try {
      second.create();
      await second.reaches({
        phase: 'starting',
        message: 'another container uses this volume; waits 30 s for its end',
      });
      expect(second.attempt(['pgrep', '-x', 'postgres']).status).toBe(1);
      docker(['kill', primary.hostname]);
      await second.reaches(running);
    } finally {
      second.removeContainer();
      docker(['start', primary.hostname]);
    }
    await primary.reaches(running);
    expect(identity()).toEqual(first);
  });
});

describe('R8: whatever ends PostgreSQL, it comes back as a standby', () => {
  const postmaster = () => primary.exec(['head', '-n1', `${data}/postmaster.pid`]).trim();

  it.each([
    ['the postmaster is killed', () => postmaster()],
    ['a server process is killed', () => primary.exec(['pgrep', '-f', 'postgres: primary: checkpointer']).trim()],
  ])('when %s', async (_, victim) => {
    const before = postmaster();
    const logged = primary.log().length;
    const started = Date.now();
    primary.exec(['kill', '-9', victim()]);
    await primary.logs('database system is ready to accept read-only connections', logged);
    console.info(`killed to accepting connections: ${Date.now() - started} ms`);
    await primary.reaches(running);
    expect(postmaster()).not.toBe(before);
    expect(primary.sql('SELECT pg_is_in_recovery()')).toBe('t');
    expect(primary.inspect('{{.RestartCount}}')).toBe('0');
  });
});
