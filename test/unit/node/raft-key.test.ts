import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, secrets, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
});
afterEach(() => {
  node.dispose();
});

const file = `${volume}/cluster/raft.key`;
const old = secrets.raft_key;
const next = 'b'.repeat(64);
const other = 'c'.repeat(64);
const text = (...keys: readonly string[]) => keys.map((key) => `${key}\n`).join('');
const give = (...keys: readonly string[]) => node.command(['raft-key'], text(...keys));

describe('a server that runs', () => {
  const kill = `kill() { printf '%s\\n' "$*" >>"$PGRAFT_ROOT/kills"; }`;
  beforeEach(() => {
    node.configure();
    node.wholeNode();
    node.write('var/run/postgresql/pgraft-node.phase', 'running\n');
    node.write(`${volume}/17/main/postmaster.pid`, '42\n');
  });

  it.each([
    ['raft-key', 'command_raft_key', old],
    ['configure, which may hand over a key that was damaged', 'command_configure', ''],
  ])('reads its key again after %s', (_, command, input) => {
    expect(node.call(`${kill}\n${command} <<<"$1"`, [input])).toMatchObject({ status: 0, stderr: '' });
    expect(node.read('kills')).toBe('-HUP 42\n');
  });
});

describe('pgraft-node raft-key', () => {
  it('takes the steps from one key to another, in a file that only the server reads', () => {
    node.configure();
    for (const step of [[old], [old, next], [next, old], [next]]) {
      expect(give(...step), step.join()).toEqual({ status: 0, stdout: '', stderr: '' });
      expect(node.read(file)).toBe(text(...step));
      expect(node.mode(file)).toBe(0o600);
    }
  });

  it('may be told each step again, and to go back, and then changes no file that says the same', () => {
    node.configure();
    give(old, next);
    const before = node.inode(file);
    expect(give(old, next).status).toBe(0);
    expect(node.inode(file)).toBe(before);
    expect(give(old).status).toBe(0);
    expect(node.read(file)).toBe(text(old));
  });

  it.each([
    ['another key at once', [old], [next]],
    ['one in use that the others may not have', [old], [next, old]],
    ['that the one in use goes', [old, next], [next]],
    ['a third in place of the one in use', [old, next], [next, other]],
    ['a third in use', [old, next], [other, old]],
  ])('refuses %s, which would make it a stranger to other members', (_, before, after) => {
    node.configure();
    if (before.length > 1) give(...before);
    const refused = give(...after);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /^pgraft-node: the key in use may not go.*; give the key in use and the new one.*\n$/,
    );
    for (const key of [old, next, other]) expect(refused.stderr).not.toContain(key);
    expect(node.read(file)).toBe(text(...before));
  });

  it.each([
    ['no key', '', '0 keys given'],
    ['three keys', text(old, next, other), '3 keys given'],
    ['the same key twice', text(old, old), 'the same key is given twice'],
    ['capital letters', text(old, 'B'.repeat(64)), 'line 2 is no key'],
    ['a key of 15 bytes', text('b'.repeat(30)), 'line 1 is no key'],
    ['a key of 65 bytes', text('b'.repeat(130)), 'line 1 is no key'],
    ['half a byte', text('b'.repeat(33)), 'line 1 is no key'],
    ['an empty line', `${old}\n\n${next}\n`, 'line 2 is no key'],
  ])('refuses %s, and changes nothing', (_, input, cause) => {
    node.configure();
    const { status, stderr } = node.command(['raft-key'], input);
    expect(status).toBe(1);
    expect(stderr).toContain(`pgraft-node: ${cause}`);
    expect(node.read(file)).toBe(text(old));
  });

  it('has no place on a server without secrets', () => {
    expect(give(old)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('run npm start') as string,
    });
    expect(node.has(file)).toBe(false);
  });
});

describe('while the key is changed,', () => {
  it('a server that is configured anew gets both keys', () => {
    expect(node.configure({ second_raft_key: next }).status).toBe(0);
    expect(node.read(file)).toBe(text(old, next));
    expect(node.mode(file)).toBe(0o600);
    expect(node.state()).toMatchObject({ configured: 'yes' });
  });

  it.each([[[old, next]], [[next, old]]])('a server that has both is told either again, and keeps them', (keys) => {
    node.configure({ second_raft_key: next });
    give(...keys);
    expect(node.configure().status).toBe(0);
    expect(node.configure({ raft_key: next, second_raft_key: old }).status).toBe(0);
    expect(node.read(file)).toBe(text(...keys));
    expect(node.configure({ raft_key: other })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("another 'raft_key' is in use here") as string,
    });
  });

  it('pgraft-node secret raft prints both, the one in use first', () => {
    node.configure({ second_raft_key: next });
    give(next, old);
    expect(node.command(['secret', 'raft'])).toEqual({ status: 0, stdout: text(next, old), stderr: '' });
  });
});
