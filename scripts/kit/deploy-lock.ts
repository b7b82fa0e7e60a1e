/**
 * One deploy at a time, synthesis included: main.ts, which cdktf runs first of all, takes the lock of this checkout's operations for the
 * cdktf process above it, whoever called that. It ends with that process.
 */
import { mkdirSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SettingsError } from '../../constructs/settings.js';
import { claimLock, isAlive, ownerOf, readLock } from '../../setup/lock.mjs';
import { clusterDirectory } from './places.js';
import { describeProcess, runningTerraform, type Describe, type ProcessFacts } from './processes.mjs';

export interface LockPlace {
  /** Where stacks are synthesized to, absolute. */
  readonly outdir: string;
  /** @default - the cluster's own directory */
  readonly directory?: string;
  readonly describe?: Describe;
  readonly from?: number;
  /** Every terraform process, and where it works. @default - those of this machine */
  readonly terraform?: () => readonly WorkingProcess[];
}

interface WorkingProcess {
  readonly pid: number;
  /** Undefined where that cannot be known. */
  readonly directory: string | undefined;
}

const changing = ['deploy', 'apply', 'destroy'];

/**
 * Take the lock when the cdktf above changes the cluster. One that only looks is let through, unless it would write where the stacks of
 * a running deploy are.
 *
 * @returns whether this begins a change of its own; not where npm start (which has the lock) goes on with one
 * @throws SettingsError naming what is under way; nothing was synthesized then
 */
export function claimDeploy(prefix: string, place: LockPlace): boolean {
  const { outdir, directory = clusterDirectory(prefix), describe = describeProcess, from = process.pid } = place;
  const above = ancestors(describe, from);
  const cdktf = above.find((facts) => actionOf(facts) !== undefined);
  const path = join(directory, 'operation.lock');
  const held = readLock(path);
  // npm start, or npm run destroy, has it and has called this cdktf
  if (held !== undefined && isAlive(held) && above.some(({ pid }) => pid === held.pid)) return false;
  const action = cdktf && actionOf(cdktf);
  if (cdktf === undefined || action === undefined || !changing.includes(action)) {
    if (held !== undefined && isAlive(held) && held.outdir === outdir) throw refusal(prefix, held);
    return false;
  }
  if (held !== undefined && isAlive(held)) throw refusal(prefix, held);
  // a cdktf that was killed leaves its terraform, which finishes what it has begun
  const left = (place.terraform ?? workingTerraform)().find((one) => one.directory?.startsWith(`${outdir}/`) === true);
  if (left !== undefined) throw refusal(prefix, { pid: left.pid, what: 'terraform, of a deploy that was killed,' });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const other = claimLock(path, { ...ownerOf(cdktf.pid), what: `cdktf ${action}`, outdir });
  if (other !== undefined) throw refusal(prefix, other);
  return action !== 'destroy';
}

/** Every terraform process of this machine, and where it works. */
export function workingTerraform(): WorkingProcess[] {
  return runningTerraform().map(({ pid }) => ({ pid, directory: directoryOf(pid) }));
}

function directoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function refusal(prefix: string, { pid, what = 'another command' }: { pid: number; what?: string }): SettingsError {
  return new SettingsError([
    `"${what}" is under way on cluster ${prefix} (process ${pid}): nothing was changed; run this again when that has ended`,
  ]);
}

function ancestors(describe: Describe, from: number): ProcessFacts[] {
  const found: ProcessFacts[] = [];
  for (let facts = describe(from); facts !== undefined && facts.pid > 1; facts = describe(facts.parent)) {
    found.push(facts);
  }
  return found;
}

/** Such as `deploy`; undefined for what is no cdktf command line. */
export function actionOf({ command }: ProcessFacts): string | undefined {
  const program = command.slice(0, 3).findIndex((part) => ['cdktf', 'cdktf.js'].includes(basename(part)));
  if (program === -1) return undefined;
  return command.slice(program + 1).find((part) => !part.startsWith('-'));
}
