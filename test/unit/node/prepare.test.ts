import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
  node.wholeNode();
  node.configure({ initial_cluster: "primary=it's:7001" });
});
afterEach(() => {
  node.dispose();
});

const data = `${volume}/17/main`;
const configuration = 'etc/postgresql/17/main';

const environment = {
  PGRAFT_NODE_ID: '1',
  PGRAFT_NAME: 'primary',
  PGRAFT_LISTEN_ADDRESS: '0.0.0.0:7001',
  PGRAFT_ADVERTISE_ADDRESS: 'pgraft-primary:7001',
  PGRAFT_POSTGRES_SETTINGS: "shared_buffers = '64MB'\nwork_mem = '8MB'",
};

function prepare(more: Readonly<Record<string, string>> = {}): void {
  const { status, stderr } = node.call('prepare', [], { ...environment, ...more });
  expect(status, stderr).toBe(0);
}

describe('before every start', () => {
  it('S1: the server starts in recovery', () => {
    node.write(`${data}/recovery.signal`, '');
    prepare();
    expect(node.has(`${data}/standby.signal`)).toBe(true);
    expect(node.has(`${data}/recovery.signal`)).toBe(false);
  });

  it('R5, R11: it streams from nobody, and nobody confirms its commits', () => {
    node.write(`${volume}/pgraft/role.conf`, "primary_conninfo = 'host=old'\nsynchronous_standby_names = ''\n");
    prepare();
    const role = node.read(`${volume}/pgraft/role.conf`);
    expect(role).toContain("\nprimary_conninfo = ''\n");
    expect(role).toContain(`\nsynchronous_standby_names = 'ANY 1 ("pgraft_nobody")'\n`);
    expect(role).not.toContain('old');
  });

  it('R5: what ALTER SYSTEM or pg_basebackup -R left does not win over the role worker', () => {
    const file = `${data}/postgresql.auto.conf`;
    node.write(file, "# edits are lost\nwork_mem = '1MB'\nprimary_conninfo = 'host=old'\nPrimary_Slot_Name='x'\n");
    prepare();
    expect(node.read(file)).toBe("# edits are lost\nwork_mem = '1MB'\n");
  });

  it('makes an empty file of settings where none were handed over, and keeps those that were', () => {
    const settings = `${volume}/cluster/settings.conf`;
    prepare();
    expect(node.read(settings)).toBe('');
    node.write(settings, "work_mem = '8MB'\n");
    prepare();
    expect(node.read(settings)).toBe("work_mem = '8MB'\n");
  });

  it('removes the files of a postmaster that is dead, whoever has its process id now', () => {
    node.write(`${data}/postmaster.pid`, `${process.pid}\n`);
    node.write('var/run/postgresql/.s.PGSQL.5432.lock', `${process.pid}\n`);
    prepare();
    expect(node.has(`${data}/postmaster.pid`)).toBe(false);
    expect(node.has('var/run/postgresql/.s.PGSQL.5432.lock')).toBe(false);
  });

  it('waits for the processes of the last postmaster, and leaves its files alone until then', () => {
    node.write(`${data}/postmaster.pid`, '42\n');
    const { status, stdout, stderr } = node.call(
      `flock "$version_dir" sleep 1 & until ! flock -n "$version_dir" true; do tick; done
      clock; before=$now; prepare; clock; echo $((now - before))`,
      [],
      environment,
    );
    expect(status, stderr).toBe(0);
    expect(Number(stdout)).toBeGreaterThan(700);
    expect(node.has(`${data}/postmaster.pid`)).toBe(false);
  });
});

describe('postgresql.conf', () => {
  it("has the node's own settings, then the user's, then the role worker's", () => {
    prepare();
    const text = node.read(`${configuration}/postgresql.conf`);
    const ours = text.indexOf("restart_after_crash = 'off'");
    const users = text.indexOf("shared_buffers = '64MB'\nwork_mem = '8MB'");
    const roles = text.indexOf(`include_if_exists = '${node.root}/${volume}/pgraft/role.conf'`);
    expect(ours).toBeGreaterThan(0);
    expect(users).toBeGreaterThan(ours);
    expect(roles).toBeGreaterThan(users);
    expect(text).toContain("pgraft.initial_cluster = 'primary=it''s:7001'");
    expect(text).toContain(`pgraft.key_file = '${node.root}/${volume}/cluster/raft.key'`);
    expect(text).not.toContain('aaaaaaaa'); // the key itself
  });

  it('quotes apostrophes and backslashes', () => {
    expect(node.call('setting x "$1"', ["a'b\\c"]).stdout).toBe("x = 'a''b\\\\c'\n");
  });

  it('is made anew at every start', () => {
    prepare();
    prepare({ PGRAFT_POSTGRES_SETTINGS: '' });
    expect(node.read(`${configuration}/postgresql.conf`)).not.toContain('shared_buffers');
  });

  it.each(['PGRAFT_NODE_ID', 'PGRAFT_NAME', 'PGRAFT_LISTEN_ADDRESS', 'PGRAFT_ADVERTISE_ADDRESS'])(
    'is refused without %s, or with a line end in it',
    (name) => {
      for (const value of ['', 'a\nfsync = off']) {
        const { status, stderr } = node.call('require_environment', [], { ...environment, [name]: value });
        expect(status).toBe(1);
        expect(stderr).toContain(`pgraft-node: ${name} is not set, or holds a control character; `);
      }
    },
  );
});

describe('pg_hba.conf', () => {
  it('trusts nobody', () => {
    prepare();
    const rules = node
      .read(`${configuration}/pg_hba.conf`)
      .split('\n')
      .filter((line) => /^(local|host)/.test(line));
    expect(rules.map((line) => line.split(/\s+/).at(-1))).toEqual(['peer', ...Array<string>(3).fill('scram-sha-256')]);
  });
});
