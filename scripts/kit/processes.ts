/** Who started this process, and what it started: from /proc on Linux, from ps elsewhere. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Program and arguments. */
  readonly command: readonly string[];
}

/** Facts of a running process; undefined when there is none. */
export type Describe = (pid: number) => ProcessFacts | undefined;

export const describeProcess: Describe = (pid) => (existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid));

/** The terraform (or tofu) process that this process runs under; undefined when started by hand. */
export function ancestorTerraform(
  describe: Describe = describeProcess,
  { from = process.pid, binary = process.env['TERRAFORM_BINARY_NAME'] }: { from?: number; binary?: string } = {},
): ProcessFacts | undefined {
  for (let facts = describe(from); facts !== undefined && facts.pid > 1; facts = describe(facts.parent)) {
    if (isTerraform(facts, binary)) return facts;
  }
  return undefined;
}

/** The terraform (or tofu) processes that process `root` started, itself or through others. */
export function terraformBelow(root: number, binary: string, processes = listProcesses()): ProcessFacts[] {
  const children = processes.filter(({ parent }) => parent === root);
  return children.flatMap((child) =>
    isTerraform(child, binary) ? [child] : terraformBelow(child.pid, binary, processes),
  );
}

function isTerraform({ command }: ProcessFacts, binary: string | undefined): boolean {
  const programs = ['terraform', 'tofu', ...(binary === undefined ? [] : [basename(binary)])];
  return programs.includes(basename(command[0] ?? ''));
}

/**
 * Whether the run of `terraform` (see ancestorTerraform) tears the whole cluster down.
 *
 * Asked of the running process itself: it can be interrupted and run again at any moment, and is still what it is.
 */
export function isTearingDown(terraform: ProcessFacts | undefined): boolean {
  return terraform !== undefined && isDestroy(terraform.command);
}

/**
 * Whether a terraform command line destroys everything: `destroy`, or `apply -destroy`, of the whole configuration.
 *
 * @param env terraform's environment, which may add arguments; a hook inherits it
 */
export function isDestroy(
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const given = command.slice(1);
  const action = given.find((arg) => !arg.startsWith('-'));
  const added = [env['TF_CLI_ARGS'], env[`TF_CLI_ARGS_${action ?? ''}`]].flatMap((text) => text?.split(/\s+/) ?? []);
  const args = [...given, ...added];
  if (args.some((arg) => /^--?(target|exclude)(=|$)/.test(arg))) return false;
  return action === 'destroy' || (action === 'apply' && args.some((arg) => /^--?destroy(=true)?$/.test(arg)));
}

function listProcesses(): ProcessFacts[] {
  if (!existsSync('/proc/self/stat')) return listFromPs();
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => fromProc(Number(pid)) ?? []);
}

function fromProc(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is the name in parentheses, which may itself hold spaces and parentheses
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(fields[1]), command };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): ProcessFacts | undefined {
  try {
    return readPsLine(ps(['-p', String(pid)]));
  } catch {
    return undefined;
  }
}

function listFromPs(): ProcessFacts[] {
  return ps(['-A'])
    .split('\n')
    .flatMap((line) => readPsLine(line) ?? []);
}

function ps(which: readonly string[]): string {
  return execFileSync('ps', ['-ww', '-o', 'pid=,ppid=,command=', ...which], { encoding: 'utf8' });
}

/** A line of `ps -o pid=,ppid=,command=`; arguments are taken to be without spaces. */
export function readPsLine(line: string): ProcessFacts | undefined {
  const [pid, parent, ...command] = line.trim().split(/\s+/);
  if (parent === undefined || command.length === 0) return undefined;
  return { pid: Number(pid), parent: Number(parent), command };
}
