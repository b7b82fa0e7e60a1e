import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, secrets, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
  node.configure({ initial_cluster: 'primary=a:7001' });
});
afterEach(() => {
  node.dispose();
});

const cluster = `${volume}/cluster`;
const files = ['raft.key', 'superuser.password', 'replication.password', 'application.password', 'initial_cluster'];
/** What the loop does first in each of its turns. */
const turn = () => node.call('set_damaged_aside').stderr;

describe('what was handed over', () => {
  it.each(files)('is not used when it was changed: %s', (file) => {
    const before = node.read(`${cluster}/${file}`);
    node.write(`${cluster}/${file}`, before.replace(/.\n$/, 'z\n'));
    expect(node.state()).toMatchObject({ configured: 'no' });
    expect(turn()).toContain(`${file} in `);
    expect(node.has(`${cluster}/${file}`)).toBe(false);
    expect(node.read(`${cluster}/${file}.damaged`)).not.toBe(before);
    expect(node.configure({ initial_cluster: 'primary=a:7001' })).toMatchObject({ status: 0, stderr: '' });
    expect(node.read(`${cluster}/${file}`)).toBe(before);
    expect(node.state()).toMatchObject({ configured: 'yes' });
  });

  it.each(files)('is asked for again when it is gone: %s', (file) => {
    node.remove(`${cluster}/${file}`);
    expect(node.state()).toMatchObject({ configured: 'no' });
    turn();
    node.configure({ initial_cluster: 'primary=a:7001' });
    expect(node.state()).toMatchObject({ configured: 'yes' });
  });

  it('is named, with what to do, while PostgreSQL runs without Raft', () => {
    node.wholeNode();
    node.write('var/run/postgresql/pgraft-node.phase', 'running\n\n');
    node.write(`${volume}/17/main/postmaster.pid`, '42\n/data\n1\n5432\n/run\n*\n 1 2\nstandby \n');
    expect(node.state()).toMatchObject({ message: '' });
    node.remove(`${cluster}/raft.key`);
    expect(node.state()['message']).toMatch(/^raft\.key in .* is damaged or gone: npm start hands it over again$/);
  });

  it('is not taken from another cluster because one file of it is damaged', () => {
    node.write(`${cluster}/raft.key`, 'x\n');
    const { status, stderr } = node.configure({ superuser_password: 'other' });
    expect(status).toBe(1);
    expect(stderr).toContain("another 'superuser_password' is in use here");
  });

  it('is asked for again when it is settings, which the server goes on without', () => {
    node.call('keep_settings "work_mem = 8MB"');
    node.write(`${cluster}/settings.conf`, 'nonsense\n');
    turn();
    node.call('have_settings');
    expect(node.read(`${cluster}/settings.conf`)).toBe('');
    expect(node.state()).toMatchObject({ configured: 'no' });
    node.call('keep_settings "work_mem = 8MB"');
    expect(node.state()).toMatchObject({ configured: 'yes' });
  });

  it('is not what somebody put where no settings were handed over', () => {
    node.call('have_settings');
    node.write(`${cluster}/settings.conf`, 'nonsense\n');
    turn();
    node.call('have_settings');
    expect(node.read(`${cluster}/settings.conf`)).toBe('');
    expect(node.state()).toMatchObject({ configured: 'yes' });
  });

  it('gives the password file of libpq, whatever became of that', () => {
    const before = node.read(`${cluster}/replication.pgpass`);
    node.write(`${cluster}/replication.pgpass`, 'x');
    turn();
    expect(node.read(`${cluster}/replication.pgpass`)).toBe(before);
    node.remove(`${cluster}/replication.pgpass`);
    turn();
    expect(node.read(`${cluster}/replication.pgpass`)).toBe(before);
  });

  it('of a volume of an older version is believed as it is', () => {
    node.remove(`${cluster}/checks`);
    expect(turn()).toBe('');
    expect(node.state()).toMatchObject({ configured: 'yes' });
    node.write(`${cluster}/raft.key`, 'x\n');
    expect(node.state()).toMatchObject({ configured: 'no' });
  });

  /** Whether a change of `file` is told. */
  const isWatched = (file: string) => {
    const before = node.read(`${cluster}/${file}`);
    node.write(`${cluster}/${file}`, `z${before.slice(1)}`);
    const told = node.state()['configured'] === 'no';
    node.write(`${cluster}/${file}`, before);
    return told;
  };

  it.each([
    ['a changed name', (text: string) => text.replace('raft.key', 'raft.kex')],
    ['a changed sum', (text: string) => text.replace(/^\d/, 'x')],
    ['the last line cut off', (text: string) => text.replace(/.*\n$/, '')],
    ['all but the first line cut off', (text: string) => text.replace(/\n[^]*$/, '\n')],
    ['a line cut off in its midst', (text: string) => text.slice(0, -5)],
    ['nothing left', () => ''],
  ])('is watched again after the checks were damaged: %s', (_, damage) => {
    const checks = `${cluster}/checks`;
    const before = node.read(checks);
    node.write(checks, damage(before));
    expect(turn()).toBe('');
    expect(node.read(checks).trim().split('\n').sort()).toEqual(before.trim().split('\n').sort());
    expect(node.state()).toMatchObject({ configured: 'yes' });
    expect(files.filter((file) => !isWatched(file))).toEqual([]);
  });

  it('is left as it is by a disk that does not take it, and the entry point goes on', () => {
    node.remove(`${cluster}/checks`);
    node.write(`${cluster}/replication.pgpass`, 'x');
    const full = "durable_write() { printf 'write error: No space left on device' >&2; false; }";
    const { status, stdout, stderr } = node.call(`${full}\nset_damaged_aside\necho 'went on'`);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe('went on\n');
    expect(stderr).toContain('what was handed over cannot be mended now');
    expect(node.read(`${cluster}/replication.pgpass`)).toBe('x');
  });

  it.each([1, 2, 3, 4, 5, 6])('is right at whatever step a change of it ends (%i)', (last) => {
    const change = `
      steps=0
      durable_rename() { steps=$((steps + 1)); ((steps <= limit)) || exit 0; mv -fT "$1" "$2"; }
      limit="$1"
      write_checked "$cluster_dir/raft.key" "$2"$'\\n'`;
    node.call(change, [String(last), 'b'.repeat(64)]);
    expect(node.state()).toMatchObject({ configured: 'yes' });
    expect([secrets.raft_key, 'b'.repeat(64)]).toContain(node.read(`${cluster}/raft.key`).trim());
  });
});

describe('the system identifier', () => {
  const path = `${cluster}/system_identifier`;
  beforeEach(() => {
    node.wholeNode();
    node.call('keep_system_identifier');
  });

  it.each(['7710813957713891435', '77108139577138'])('is made anew when it was changed, to %s', (value) => {
    const before = node.read(path);
    node.write(path, before.replace(/^\d+/, value));
    turn();
    node.call('keep_system_identifier');
    expect(node.read(path)).toBe(before);
  });

  it('of another cluster is no damage, nor is that of an older version', () => {
    node.write(path, '42\n');
    turn();
    expect(node.read(path)).toBe('42\n');
    expect(node.call('refusal').stdout).toContain('is of another cluster');
  });
});
