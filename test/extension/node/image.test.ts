/** What was left out of the image is missed by nobody: it is a whole PostgreSQL for its users. Seen in a plain server, without pgraft. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { ensureImage } from '../../support/image.js';
import { docker } from '../../support/node-container.js';

const container = `pgimage-${process.pid}`;
const image = ensureImage();
const limit = 250_000_000;

/** A command of bash in the container, as the image's user, that must work. */
const bash = (script: string) => docker(['exec', container, 'bash', '-Eeuo', 'pipefail', '-c', script]).trimEnd();
const lines = (text: string) => text.split('\n').filter((line) => line !== '');
/** Several statements, each in its own transaction; columns separated by `|`. */
const sql = (text: string, database = 'postgres') =>
  docker(['exec', '-i', container, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database], text).trimEnd();

/** Rows of `values` in the order of a collation, joined. */
const sorted = (values: readonly string[], collation: string, database?: string) => {
  const rows = values.map((value) => `('${value}')`).join(',');
  return sql(`select string_agg(v, ' ' order by v ${collation}) from (values ${rows}) as t (v)`, database);
};

beforeAll(async () => {
  const initialize = 'initdb --no-sync --data-checksums --pgdata=/tmp/source >/dev/null';
  const serve = 'exec postgres -D /tmp/source -c fsync=off';
  const script = `${initialize} && ${serve}`;
  const entry = ['--entrypoint', 'tini', image, '--', 'bash', '-c', script];
  docker(['run', '--detach', '--name', container, '--network', 'none', ...entry]);
  const accepts = () => spawnSync('docker', ['exec', container, 'pg_isready']).status;
  await eventually('the plain server to accept connections', accepts, (status) => status === 0, 30_000);
});
afterAll(() => {
  spawnSync('docker', ['rm', '--force', '--volumes', container]);
});

