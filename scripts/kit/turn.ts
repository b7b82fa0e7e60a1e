/**
 * The turn: whoever has it takes a server out of service, and nobody else does meanwhile (S6, O3).
 *
 * Terraform runs the hooks of all servers at once. A Roll takes the turn and ends, so that Terraform can replace the container, and that
 * server's Check passes it on: so it belongs to the run of Terraform, and a later run takes it over when that is dead. Whoever fails with
 * it leaves that in it, and everybody who waits stops.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { claimLock, isAlive, ownerOf, readLock } from '../../setup/lock.mjs';
import { clusterDirectory, writePrivateFile } from './places.js';
import { ancestorTerraform } from './processes.mjs';

export interface Turn {
  /** Whose it is: process and its start. */
  readonly pid: number;
  readonly started: string;
  /** The server that is out of service, or about to be. */
  readonly node: number;
  readonly container: string;
  /** What is done to it, such as "is replaced". */
  readonly what: string;
  /** Milliseconds since 1970 by which it is to be passed on. */
  readonly until: number;
  /** What went wrong. */
  readonly failed?: string;
}

/** The turn as hooks use it; times are those of `Date`. */
export interface Turns {
  /** Undefined: it is ours, maybe taken over from a dead run; else whose it is. `limit` in milliseconds. */
  take(turn: Pick<Turn, 'node' | 'container' | 'what'>, limit: number): Turn | undefined;
  /** Whoever has it now and lives. */
  holder(): Turn | undefined;
  /** Note something about the turn of `node`; nothing where it has none. */
  note(node: number, changes: Partial<Pick<Turn, 'what' | 'failed'>> & { readonly limit?: number }): void;
  /** End the turn of `node`; that of another server stays. */
  pass(node: number): void;
}

interface Owner {
  readonly pid: number;
  readonly started: string;
}

/** The run of Terraform that this hook belongs to; the hook itself when it is run by hand. */
export function ownerOfRun(): Owner {
  return ownerOf(ancestorTerraform()?.pid ?? process.pid);
}

export function openTurns(prefix: string, owner: Owner = ownerOfRun(), directory = clusterDirectory(prefix)): Turns {
  const path = join(directory, 'turn.json');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const read = () => readLock(path) as Turn | undefined;
  const of = (node: number) => {
    const turn = read();
    return turn?.node === node ? turn : undefined;
  };
  return {
    take(turn, limit) {
      return claimLock<Turn>(path, { ...owner, ...turn, until: Date.now() + limit });
    },
    holder() {
      const turn = read();
      return isAlive(turn) ? turn : undefined;
    },
    note(node, { limit, ...changes }) {
      const turn = of(node);
      if (turn === undefined) return;
      const until = limit === undefined ? turn.until : Date.now() + limit;
      writePrivateFile(path, JSON.stringify({ ...turn, ...changes, until }));
    },
    pass(node) {
      if (of(node) !== undefined) rmSync(path, { force: true });
    },
  };
}

/** Milliseconds that a turn may be late. */
const patience = 30_000;

/** Why nobody should wait for `holder` any longer; undefined while there is hope. Pure. */
export function whyHopeless(holder: Turn, now: number): string | undefined {
  const { container, what, failed, until } = holder;
  if (failed !== undefined) return `${container}, whose turn it was, ${what} and that failed: ${failed}`;
  if (now <= until + patience) return undefined;
  return `${container} ${what} since long: its turn was to end ${new Date(until).toISOString()}, and no word came of it`;
}
