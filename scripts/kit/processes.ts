/** Who started this process: its ancestors, from /proc on Linux and ps elsewhere. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** When it started, as the system writes it: with the pid it names the process for ever. */
  readonly started: string;
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
  const programs = new Set(['terraform', 'tofu', ...(binary === undefined ? [] : [basename(binary)])]);
  for (let facts = describe(from); facts !== undefined && facts.pid > 1; facts = describe(facts.parent)) {
    if (programs.has(basename(facts.command[0] ?? ''))) return facts;
  }
  return undefined;
}

/** Whether a terraform command line destroys everything: `destroy`, or `apply -destroy`, of the whole configuration. */
export function isDestroy(command: readonly string[]): boolean {
  const args = command.slice(1);
  const action = args.find((arg) => !arg.startsWith('-'));
  return action === 'destroy' || (action === 'apply' && args.some((arg) => /^--?destroy$/.test(arg)));
}

function fromProc(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is the name in parentheses, which may itself hold spaces and parentheses
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(fields[1]), started: fields[19] ?? '', command };
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): ProcessFacts | undefined {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    const line = execFileSync('ps', ['-o', 'ppid=,lstart=,command=', '-p', String(pid)], { encoding: 'utf8', env });
    return readPsLine(pid, line);
  } catch {
    return undefined;
  }
}

/** A line of `ps -o ppid=,lstart=,command=`; lstart is five words, and arguments are taken to be without spaces. */
export function readPsLine(pid: number, line: string): ProcessFacts | undefined {
  const [parent, ...words] = line.trim().split(/\s+/);
  if (parent === undefined || words.length < 6) return undefined;
  return { pid, parent: Number(parent), started: words.slice(0, 5).join(' '), command: words.slice(5) };
}
