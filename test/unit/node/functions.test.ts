import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
});
afterEach(() => {
  node.dispose();
});

describe('durable_write', () => {
  it('fsyncs the content, renames, and then fsyncs the directory', () => {
    node.write('d/file', 'old');
    node.program('sync', 'echo "sync $(basename "$1"): $(cat "$PGRAFT_ROOT/d/file")"');
    const { stdout } = node.call('durable_write "$1" new', [`${node.root}/d/file`]);
    expect(stdout).toBe('sync file.new: old\nsync d: new\n');
    expect(node.has('d/file.new')).toBe(false);
  });

  it('leaves a file alone that says the same already', () => {
    node.write('d/file', 'same\n');
    const before = node.inode('d/file');
    node.call(`durable_write "$1" $'same\\n'`, [`${node.root}/d/file`]);
    expect(node.inode('d/file')).toBe(before);
  });

  it('keeps the old content, and fails, when it cannot be made durable', () => {
    node.write('d/file', 'old');
    node.program('sync', 'echo "sync: No space left on device" >&2; exit 1');
    const { status, stderr } = node.call('durable_write "$1" new', [`${node.root}/d/file`]);
    expect(status).toBe(1);
    expect(stderr).toContain('No space left on device');
    expect(node.read('d/file')).toBe('old');
  });

  it('makes files that only the server reads', () => {
    node.call('durable_write "$1" x', [`${node.root}/private`]);
    expect(node.mode('private')).toBe(0o600);
  });
});

describe('SQL', () => {
  it('has its literals quoted', () => {
    expect(node.call('sql_literal "$1"', ["it's; DROP"]).stdout).toBe("'it''s; DROP'");
  });
});

describe('restarts', () => {
  it('are immediate for a server that was up, then 0.1 s apart, then up to 5 s', () => {
    const delays = node.call('for n in 0 1 2 3 6 7 60; do restart_delay "$n"; echo; done').stdout.trim().split('\n');
    expect(delays.map(Number)).toEqual([0, 100, 200, 400, 3200, 5000, 5000]);
  });

  it('say what PostgreSQL complained about last, in this run and not in a session', () => {
    const log = 'var/log/postgresql/postgresql-17-main.log';
    const old = '2026-11-22 02:14:05.583 UTC [1] FATAL:  of the run before\n';
    node.write(
      log,
      [
        old.trimEnd(),
        '2026-11-22 02:14:06.483 UTC [2] LOG:  parameter "work_mem" changed to "8MB"',
        '2026-11-22 02:14:06.583 UTC [2] LOG:  invalid value for parameter "pgraft.node_id": "x"',
        '2026-11-22 02:14:06.583 UTC [3] app@app FATAL:  password authentication failed for user "app"',
        '2026-11-22 02:14:06.583 UTC [2] FATAL:  configuration file "postgresql.conf" contains errors',
        '',
      ].join('\n'),
    );
    expect(node.call(`log_mark=${old.length} child_status=1; describe_end 12`).stdout).toBe(
      'PostgreSQL ended with status 1 after 12 ms (invalid value for parameter "pgraft.node_id": "x"; ' +
        'configuration file "postgresql.conf" contains errors); it is started again as a standby',
    );
  });

  it('blame nothing when PostgreSQL complained about nothing', () => {
    node.write(
      'var/log/postgresql/postgresql-17-main.log',
      '2026-11-22 02:14:06.483 UTC [2] LOG:  parameter "x" changed\n',
    );
    expect(node.call('log_mark=0 child_status=137; describe_end 12').stdout).toBe(
      'PostgreSQL ended with status 137 after 12 ms; it is started again as a standby',
    );
  });
});

describe('steps', () => {
  it('run as children whose failure is told in one line', () => {
    const { stdout } = node.call(`
      step() { false; echo 'went on after a failure'; }
      run_step step; echo "$child_status: $(step_failure)"
      other() { fail 'the disk is full; make room'; }
      run_step other; echo "$child_status: $(step_failure)"
      fine() { :; }
      run_step fine; echo "$child_status"`);
    expect(stdout.trim().split('\n')).toEqual([
      '1: it ended with status 1 and no message; see the log',
      '1: the disk is full; make room',
      '0',
    ]);
  });

  it('end at once when the entry point is told to stop', () => {
    const { stdout } = node.call(`
      trap request_stop TERM
      endless() { exec sleep 60; }
      (pause_for 200; kill -TERM $$) &
      run_step endless; echo "$child_status $stopping"
      pause_for 60000; echo over`);
    expect(stdout).toBe('143 1\nover\n');
  });
});

describe('stopping PostgreSQL', () => {
  /** What a postmaster with these traps prints while it is stopped. */
  function stop(traps: string): string {
    const loop = 'echo ready; while :; do read -r -t 0.05 <> <(:); done';
    node.program('postgres', `exec env --default-signal=INT,QUIT bash -c '${traps}; ${loop}'`);
    const { status, stdout, stderr } = node.call(
      `out="$PGRAFT_ROOT/out"
      postgres >"$out" & postmaster_pid=$!
      until [[ -s "$out" ]]; do tick; done
      fast_stop_ms=300
      stop_postmaster
      is_alive "$postmaster_pid" && echo 'still alive'
      cat "$out"`,
    );
    expect(status, stderr).toBe(0);
    return stdout;
  }

  it('is fast when it obeys', () => {
    expect(stop('trap "echo fast; exit" INT; trap "echo immediate; exit" QUIT')).toBe('ready\nfast\n');
  });

  it('is immediate when it does not end in time', () => {
    expect(stop('trap "" INT; trap "echo immediate; exit" QUIT')).toBe('ready\nimmediate\n');
  });
});

describe('the log file', () => {
  it('is started again when it has grown too large, and the older one is kept', () => {
    const log = 'var/log/postgresql/postgresql-17-main.log';
    node.write(log, 'x'.repeat(100));
    node.call('bound_log');
    expect(node.read(log)).toHaveLength(100);
    node.call('truncate -s 65M "$log_file"; bound_log');
    expect(node.read(log)).toBe('');
    expect(node.call('stat -c %s "$log_file.1"').stdout.trim()).toBe(`${65 * 1024 * 1024}`);
  });
});
