import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  declaredLimits,
  needsRestart,
  ownedPostgresSetting,
  postgresConfLines,
  splitPostgresSettings,
} from '../../constructs/postgres-settings.js';

/** What the first group of `pattern` finds in a file of this project. */
function namesIn(file: string, pattern: RegExp): string[] {
  const text = readFileSync(join(import.meta.dirname, '..', '..', file), 'utf8');
  return [...text.matchAll(pattern)].flatMap(([, name]) => name ?? []);
}

describe('PostgreSQL settings', () => {
  it('are written sorted and quoted, so that their order makes no difference', () => {
    expect(postgresConfLines({ work_mem: '8MB', log_line_prefix: "it's \\ %m " })).toBe(
      "log_line_prefix = 'it''s \\\\ %m '\nwork_mem = '8MB'",
    );
    expect(postgresConfLines({})).toBe('');
  });

  it('come back as they were when read as postgresql.conf reads them', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const quoted = postgresConfLines({ name: value }).slice("name = '".length, -1);
        expect(quoted.replaceAll("''", "'").replaceAll('\\\\', '\\')).toBe(value);
        expect(quoted.replaceAll("''", '')).not.toContain("'");
      }),
    );
  });

  it.each([
    ...['port', 'primary_conninfo', 'synchronous_standby_names', 'recovery_target_xid', 'fsync', 'wal_sender_timeout'],
    ...['include', 'include_dir', 'include_if_exists', 'pgraft.node_id', 'pgraft.key_file', 'pgraft.of_tomorrow'],
  ])('%s belongs to the cluster', (name) => {
    expect(ownedPostgresSetting(name)).toBeTypeOf('string');
  });

  it('of the extension are all decided: four are the user’s, the others belong to the cluster', () => {
    const defined = namesIn('image/pgraft/server/settings.c', /"(pgraft\.[a-z_]+)",\s+"/g);
    expect(defined.length).toBeGreaterThan(10);
    expect(defined.filter((name) => ownedPostgresSetting(name) === undefined).sort()).toEqual([
      'pgraft.election_timeout',
      'pgraft.heartbeat_interval',
      'pgraft.snapshot_threshold',
      'pgraft.trailing_entries',
    ]);
  });

  it('that a node writes for itself are all decided: these are mere defaults, the others belong to the cluster', () => {
    const written = namesIn('image/node/configuration.sh', /^ +setting ([a-z_.]+) /gm);
    expect(written.length).toBeGreaterThan(30);
    expect(written.filter((name) => ownedPostgresSetting(name) === undefined).sort()).toEqual([
      'default_text_search_config',
      'hot_standby_feedback',
      'jit',
      'log_line_prefix',
      'log_timezone',
      'max_slot_wal_keep_size',
      'max_wal_size',
      'min_wal_size',
      'timezone',
      'wal_keep_size',
      'wal_retrieve_retry_interval',
    ]);
  });

  it.each(['work_mem', 'max_connections', 'pgraft.election_timeout', 'constructor'])('%s is the user’s', (name) => {
    expect(ownedPostgresSetting(name)).toBeUndefined();
  });

  it.each(['shared_buffers', 'max_connections', 'wal_buffers', 'huge_pages', 'pgraft.election_timeout'])(
    '%s needs a restart',
    (name) => {
      expect(needsRestart(name)).toBe(true);
    },
  );

  it.each([
    'work_mem',
    'log_min_duration_statement',
    'max_wal_size',
    'log_connections',
    'jit',
    'auto_explain.log_analyze',
  ])('%s is taken by a reload', (name) => {
    expect(needsRestart(name)).toBe(false);
  });

  it('are split into what needs a restart and what a reload can take, none lost', () => {
    const settings = { work_mem: '8MB', shared_buffers: '64MB', 'pgraft.trailing_entries': '9', jit: 'on' };
    expect(splitPostgresSettings(settings)).toEqual({
      restart: { shared_buffers: '64MB', 'pgraft.trailing_entries': '9' },
      reloadable: { work_mem: '8MB', jit: 'on' },
    });
  });

  it('of which a standby must have at least the primary’s all need a restart', () => {
    expect(declaredLimits({ max_connections: '50', work_mem: '8MB' })).toEqual({ max_connections: '50' });
    expect(Object.keys(declaredLimits({ max_locks_per_transaction: '1' })).every(needsRestart)).toBe(true);
  });
});
