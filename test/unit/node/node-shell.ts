/** The entry point's functions, run by bash in a directory that stands for the container's root. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A command of bash; the machine may have much else to do. */
const deadline = 60_000;

const script = fileURLToPath(new URL('../../../image/node/pgraft-node', import.meta.url));

/** What bash printed and its exit status. */
export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Paths inside the volume. */
export const volume = 'var/lib/postgresql';

export const secrets = {
  raft_key: 'a'.repeat(64),
  superuser_password: 'super',
  replication_password: 'repl',
  application_password: 'app',
} as const;

/** key=value lines as `pgraft-node configure` reads them. */
export const lines = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');

export class NodeShell {
  readonly root = mkdtempSync(join(tmpdir(), 'pgraft-node-'));

  constructor() {
    for (const directory of [`${volume}/cluster`, 'var/run/postgresql', 'var/log/postgresql', 'bin']) {
      mkdirSync(join(this.root, directory), { recursive: true });
    }
    this.controlFile();
  }

  /** What pg_controldata says. @param segment bytes of one of WAL */
  controlFile(segment = 16 * 1024 * 1024): void {
    this.program(
      'pg_controldata',
      `echo "Database system identifier:           7710813957713891434"
       echo "Bytes per WAL segment:                ${segment}"`,
    );
  }

  /** A command of pgraft-node, as `docker exec` would run it. */
  command(args: readonly string[], input = ''): Result {
    return this.#spawn(['bash', script, ...args], input);
  }

  /** Statements of bash after the functions have been sourced; `$1`, `$2` ... are `args`. */
  call(statements: string, args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Result {
    return this.#spawn(['bash', '--norc', '-c', `source '${script}'\n${statements}`, 'bash', ...args], '', environment);
  }

  /** The lines that `state` prints. */
  state(): Record<string, string> {
    const { status, stdout, stderr } = this.command(['state']);
    if (status !== 0) throw new Error(`pgraft-node state failed: ${stderr}`);
    const pairs = stdout.trimEnd().split('\n');
    return Object.fromEntries(
      pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  mode(path: string): number {
    return statSync(join(this.root, path)).mode & 0o777;
  }

  /** Changes whenever the file is written anew. */
  inode(path: string): number {
    return statSync(join(this.root, path)).ino;
  }

  /** A program that stands on the PATH before the machine's own. */
  program(name: string, body: string): void {
    writeFileSync(join(this.root, 'bin', name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  }

  /** Data and Raft state as a whole node has them. */
  wholeNode(incarnation = 'f'.repeat(32)): void {
    this.write(`${volume}/17/main/PG_VERSION`, '17\n');
    this.write(`${volume}/17/main/global/pg_control`, 'x');
    this.write(`${volume}/17/main/pgraft.incarnation`, `${incarnation}\n`);
    this.write(`${volume}/pgraft/incarnation`, `${incarnation}\n`);
  }

  configure(more: Readonly<Record<string, string>> = {}): Result {
    return this.command(['configure'], lines({ ...secrets, ...more }));
  }

  dispose(): void {
    rmSync(this.root, { recursive: true });
  }

  #spawn([program, ...args]: [string, ...string[]], input: string, environment = {}): Result {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      input,
      encoding: 'utf8',
      timeout: deadline,
      env: { PATH: `${this.root}/bin:${process.env['PATH'] ?? ''}`, PGRAFT_ROOT: this.root, ...environment },
    });
    if (error !== undefined) throw error;
    return { status, stdout, stderr };
  }
}