describe('the image', () => {
  it('takes less than 250 MB', () => {
    const bytes = Number(docker(['image', 'inspect', '--format', '{{.Size}}', image]));
    console.info(`the image takes ${(bytes / 1e6).toFixed(0)} MB`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(limit);
  });

  it('runs as postgres, who is not root and cannot become it', () => {
    expect(docker(['image', 'inspect', '--format', '{{.Config.User}}', image]).trim()).toBe('postgres');
    expect(bash('id -un; id -u')).toBe('postgres\n999');
    // neither a program that changes the user, nor a place of the system's to write to
    expect(lines(bash('command -v sudo doas || true'))).toEqual([]);
    expect(bash('for place in /usr/bin /usr/lib /usr/local/lib /etc; do test ! -w $place; done; echo read-only')).toBe(
      'read-only',
    );
  });

  it('has no compiler', () => {
    const compilers = 'cc c89 c99 gcc g++ c++ clang tcc as ld make rustc go cpp';
    // type -P says which it finds, and ends with 1 when it misses one
    expect(bash(`type -P ${compilers} || true`)).toBe('');
    expect(bash("find /usr -name 'cc1*' -o -name 'libLLVM*' -o -path '/usr/include/*.h'")).toBe('');
  });

  it('has all files of Debian’s package but JIT and manuals, and every library that they need', () => {
    const missing = lines(
      bash('dpkg -L postgresql-17 postgresql-client-17 | while read -r f; do test -e "$f" || echo "$f"; done'),
    );
    const leftOut = /bitcode|llvmjit|\/share\/(man|doc|locale)\/|^\/usr\/share\/postgresql\/17\/man(\/|$)/;
    expect(missing.some((file) => file.includes('llvmjit'))).toBe(true);
    expect(missing.filter((file) => !leftOut.test(file))).toEqual([]);
    const libraries = 'ldd /usr/lib/postgresql/17/bin/* /usr/lib/postgresql/17/lib/*.so';
    expect(Number(bash(`${libraries} | grep -c libc.so.6`))).toBeGreaterThan(80);
    expect(bash(`${libraries} | grep 'not found' || true`)).toBe('');
  });
});

describe('a server of the image', () => {
  it('can create every contrib extension', () => {
    const controls = lines(bash("dpkg -L postgresql-17 | sed -n 's|.*/extension/\\(.*\\)[.]control$|\\1|p'"));
    expect(controls.length).toBeGreaterThanOrEqual(40);
    expect(controls).toEqual(expect.arrayContaining(['hstore', 'pg_stat_statements', 'pgcrypto', 'postgres_fdw']));
    sql('create database contrib');
    // creating loads the library, and so misses none that it is linked with
    sql(controls.map((name) => `create extension if not exists "${name}" cascade;`).join('\n'), 'contrib');
    const created = lines(sql('select extname from pg_extension order by 1', 'contrib'));
    expect(created).toEqual([...controls].sort());
    expect(sql("select xpath_string('<a><b>7</b></a>', '/a/b')", 'contrib')).toBe('7');
    expect(sql("select crypt('secret', gen_salt('bf', 4)) like '$2a$04$%'", 'contrib')).toBe('t');
    expect(sql('select uuid_generate_v1() <> uuid_generate_v4()', 'contrib')).toBe('t');
  });

  it('loads the modules that are no extensions', () => {
    for (const name of ['auto_explain', 'auth_delay', 'passwordcheck', 'basic_archive']) sql(`load '${name}'`);
    const slot = "pg_create_logical_replication_slot('s', 'test_decoding', temporary => true)";
    expect(sql('show wal_level')).toBe('replica');
    // refused for the level only: the plug-in itself is there
    expect(() => sql(`select ${slot}`)).toThrow('logical decoding requires "wal_level" >= "logical"');
    expect(bash('ls /usr/lib/postgresql/17/lib/test_decoding.so')).toContain('test_decoding.so');
  });

  it('goes without JIT, silently', () => {
    const query = 'set jit = on; set jit_above_cost = 0; select sum(i) from generate_series(1, 1000) as g (i)';
    expect(sql(`${query}; select pg_jit_available()`)).toBe('500500\nf');
  });

  it('has the locales C, C.UTF-8 and en_US.UTF-8', () => {
    const orders = { C: 'B a c', 'C.UTF-8': 'B a c', 'en_US.UTF-8': 'a B c' };
    for (const [locale, order] of Object.entries(orders)) {
      const name = `"in ${locale}"`;
      sql(`create database ${name} template template0 encoding 'UTF8' lc_collate '${locale}' lc_ctype '${locale}'`);
      expect(sorted(['c', 'B', 'a'], '', `in ${locale}`), locale).toBe(order);
      // beyond ASCII, which C leaves alone
      expect(sql("select upper('ä')", `in ${locale}`), locale).toBe(locale === 'C' ? 'ä' : 'Ä');
    }
    expect(
      sql("select to_char(date '2026-03-01', 'TMMonth'), to_char(-1234.5, 'L9G999D9')", 'in en_US.UTF-8'),
    ).toContain('March');
  });

  it('sorts with ICU', () => {
    const words = ['z', 'ä', 'a', 'o', 'ö'];
    expect(sorted(words, 'collate "de-x-icu"')).toBe('a ä o ö z');
    // the Swedes sort them behind z, so it is not just any order
    expect(sorted(words, 'collate "sv-x-icu"')).toBe('a o z ä ö');
    sql(
      `create database icu template template0 locale_provider icu icu_locale 'de-DE' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'`,
    );
    expect(sorted(words, '', 'icu')).toBe('a ä o ö z');
    expect(Number(sql("select count(*) from pg_collation where collprovider = 'i'"))).toBeGreaterThan(700);
  });

  it('knows time zones and full-text search', () => {
    expect(sql("select timestamptz '2026-07-01 12:00 Europe/Berlin' at time zone 'UTC'")).toBe('2026-07-01 10:00:00');
    expect(sql("select to_tsvector('english', 'running servers'), to_tsvector('german', 'laufende Server')")).toBe(
      "'run':1 'server':2|'laufend':1 'serv':2",
    );
  });
});

describe('the programs of the image', () => {
  const accounts = 'select count(*), sum(aid) from pgbench_accounts';

  beforeAll(() => {
    bash('createdb bench && pgbench --quiet -i -s 1 bench 2>/dev/null');
  });

  it('pgbench, vacuumdb and reindexdb work', () => {
    expect(bash('pgbench -c 2 -j 2 -t 20 bench 2>/dev/null')).toContain(
      'number of transactions actually processed: 40/40',
    );
    expect(bash('pgbench -n -t 5 -S -M prepared bench 2>/dev/null')).toContain('5/5');
    bash('vacuumdb --analyze --jobs=2 bench 2>/dev/null && reindexdb bench');
    expect(
      sql("select last_vacuum is not null from pg_stat_user_tables where relname = 'pgbench_accounts'", 'bench'),
    ).toBe('t');
    expect(
      bash('clusterdb bench && pg_amcheck --install-missing bench && vacuumlo bench && oid2name | grep -c bench'),
    ).toBe('1');
  });

  it('pg_dump, pg_restore and pg_dumpall bring back what they took', () => {
    const before = sql(accounts, 'bench');
    expect(before).toMatch(/^100000\|/);
    bash(
      'pg_dump --format=custom --file=/tmp/bench.dump bench && createdb restored && pg_restore --dbname=restored /tmp/bench.dump',
    );
    expect(sql(accounts, 'restored')).toBe(before);
    for (const method of ['zstd', 'lz4', 'gzip']) {
      bash(`pg_dump --format=directory --compress=${method} --file=/tmp/${method}.dump --jobs=2 bench`);
      expect(bash(`pg_restore --list /tmp/${method}.dump | grep -c 'TABLE DATA'`)).toBe('4');
    }
    expect(bash('pg_dumpall --exclude-database="in *" | grep -c "^CREATE DATABASE bench"')).toBe('1');
  });

  it('pg_basebackup, pg_verifybackup and pg_combinebackup copy a server', () => {
    bash(
      'pg_basebackup --no-sync --pgdata=/tmp/copy --wal-method=stream --checkpoint=fast && pg_verifybackup --quiet /tmp/copy',
    );
    bash('pg_combinebackup --no-sync --output=/tmp/combined /tmp/copy && pg_verifybackup --quiet /tmp/combined');
    bash('pg_basebackup --no-sync --pgdata=/tmp/tar --format=tar --compress=server-zstd --checkpoint=fast');
    expect(bash('ls /tmp/tar')).toContain('base.tar.zst');
    expect(bash("pg_controldata /tmp/copy | grep 'pg_control version'")).toMatch(/1700$/);
  });

  it('pg_rewind brings a server that went its own way back to the other’s history', async () => {
    // the same data is started twice, and both write: one of them has to give up what it wrote
    bash('pg_basebackup --no-sync --pgdata=/tmp/fork --write-recovery-conf --checkpoint=fast');
    const server = (action: string) =>
      bash(`pg_ctl --pgdata=/tmp/fork --wait --log=/tmp/fork.log --options='-p 5433' ${action}`);
    server('start');
    // pg_rewind needs a checkpoint that both have, in WAL that the copy still has
    const common = sql('checkpoint; select pg_current_wal_flush_lsn()');
    const replayed = () => bash(`psql -XAtqp 5433 -c "select pg_last_wal_replay_lsn() >= '${common}'"`);
    await eventually('the copy to replay the checkpoint', replayed, (seen) => seen === 't', 20_000);
    server('promote');
    bash(`psql -qp 5433 -c 'create table only_here (i int)'`);
    sql('create table only_there (i int)');
    server('stop');
    bash(`pg_rewind --no-sync --target-pgdata=/tmp/fork --source-server='dbname=postgres' --write-recovery-conf`);
    server('start');
    const tables = `psql -XAtqp 5433 -c "select relname from pg_class where relname like 'only%'"`;
    expect(bash(tables)).toBe('only_there');
    server('stop');
  });

  it('psql also works in a login shell, where Debian’s wrappers come first', () => {
    expect(docker(['exec', container, 'bash', '-lc', "psql -XAtc 'select 6 * 7'"]).trim()).toBe('42');
    expect(
      docker(['exec', container, 'bash', '-lc', 'pg_dump --schema-only bench | grep -c "CREATE TABLE"']).trim(),
    ).toBe('4');
  });
});
