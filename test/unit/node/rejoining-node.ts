/**
 * A node whose role worker has asked for a rejoin. What stands for PostgreSQL's programs keeps one file `rows` in the data directory:
 * `old` is this server's forked data, `new` the primary's; a directory with a file `half` is not whole.
 */
import { NodeShell, type Result, secrets, volume } from './node-shell.js';

export const data = `${volume}/17/main`;
export const rejoinFile = `${volume}/pgraft/rejoin`;
export const incarnation = 'f'.repeat(32);
export const ownSystem = '7710813957713891434';

const environment = {
  PGRAFT_NODE_ID: '1',
  PGRAFT_NAME: 'primary',
  PGRAFT_LISTEN_ADDRESS: '0.0.0.0:7001',
  PGRAFT_ADVERTISE_ADDRESS: 'pgraft-primary:7001',
};

/** Steps from one death to the next (vitest.config.ts). */
export const crashStride = Number(process.env['PGRAFT_TEST_CRASH_STRIDE']);

/** Each of them counts; before the one that `CRASH_AT` names everything dies. */
const step = `
step() {
  local count
  read -r count <"$PGRAFT_ROOT/steps"
  count=$((count + 1))
  echo "$count" >"$PGRAFT_ROOT/steps"
  [[ "$count" != "$CRASH_AT" ]] || kill -KILL 0
}`;

/** Turns of the loop, a process group of its own, until PostgreSQL was started or the message matches `$1`; prints the message. */
const loop = `
CRASH_AT= open_silence # removes a file, which is no step of the loop
echo 0 >"$PGRAFT_ROOT/steps"
exec {volume_lock}<"$volume_dir"
: >>"$log_file"
set -m
while [[ ! -s "$PGRAFT_ROOT/started" ]]; do take_turn; done >"$PGRAFT_ROOT/turns" 2>&1 &
turning=$!
trap 'kill -KILL -- "-$turning" 2>/dev/null || true' EXIT
until [[ -n "$1" && "$(recorded_message)" =~ $1 ]] || ! is_alive "$turning"; do tick; done
kill -KILL -- "-$turning" 2>/dev/null || true
recorded_message
status=0
wait "$turning" 2>/dev/null || status=$?
cat "$PGRAFT_ROOT/turns" >&2
[[ -n "$1" ]] || exit "$status"`;

export class RejoiningNode extends NodeShell {
  constructor() {
    super();
    this.wholeNode(incarnation);
    this.write(`${data}/rows`, 'old\n');
    this.write(`${data}/standby.signal`, '');
    this.write(`${data}/state`, 'in archive recovery');
    this.write(`${data}/system`, ownSystem);
    this.write(`${data}/segment`, String(16 * 1024 * 1024));
    this.write(`${volume}/cluster/system_identifier`, `${ownSystem}\n`);
    this.write(`${volume}/pgraft/members`, '1 host1 5432\n2 host2 5432\n3 host3 5433\n');
    this.write(`${data}/pg_wal/000000010000000000000004`, 'of the fork');
    this.write('checkpoint.status', '0');
    this.label('0/4000028', '0/4000060');
    this.write('steps', '0');
    this.configure(secrets);
    this.#programs();
  }

  /** What the role worker writes. */
  request(how: 'rewind' | 'clone', more: Readonly<Record<string, string>> = {}): void {
    const wanted = {
      state: 'requested',
      data: 'whole',
      node: '2',
      host: 'host2',
      port: '5432',
      term: '7',
      until: '0/5000000',
    };
    const fields = { how, ...wanted, end: '0/4000100', ...more };
    const lines = Object.entries(fields).map(([key, value]) => `${key} ${value}\n`);
    this.write(rejoinFile, `${lines.join('')}link 2 1 0/3000148 1 1\nlink 3 6 0/4000000 2 1\n`);
  }

