/** Plans both stacks without changing anything: synthesized to a directory of their own, without a lock on the state. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectEnvironment } from '../../constructs/load-settings.js';
import { claimOutputDirectory } from '../../constructs/output-directory.js';
import { SettingsError, type ClusterSettings } from '../../constructs/settings.js';
import { stackIds } from '../../constructs/state-path.js';
import { UserError } from './errors.js';
import { clusterDirectory, projectDirectory } from './places.js';
import { outcomeOf, type Outcome, type Shell } from './shell.js';
import { withDockerStandIn } from './docker-stand-in.js';
import { cdktfEnvironment } from './terraform.js';

export interface StackPlan {
  readonly stack: (typeof stackIds)[number];
  /** `terraform show -json` of it. */
  readonly json: string;
  /** What Terraform prints of it for people. */
  readonly text: string;
}

export interface PlanOptions {
  /** Look at Docker for what was changed since the last deploy; without, the state is believed. */
  readonly refresh: boolean | Promise<boolean>;
  /** @default - the cluster's own, beside its state */
  readonly directory?: string;
}

/** Where the stacks of a plan are synthesized to: neither a deploy nor its locks are there. */
export function planDirectory(prefix: string): string {
  return join(clusterDirectory(prefix), 'plan.out');
}

type Environment = Readonly<Record<string, string | undefined>>;

const limits = { synthesize: 60_000, init: 180_000, plan: 120_000, show: 30_000 };

/**
 * @param program name of the Terraform program
 * @throws UserError when a stack cannot be synthesized or planned
 */
export async function planStacks(
  settings: Pick<ClusterSettings, 'prefix' | 'dockerProvider'>,
  program: string,
  $: Shell,
  { refresh, directory = planDirectory(settings.prefix) }: PlanOptions,
): Promise<StackPlan[]> {
  const env = {
    ...projectEnvironment(projectDirectory),
    ...cdktfEnvironment(settings, program, false),
    TF_IN_AUTOMATION: '1',
    CDKTF_OUTDIR: directory,
  };
  forgetElsewhere(directory, settings.prefix);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const synthesis = $({ cwd: projectDirectory, env, timeout: limits.synthesize, input: '' });
  const synthesized = outcomeOf(await synthesis`node --import tsx main.ts`, 'synthesis', limits.synthesize);
  if (!synthesized.ok) throw new UserError(`the stacks cannot be synthesized: ${synthesized.problem}`);
  const believeState = !(await refresh);
  const planAll = async (more: Environment = {}) =>
    Promise.all(stackIds.map(async (stack) => planStack(stack, { ...env, ...more })));
  return believeState ? withDockerStandIn(planAll) : planAll();

  async function planStack(stack: StackPlan['stack'], environment: Environment): Promise<StackPlan> {
    const terraform = async (args: readonly string[], limit: number): Promise<Outcome> => {
      const run = $({ cwd: join(directory, 'stacks', stack), env: environment, timeout: limit, input: '' });
      const output = await run`${program} ${args}`;
      const outcome = outcomeOf(output, `${program} ${args[0] ?? ''}`, limit);
      const told = terraformErrors(output.stderr);
      return outcome.ok || told === '' ? outcome : { ...outcome, problem: told };
    };
    const planArguments = ['plan', '-input=false', '-no-color', '-lock=false', '-out=tfplan'];
    const plan = async () => terraform([...planArguments, ...(believeState ? ['-refresh=false'] : [])], limits.plan);
    let planned = await plan();
    if (!planned.ok) {
      // the directory is new, or what it was made ready for has changed: the provider, its version, its build
      rmSync(join(directory, 'stacks', stack, '.terraform.lock.hcl'), { force: true });
      const ready = await terraform(['init', '-input=false', '-no-color', '-lock=false'], limits.init);
      if (!ready.ok) throw failure(stack, 'init', ready);
      planned = await plan();
    }
    if (!planned.ok) throw failure(stack, 'plan', planned);
    const shown = await terraform(['show', '-json', '-no-color', 'tfplan'], limits.show);
    if (!shown.ok) throw failure(stack, 'show', shown);
    return { stack, json: shown.stdout, text: changesOnly(planned.stdout) };
  }

  function failure(stack: string, action: string, { problem }: Outcome): UserError {
    return new UserError(`stack ${stack}: ${program} ${action} failed: ${problem}`);
  }
}

/** Pure: what Terraform calls errors, on one line: without its border, its warnings, and where in the synthesized file that is. */
export function terraformErrors(stderr: string): string {
  const text = stderr.replaceAll(/^[│╷╵] ?/gm, '');
  const errors = text.split(/^(?=Error: |Warning: )/m).filter((part) => part.startsWith('Error: '));
  const paragraphs = errors
    .flatMap((error) => error.split(/\n\s*\n/))
    .map((part) =>
      part
        .trim()
        .replaceAll(/\s+/g, ' ')
        .replace(/[.,;]$/, ''),
    );
  return paragraphs.filter((part) => part !== '' && !/^(with|on) \S+( line \d+)?,/.test(part)).join('; ');
}

/** What was made for another state (the checkout has moved, or was copied) is of no use, and holds nothing. */
function forgetElsewhere(directory: string, prefix: string): void {
  try {
    claimOutputDirectory(directory, projectDirectory, prefix);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Pure: what `terraform plan` prints, without how it got there and what to do with the file. */
export function changesOnly(text: string): string {
  const lines = text.split('\n').filter((line) => !/: (Refreshing state\.\.\.|Reading\.\.\.|Read complete)/.test(line));
  const end = lines.findIndex((line) => /^─{20,}$/.test(line));
  return (end === -1 ? lines : lines.slice(0, end)).join('\n').trim();
}
