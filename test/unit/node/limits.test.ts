import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
  node.wholeNode();
});
afterEach(() => {
  node.dispose();
});

/** What pg_controldata says that the data asks for. */
function data({ connections = 100, workers = 8, prepared = 0, locks = 64 } = {}): void {
  const lines = [
    'Database system identifier:           7710813957713891434',
    `max_connections setting:              ${connections}`,
    `max_worker_processes setting:         ${workers}`,
    'max_wal_senders setting:              20',
    `max_prepared_xacts setting:           ${prepared}`,
    `max_locks_per_xact setting:           ${locks}`,
  ];
  node.program('pg_controldata', `cat <<'END'\n${lines.join('\n')}\nEND`);
}

const limits = (settings: string, before = '') =>
  node.call(`${before} limit_settings`, [], { PGRAFT_POSTGRES_SETTINGS: settings }).stdout;

describe('a start in recovery, of a server of which the data asks for more than is configured (R20)', () => {
  it('takes what the data asks for', () => {
    data({ connections: 200 });
    expect(limits("max_connections = '50'\nshared_buffers = '64MB'")).toBe("max_connections = '200'\n");
  });

  it('also where the default is less', () => {
    data({ connections: 200, workers: 16, prepared: 5, locks: 128 });
    expect(limits('')).toBe(
      [
        "max_connections = '200'",
        "max_worker_processes = '16'",
        "max_prepared_transactions = '5'",
        "max_locks_per_transaction = '128'",
        '',
      ].join('\n'),
    );
  });

  it('takes what is configured where that suffices, or is no plain number', () => {
    data();
    expect(limits("max_connections = '100'")).toBe('');
    expect(limits("max_connections = '300'")).toBe('');
    data({ connections: 200 });
    expect(limits("max_connections = '0x40'")).toBe('');
  });

  it('leaves it to PostgreSQL when the control file cannot be read', () => {
    node.program('pg_controldata', 'exit 1');
    expect(limits('')).toBe('');
  });
});

describe('pgraft-node lower', () => {
  it('lets the next start take lowered values, and the one after it as every other', () => {
    data({ connections: 200 });
    expect(node.command(['lower'])).toMatchObject({ status: 0 });
    expect(node.has(`${volume}/cluster/lower`)).toBe(true);
    expect(limits("max_connections = '50'", 'take_lower_request >&2;')).toBe('');
    expect(node.has(`${volume}/cluster/lower`)).toBe(false);
    expect(limits("max_connections = '50'", 'take_lower_request >&2;')).toBe("max_connections = '200'\n");
  });

  it('starts PostgreSQL without queries in recovery, that once', () => {
    node.program('postgres', `printf '%s\\n' "$@" >"$PGRAFT_ROOT/postgres.args"`);
    const started = () => {
      const start = 'take_lower_request; start_postmaster; wait "$postmaster_pid"';
      const { status } = node.call(`exec {volume_lock}</dev/null {data_lock}</dev/null; ${start}`);
      expect(status).toBe(0);
      return node.read('postgres.args');
    };
    node.command(['lower']);
    expect(started()).toContain('hot_standby=off\n');
    expect(started()).toContain('hot_standby=on\n');
  });
});
