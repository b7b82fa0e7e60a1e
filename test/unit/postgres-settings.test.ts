import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownedPostgresSetting, postgresConfLines } from '../../constructs/postgres-settings.js';

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

  it.each(['port', 'primary_conninfo', 'synchronous_standby_names', 'recovery_target_xid', 'pgraft.node_id', 'fsync'])(
    '%s belongs to the cluster',
    (name) => {
      expect(ownedPostgresSetting(name)).toBeTypeOf('string');
    },
  );

  it.each(['work_mem', 'max_connections', 'pgraft.election_timeout', 'constructor'])('%s is the user’s', (name) => {
    expect(ownedPostgresSetting(name)).toBeUndefined();
  });
});
