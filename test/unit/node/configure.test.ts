import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lines, NodeShell, secrets, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
});
afterEach(() => {
  node.dispose();
});

const cluster = `${volume}/cluster`;

describe('pgraft-node configure', () => {
  it('keeps each secret in a file of its own that only the server reads', () => {
    expect(node.configure()).toMatchObject({ status: 0, stdout: '', stderr: '' });

    expect(node.read(`${cluster}/raft.key`)).toBe(`${secrets.raft_key}\n`);
    for (const file of [
      'raft.key',
      'superuser.password',
      'replication.password',
      'application.password',
      'replication.pgpass',
    ]) {
      expect(node.mode(`${cluster}/${file}`), file).toBe(0o600);
    }
    expect(node.state()).toMatchObject({ configured: 'yes', formation: 'none' });
  });

  it('splits a line at its first equals sign only', () => {
    const initial_cluster = 'primary=pgraft-primary:7001,replica1=pgraft-replica1:7002';
    node.configure({ initial_cluster, superuser_password: 'a=b=' });

    expect(node.read(`${cluster}/initial_cluster`)).toBe(`${initial_cluster}\n`);
    expect(node.command(['secret', 'superuser']).stdout).toBe('a=b=\n');
  });

  it('escapes what means something in a password file of libpq', () => {
    node.configure({ replication_password: 'a:b\\c' });
    expect(node.read(`${cluster}/replication.pgpass`)).toBe('*:*:*:pgraft_replication:a\\:b\\\\c\n');
  });

  it('changes no file when the same values come again', () => {
    const again = { initial_cluster: 'primary=a:7001', formation_token: 'once' };
    node.configure(again);
    const files = [`${cluster}/raft.key`, `${cluster}/initial_cluster`, `${volume}/pgraft/formation.token`];
    const before = files.map((file) => node.inode(file));

    expect(node.configure(again).status).toBe(0);
    expect(files.map((file) => node.inode(file))).toEqual(before);
  });

  it('refuses another secret than the one in use, and changes nothing', () => {
    node.configure({ initial_cluster: 'primary=a:7001' });
    const refused = node.configure({ initial_cluster: 'primary=b:7001', raft_key: 'b'.repeat(64) });

    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^pgraft-node: another 'raft_key' is in use here.*; .+\n$/);
    expect(refused.stderr).not.toContain('b'.repeat(64));
    expect(node.read(`${cluster}/raft.key`)).toBe(`${secrets.raft_key}\n`);
    expect(node.read(`${cluster}/initial_cluster`)).toBe('primary=a:7001\n');
  });

  it.each([
    ['an unknown key', `${lines(secrets)}colour=red\n`, "unknown setting 'colour'"],
    ['a line without an equals sign', 'raft_key\n', "a line without '='"],
    ['a key given twice', 'raft_key=a\nraft_key=b\n', "setting 'raft_key' is given twice"],
    ['an empty value', 'raft_key=\n', "the value of 'raft_key' is empty"],
    ['a control character', 'raft_key=a\tb\n', "the value of 'raft_key' is empty or has a control character"],
    ['a missing secret', lines({ ...secrets, raft_key: '' }).replace(/raft_key=\n/, ''), "'raft_key' is missing"],
  ])('refuses %s and writes nothing', (_, input, cause) => {
    const { status, stderr } = node.command(['configure'], input);
    expect(status).toBe(1);
    expect(stderr).toContain(`pgraft-node: ${cause}`);
    expect(node.state()).toMatchObject({ configured: 'no' });
    expect(node.has(`${cluster}/raft.key`)).toBe(false);
  });

  it('reads a last line without a line end', () => {
    expect(node.command(['configure'], lines(secrets).trimEnd()).status).toBe(0);
  });
});

describe('the formation token', () => {
  const token = `${volume}/pgraft/formation.token`;
  const consumed = `${volume}/pgraft/formation.consumed`;

  it('is kept until the group is formed', () => {
    node.configure({ formation_token: 'once' });
    expect(node.read(token)).toBe('once\n');
    expect(node.state()).toMatchObject({ formation: 'token' });
  });

  it('is not handed over again once it is consumed', () => {
    node.write(consumed, 'once\n');
    expect(node.configure({ formation_token: 'once' }).status).toBe(0);
    expect(node.has(token)).toBe(false);
    expect(node.state()).toMatchObject({ formation: 'consumed' });
  });

  it('R4: is never followed by another, or a server that lost its Raft log could form a second cluster', () => {
    node.write(consumed, 'once\n');
    const { status, stderr } = node.configure({ formation_token: 'twice' });
    expect(status).toBe(1);
    expect(stderr).toContain('must not form another');
    expect(node.has(token)).toBe(false);
  });
});

describe('pgraft-node secret', () => {
  it.each([
    ['superuser', secrets.superuser_password],
    ['replication', secrets.replication_password],
    ['application', secrets.application_password],
    ['raft', secrets.raft_key],
  ])('prints the %s secret', (name, value) => {
    node.configure();
    expect(node.command(['secret', name])).toEqual({ status: 0, stdout: `${value}\n`, stderr: '' });
  });

  it('says what to do when there is none yet, or no such secret', () => {
    expect(node.command(['secret', 'raft']).stderr).toContain('run pgraft-node configure');
    expect(node.command(['secret', 'door']).stderr).toContain("unknown secret 'door'; use superuser");
  });
});
