/** A deploy whose terraform, or whose cdktf, is killed with SIGKILL at a given moment, and the deploy that comes next. */
import { setTimeout as sleep } from 'node:timers/promises';
import { terraformBelow } from '../../scripts/kit/processes.mjs';
import type { Context } from './cluster-project.js';
import type { Ended } from './shell.js';
import type { WrittenCluster } from './written-cluster.js';

export interface Kill {
  readonly victim: 'terraform' | 'cdktf';
  /** Milliseconds after the command was typed; where no terraform runs then, the next one is killed as it begins. */
  readonly after: number;
}

export interface Killed extends Ended {
  /** The command line of what was killed; undefined: the deploy had ended by itself. */
  readonly killed: string | undefined;
}

const terraform = process.env['TERRAFORM_BINARY_NAME'] ?? 'terraform';
/** What a cdktf that was killed has begun is finished by its terraform. */
const patience = 240_000;
const refused = /is under way on cluster .* nothing was changed; run this again when that has ended/;

export function describeKill({ victim, after }: Kill): string {
  return `${victim} killed after ${after} ms`;
}

export async function deployKilled(cluster: WrittenCluster, context: Context, kill: Kill): Promise<Killed> {
  const deploying = { pid: 0, ended: false };
  const end = cluster.deploy(context, (pid) => (deploying.pid = pid)).finally(() => (deploying.ended = true));
  const [ended, killed] = await Promise.all([end, sleep(kill.after).then(async () => killWhile(deploying, kill))]);
  return { ...ended, killed };
}

async function killWhile(deploying: { pid: number; ended: boolean }, { victim }: Kill): Promise<string | undefined> {
  while (!deploying.ended) {
    const { pid } = deploying;
    const found = victim === 'cdktf' ? { pid, command: ['cdktf', 'deploy'] } : terraformBelow(pid, terraform)[0];
    const killed = found && killNow(found);
    if (killed !== undefined) return killed;
    await sleep(10);
  }
  return undefined;
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

function killNow({ pid, command }: { pid: number; command: readonly string[] }): string | undefined {
  try {
    process.kill(pid, 'SIGKILL');
    return command.slice(0, 2).join(' ');
  } catch {
    return undefined;
  }
}
