/** A command at a terminal, interrupted at a given moment as Ctrl-C does it, or left alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { ClusterProject } from './cluster-project.js';
import { closely, eventually } from './eventually.js';
import { dockerLines, run, stackTrace } from './shell.js';
import { ctrlC, openTerminal, type Terminal } from './terminal.js';

/** What users type. `npm start` without what setup.mjs does before, which is nothing on a machine that is set up. */
export const commands = {
  'npm start': 'npm exec --offline -- node --import tsx scripts/start.ts',
  'npm run destroy': 'npm run destroy -- --yes',
  'npm run switchover': 'npm run switchover',
  'npm run maintain': "npm run maintain -- replica2 -- sh -c 'echo the command runs; sleep 2'",
  'npm run drill': 'npm run drill',
  'npm run rotate-key': 'npm run rotate-key',
  'cdktf deploy': 'sh -c "set -a; . ./.env; set +a; exec npx cdktf deploy \'*\' --auto-approve"',
  'cdktf destroy': 'sh -c "set -a; . ./.env; set +a; exec npx cdktf destroy \'*\' --auto-approve"',
} as const;

export type CommandName = keyof typeof commands;

/** So many milliseconds after the command has printed what fits `line`; without one, after its start. */
export interface Moment {
  readonly line?: RegExp;
  readonly plus?: number;
}

export interface Run {
  readonly status: number;
  readonly milliseconds: number;
  readonly output: string;
  /** It had not ended by itself when the moment came. */
  readonly interrupted: boolean;
}

const deadline = 180_000;

export function describeMoment({ line, plus = 0 }: Moment): string {
  return `${line === undefined ? 'start' : line.source.replaceAll('\\', '')} + ${plus} ms`;
}

export interface AtTerminal {
  /** Added to the environment of the command. */
  readonly env?: Readonly<Record<string, string>>;
  /** What is done at the moment. @default - Ctrl-C is pressed */
  readonly act?: (terminal: Terminal) => void;
}

const pressCtrlC = (terminal: Terminal) => {
  terminal.type(ctrlC);
};

/** Run a command to its end; with `moment`, interrupt it then. */
export async function runAtTerminal(
  project: ClusterProject,
  name: CommandName,
  moment?: Moment,
  { env = {}, act = pressCtrlC }: AtTerminal = {},
): Promise<Run> {
  const begin = performance.now();
  const terminal = openTerminal(commands[name], { cwd: project.directory, columns: 200, rows: 50, env });
  try {
    let ended = false;
    const end = terminal.end(deadline).finally(() => (ended = true));
    // when the moment never comes, that is what is reported
    end.catch(() => undefined);
    if (moment !== undefined) {
      const { line, plus = 0 } = moment;
      const output = () => stripVTControlCharacters(terminal.output());
      const reached = () => ended || line === undefined || line.test(output());
      await eventually(
        `${describeMoment(moment)} of ${name}`,
        () => ({ reached: reached(), output: output() }),
        (seen) => seen.reached,
        deadline,
        closely,
      );
      await Promise.race([end, new Promise((resolve) => setTimeout(resolve, plus))]);
    }
    const interrupted = moment !== undefined && !ended;
    if (interrupted) act(terminal);
    const status = await end;
    return {
      status,
      milliseconds: Math.round(performance.now() - begin),
      output: stripVTControlCharacters(terminal.output()),
      interrupted,
    };
  } finally {
    terminal.close();
  }
}

/** What is wrong with how an interrupted command ended; empty when nothing is. Plain cdktf has a status and words of its own. */
export function faultsOfEnd(name: CommandName, { status, output }: Run): string[] {
  if (!name.startsWith('npm')) return [];
  const begun = output.includes('Initializing the backend');
  return [
    ...(status === 130 ? [] : [`status ${status}`]),
    ...(stackTrace.test(output) ? [`a stack trace: ${output}`] : []),
    ...(begun && !/interrupted/i.test(output) ? [`no word about it: ${output}`] : []),
  ];
}

/** What is wrong with a cluster that should be as one whose deploy was never interrupted; empty when nothing is. */
export async function faultsOfCluster(
  project: ClusterProject,
  servers: readonly string[] = ['primary', 'replica1', 'replica2'],
): Promise<string[]> {
  const { prefix } = project;
  const names = servers.map((name) => project.container(name));
  const wanted = [...names, ...names.map((name) => `${name}-data`), `${prefix}-network`].sort();
  const found = await strays(prefix);
  const status = await project.npm('status');
  const diff = await project.cdktf('diff', 'cluster');
  return [
    ...(found.join() === wanted.join() ? [] : [`in Docker: ${found.join(' ')}`]),
    ...(status.status === 0 ? [] : [`npm run status: ${status.output}`]),
    ...(diff.status === 0 && diff.output.includes('found no differences') ? [] : [`cdktf diff: ${diff.output}`]),
    ...(await leftRunning(project)),
  ];
}

/** What is left of a cluster that should be as one whose destroy was never interrupted; empty when nothing is. */
export async function faultsOfNothing(project: ClusterProject): Promise<string[]> {
  const found = await strays(project.prefix);
  const files = await run('sh', ['-c', 'ls -A "$1" 2>/dev/null', 'ls', project.file('')]);
  const kept = [
    'cdktf.out',
    // of npm run plan
    'plan.out',
    // of the plain cdktf, whose end frees it
    'operation.lock',
    // of a deploy that ended before it had anything: plain cdktf then has nothing to destroy, and runs no hook that takes it away
    'strangers.json',
    ...['image', 'cluster'].flatMap((id) => [`terraform.${id}.tfstate`, `terraform.${id}.tfstate.backup`]),
  ];
  const strange = files.stdout.split('\n').filter((name) => name !== '' && !kept.includes(name));
  return [
    ...(found.length === 0 ? [] : [`in Docker: ${found.join(' ')}`]),
    ...(strange.length === 0 ? [] : [`files: ${strange.join(' ')}`]),
    ...['image', 'cluster'].flatMap((id) => resourcesLeft(project, id)),
    ...(await leftRunning(project)),
  ];
}

function resourcesLeft(project: ClusterProject, stack: string): string[] {
  try {
    const state = JSON.parse(readFileSync(project.file(`terraform.${stack}.tfstate`), 'utf8')) as {
      resources: unknown[];
    };
    return state.resources.length === 0 ? [] : [`state ${stack}: ${state.resources.length} resources`];
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : [`state ${stack}: ${String(error)}`];
  }
}

/** By name, not by label: also what has lost its label. */
async function strays(prefix: string): Promise<string[]> {
  const lists = await Promise.all([
    dockerLines('ps', '--all', '--format', '{{.Names}}'),
    dockerLines('volume', 'ls', '--format', '{{.Name}}'),
    dockerLines('network', 'ls', '--format', '{{.Name}}'),
  ]);
  return lists
    .flat()
    .filter((name) => name.startsWith(`${prefix}-`))
    .sort();
}

/** Locks, and processes that still work in the project's directory. */
async function leftRunning(project: ClusterProject): Promise<string[]> {
  const locks = await run('find', [project.file(''), '-name', '*.lock.info']);
  const script =
    'for p in /proc/[0-9]*; do case "$(readlink "$p/cwd")" in "$1"*) tr "\\0" " " <"$p/cmdline"; echo;; esac; done';
  const processes = await run('sh', ['-c', script, 'sh', join(project.directory, '')]);
  return [
    ...locks.stdout.split('\n').filter((path) => path.endsWith('.lock.info')),
    ...processes.stdout
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => `still runs: ${line}`),
  ];
}