  /** What pgraft/rejoin says now; empty without the file. */
  rejoin(): Record<string, string> {
    if (!this.has(rejoinFile)) return {};
    const lines = this.read(rejoinFile).trimEnd().split('\n');
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
    );
  }

  /** This host answers as the confirmed primary. */
  primary(host: string, { term = 7, node = 2, system = ownSystem, flush = '0/6000000' } = {}): void {
    this.write(`primaries/${host}`, `${term} ${node} ${system} ${flush}\n`);
  }

  /** What pg_rewind leaves: where replay begins, and the checkpoint's record. */
  label(start: string, checkpoint: string): void {
    this.write(
      'label',
      `START WAL LOCATION: ${start} (file 1)\nCHECKPOINT LOCATION: ${checkpoint}\nBACKUP METHOD: pg_rewind\n`,
    );
  }

  noPrimary(): void {
    this.#forget('primaries');
  }

  /** Run the loop until PostgreSQL is started, or the message matches. `crashAt`: everything dies before that step. */
  run({ until = '', crashAt = 0, searchMs = 10_000 } = {}): Result {
    for (const path of ['started', 'var/run/postgresql/pgraft-node.phase']) this.#forget(path);
    const statements = `primary_search_ms=${searchMs}\n${loop}`;
    return this.call(statements, [until], { ...environment, CRASH_AT: String(crashAt) });
  }

  /** What PostgreSQL was started with: its rows, and `half` when the directory was not whole; undefined when it was not. */
  started(): string | undefined {
    const rows = this.has('started') ? this.read('started').trim() : '';
    // it may have been killed before it had told
    return rows === '' ? undefined : rows;
  }

  /** What ran: pg_rewind, pg_basebackup, recovery. */
  get ran(): string[] {
    return this.has('ran') ? this.read('ran').trim().split('\n') : [];
  }

  #forget(path: string): void {
    if (this.has(path)) this.remove(path);
  }

  #programs(): void {
    for (const name of ['mv', 'sync', 'rm']) this.program(name, `${step}\nstep\nexec /usr/bin/${name} "$@"`);
    this.program(
      'psql',
      `if [[ "$*" == *'--command CHECKPOINT'* ]]; then echo asked >>"$PGRAFT_ROOT/checkpoint"; exit "$(cat "$PGRAFT_ROOT/checkpoint.status")"; fi
       [[ "$*" =~ host=\\'([^\\']+)\\' ]] && cat "$PGRAFT_ROOT/primaries/\${BASH_REMATCH[1]}" 2>/dev/null`,
    );
    this.program(
      'pg_controldata',
      `echo "Database system identifier:           $(cat "$1/system")"
       echo "Database cluster state:               $(cat "$1/state")"
       echo "Bytes per WAL segment:                $(cat "$1/segment")"`,
    );
    this.program('postgres', this.#postgres());
    this.program('pg_rewind', this.#rewind());
    this.program('pg_basebackup', this.#basebackup());
  }

  #postgres(): string {
    return `${step}
      if [[ "$1" == --single ]]; then
        echo recovery >>"$PGRAFT_ROOT/ran"
        [[ ! -e "$4/standby.signal" ]] || { echo 'FATAL: standby mode is not supported by single-user servers'; exit 1; }
        step
        printf 'shut down' >"$4/state"
        [[ ! -e "$PGRAFT_ROOT/after.recovery" ]] || cp "$PGRAFT_ROOT/after.recovery" "$PGRAFT_ROOT/primaries/host2"
      else
        [[ -e "$2/standby.signal" ]] || echo primary >>"$PGRAFT_ROOT/started"
        cat "$2/rows" "$2/half" >>"$PGRAFT_ROOT/started" 2>/dev/null
      fi`;
  }

  #rewind(): string {
    return `${step}
      echo pg_rewind >>"$PGRAFT_ROOT/ran"
      target="$2"
      [[ ! -e "$PGRAFT_ROOT/rewind.says" ]] || { cat "$PGRAFT_ROOT/rewind.says"; exit "$(cat "$PGRAFT_ROOT/rewind.status")"; }
      step
      echo half >"$target/half"
      step
      echo 00000000000000000000000000000002 >"$target/pgraft.incarnation"
      /usr/bin/rm -f "$target/standby.signal"
      step
      echo new >"$target/rows"; printf 'in production' >"$target/state"
      step
      [[ ! -e "$PGRAFT_ROOT/rewind.removes" ]] || (cd "$target/pg_wal" && /usr/bin/rm $(cat "$PGRAFT_ROOT/rewind.removes"))
      cp "$PGRAFT_ROOT/label" "$target/backup_label"
      /usr/bin/rm "$target/half"`;
  }

  #basebackup(): string {
    return `${step}
      echo pg_basebackup >>"$PGRAFT_ROOT/ran"
      target="$2"
      mkdir -p "$target/global"
      echo half >"$target/half"
      step
      echo 17 >"$target/PG_VERSION"; echo x >"$target/global/pg_control"; echo new >"$target/rows"
      printf 'in production' >"$target/state"; cat "$PGRAFT_ROOT/${data}/../../cluster/system_identifier" >"$target/system"
      echo 00000000000000000000000000000002 >"$target/pgraft.incarnation"
      [[ ! -e "$PGRAFT_ROOT/after.copy" ]] || cp "$PGRAFT_ROOT/after.copy" "$PGRAFT_ROOT/primaries/host2"
      step
      /usr/bin/rm "$target/half"`;
  }
}
