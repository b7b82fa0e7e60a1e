/** A deploy whose terraform, or whose cdktf, is killed with SIGKILL while it changes the cluster, and the deploy that comes next. */
import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { terraformBelow } from '../../scripts/kit/processes.mjs';
import type { Context } from './cluster-project.js';
import type { Ended } from './shell.js';
import type { WrittenCluster } from './written-cluster.js';

export interface Kill {
  readonly victim: 'terraform' | 'cdktf';
  /** Milliseconds after `terraform apply` of the stack with the cluster has begun. */
  readonly after: number;
}

export interface Killed extends Ended {
  /** Otherwise the deploy had ended by itself when the moment came. */
  readonly killed: boolean;
}

const terraform = process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform';
/** What a cdktf that was killed has begun is finished by its terraform. */
const patience = 240_000;
const refused = /is under way on cluster .* nothing was changed; run this again when that has ended/;

/** Milliseconds that `terraform apply` of the stack with the cluster takes for a deploy, which must succeed. */
export async function applyTime(cluster: WrittenCluster, context: Context): Promise<number> {
  const { deploying, end } = begin(cluster, context);
  let begun = 0;
  let last = 0;
  while (!deploying.ended) {
    await sleep(10);
    if (applyBelow(deploying.pid) === undefined) continue;
    last = performance.now();
    if (begun === 0) begun = last;
  }
  const { status, output } = await end;
  if (status !== 0) throw new Error(`the deploy ended with status ${status}:\n${output}`);
  return last - begun;
}

function begin(cluster: WrittenCluster, context: Context) {
  const deploying = { pid: 0, ended: false };
  const end = cluster.deploy(context, (pid) => (deploying.pid = pid)).finally(() => (deploying.ended = true));
  return { deploying, end };
}

export async function deployKilled(cluster: WrittenCluster, context: Context, kill: Kill): Promise<Killed> {
  const { deploying, end } = begin(cluster, context);
  const [ended, killed] = await Promise.all([end, killWhile(deploying, kill)]);
  return { ...ended, killed };
}

async function killWhile(deploying: { pid: number; ended: boolean }, { victim, after }: Kill): Promise<boolean> {
  while (!deploying.ended) {
    const begun = applyBelow(deploying.pid) !== undefined;
    await sleep(begun ? after : 10);
    if (!begun) continue;
    const apply = applyBelow(deploying.pid);
    return apply !== undefined && killNow(victim === 'cdktf' ? deploying.pid : apply);
  }
  return false;
}

function applyBelow(root: number): number | undefined {
  const isApply = ({ pid, command }: { pid: number; command: readonly string[] }) =>
    command.includes('apply') && directoryOf(pid) === 'cluster';
  return terraformBelow(root, terraform).find(isApply)?.pid;
}

/** Such as the name of the stack that a terraform is at work on; undefined for a process that has ended. */
function directoryOf(pid: number): string | undefined {
  try {
    return basename(readlinkSync(`/proc/${pid}/cwd`));
  } catch {
    return undefined;
  }
}

/** `cdktf deploy '*'`, typed again while it says that the last one is still under way. @returns as the last one ended */
export async function deployNext(cluster: WrittenCluster, context: Context): Promise<Ended & { refusals: number }> {
  const deadline = performance.now() + patience;
  for (let refusals = 0; ; refusals += 1) {
    const ended = await cluster.deploy(context);
    // Terraform, and cdktf, break lines
    const isRefused = ended.status !== 0 && refused.test(ended.output.replaceAll(/\s+/g, ' '));
    if (!isRefused || performance.now() > deadline) return { ...ended, refusals };
  }
}

function killNow(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
