/**
 * The note "this run tears the whole cluster down", which tells the hooks of single servers that they have nothing to do.
 * It names the terraform process that it counts for, so that one left behind by an interrupted run silences nothing.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { clusterDirectory, writePrivateFile } from './places.js';
import { isDestroy, type ProcessFacts } from './processes.js';

const schema = z.strictObject({ terraform: z.strictObject({ pid: z.int(), started: z.string() }) });

export function notePath(prefix: string, directory = clusterDirectory(prefix)): string {
  return join(directory, 'teardown.json');
}

/**
 * Write the note for the run of `terraform`, when that is a destroy.
 *
 * @param terraform the ancestor; undefined when there is none
 * @returns whether it was written
 */
export function writeTeardownNote(path: string, terraform: ProcessFacts | undefined): boolean {
  if (terraform === undefined || !isDestroy(terraform.command)) return false;
  const { pid, started } = terraform;
  writePrivateFile(path, `${JSON.stringify({ terraform: { pid, started } })}\n`);
  return true;
}

/** Whether the run of `terraform` tears the cluster down: the note is about this very process, and it is a destroy. */
export function isTearingDown(path: string, terraform: ProcessFacts | undefined): boolean {
  if (terraform === undefined || !isDestroy(terraform.command) || !existsSync(path)) return false;
  const note = schema.safeParse(parse(readFileSync(path, 'utf8')));
  if (!note.success) return false;
  const { pid, started } = note.data.terraform;
  return pid === terraform.pid && started === terraform.started;
}

export function removeTeardownNote(path: string): void {
  rmSync(path, { force: true });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
