import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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

const raft = `${volume}/pgraft`;
const data = `${volume}/17`;
/** A statement: what is written there to try it meets a full disk. */
const fullDisk = (directory: string) => `ln -s /dev/full "$PGRAFT_ROOT/${directory}/pgraft.probe.$$"`;
const unwritable = (before = '') => node.call(`${before}\nunwritable`).stdout;

describe('whether the disk takes what a start needs', () => {
  it('says nothing when it does, and leaves nothing there', () => {
    expect(unwritable()).toBe('');
    const left = [raft, data].flatMap((directory) => readdirSync(join(node.root, directory)));
    expect(left.sort()).toEqual(['incarnation', 'main']);
  });

  it('names the full Raft directory, and what to do', () => {
    const reason = `${join(node.root, raft)} cannot be written (No space left on device): make room on its disk`;
    expect(unwritable(fullDisk(raft))).toBe(reason);
  });

  it('starts with data on a full disk of its own: there it can answer reads, and vote', () => {
    expect(unwritable(fullDisk(data))).toBe('');
  });

  it.each([raft, data])('names %s when it is read-only, and what to do', (directory) => {
    const readOnly = `write_probe() { [[ "$1" != */${directory}/* ]] || { echo "bash: $1: Read-only file system" >&2; return 1; }; }`;
    const reason = `${join(node.root, directory)} cannot be written (Read-only file system): see the kernel's log`;
    expect(unwritable(readOnly)).toContain(reason);
  });

  it('asks the volume where a directory is not there yet', () => {
    node.remove(raft);
    node.remove(data);
    expect(unwritable()).toBe('');
    expect(unwritable(fullDisk(volume))).toContain(
      `${join(node.root, volume)} cannot be written (No space left on device)`,
    );
  });

  it('shows the reason while it lasts, and logs it once', () => {
    const turns = `pause_for() { :; }
      full=1
      write_probe() { ((!full)) || { echo 'printf: write error: No space left on device' >&2; return 1; }; }
      for turn in 1 2 3; do await_room && echo "went on in turn $turn"; done
      full=0
      await_room && echo 'went on with room'`;
    const { status, stdout, stderr } = node.call(turns);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe('went on with room\n');
    expect(stderr.split('cannot be written (No space left on device)').length - 1).toBe(1);
    expect(node.read('var/run/postgresql/pgraft-node.phase')).toMatch(
      /^starting\n.*make room on its disk; PostgreSQL is started as soon as it can be\n$/,
    );
  });

  it('lets nothing be written before: what was handed over is as it was', () => {
    node.configure({ initial_cluster: 'primary=a:7001' });
    node.remove(`${volume}/cluster/checks`);
    node.write(`${volume}/cluster/replication.pgpass`, 'x');
    const turn =
      'pause_for() { :; }\nwrite_probe() { echo "printf: write error: No space left on device" >&2; return 1; }\ntake_turn';
    const { status, stderr } = node.call(turn);
    expect(status, stderr).toBe(0);
    expect(node.has(`${volume}/cluster/checks`)).toBe(false);
    expect(node.read(`${volume}/cluster/replication.pgpass`)).toBe('x');
    expect(node.read('var/run/postgresql/pgraft-node.phase')).toMatch(/make room on its disk/);
  });
});

describe('the state of a server whose PostgreSQL runs on without Raft', () => {
  it('names the disk that Raft cannot write to', () => {
    node.write('var/run/postgresql/pgraft-node.phase', 'running\n\n');
    node.write(`${data}/main/postmaster.pid`, '1\n2\n3\n4\n5\n6\n7\nstandby \n');
    const { stdout } = node.call(`${fullDisk(raft)}\ncommand_state`);
    expect(stdout).toContain('\nphase=running\n');
    expect(stdout).toMatch(/^message=\S+ cannot be written \(No space left on device\): make room on its disk$/m);
    expect(node.state()['message']).toBe('');
  });
});

describe('what is told of a PostgreSQL that ended', () => {
  const line = (rest: string) => `2026-01-02 03:04:05.678 UTC [42] ${rest}\n`;
  const complaint = (...lines: string[]) => {
    node.write('var/log/postgresql/postgresql-17-main.log', lines.map(line).join(''));
    return node.call('log_mark=0\nlast_complaint').stdout;
  };

  it('is the last fatal message of the server', () => {
    const noRoom = 'could not write to file "pg_wal/xlogtemp.42": No space left on device';
    expect(complaint('LOG:  starting', `FATAL:  ${noRoom}`, 'LOG:  database system is shut down')).toBe(noRoom);
  });

  it('is not what a session was refused with, whatever the name of its database', () => {
    const refused = 'FATAL:  the database system is in recovery mode';
    expect(complaint('LOG:  starting', `pgraft_replication@[unknown] ${refused}`, `app@app ${refused}`)).toBe('');
  });

  it('is the panic of a session, which ends the server', () => {
    const panic = 'could not write to file "pg_wal/000000010000000000000001": Read-only file system';
    expect(complaint(`app@app PANIC:  ${panic}`, 'replication@[unknown] FATAL:  in recovery mode')).toBe(panic);
  });
});
