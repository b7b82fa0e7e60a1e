/** Commands as users type them: run to their end, whatever their exit status, within a deadline. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** A line of a JavaScript stack trace, of which no user sees one. */
export const stackTrace = /^\s+at .+:\d+:\d+/m;

export interface Ended {
  /** Exit status; 128 and more when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came, without colours. */
  readonly output: string;
  readonly milliseconds: number;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds. @default two minutes */
  readonly deadline?: number;
  /** Its standard input. @default nothing */
  readonly input?: string;
  /** Whom it runs as. @default - who runs the test */
  readonly uid?: number;
  readonly gid?: number;
  /** Hears the process as soon as there is one. */
  readonly started?: (pid: number) => void;
}

/** @throws Error when the command cannot be started, or is not done at the deadline; its output so far is in the message */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { cwd, env = process.env, deadline = 120_000, input = '', started, ...user } = options;
  const start = performance.now();
  // a group of its own: at the deadline its children go with it
  const child = spawn(program, args, {
    ...user,
    cwd,
    env: { ...env },
    stdio: 'pipe',
    detached: true,
  });
  if (child.pid !== undefined) started?.(child.pid);
  // a program that ends without reading it is not our concern
  child.stdin.on('error', () => undefined).end(input);
  const chunks: { stream: 'stdout' | 'stderr'; text: string }[] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => chunks.push({ stream, text }));
  }
  const text = (wanted?: 'stdout' | 'stderr') =>
    stripVTControlCharacters(
      chunks
        .filter(({ stream }) => wanted === undefined || stream === wanted)
        .map((chunk) => chunk.text)
        .join(''),
    );
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      reject(new Error(`${program} ${args.join(' ')} was not done after ${deadline} ms:\n${text()}`));
    }, deadline);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      const milliseconds = Math.round(performance.now() - start);
      resolve({ status: code ?? 128, stdout: text('stdout'), stderr: text('stderr'), output: text(), milliseconds });
    });
  });
}

/**
 * What `npm run --silent <script> -- <args>` runs, by its line in package.json; npm itself would take a third of the time of most commands.
 *
 * @param cwd where package.json is
 */
export async function runScript(
  script: string,
  args: readonly string[],
  { cwd, env = process.env }: { readonly cwd: string; readonly env?: NonNullable<RunOptions['env']> },
): Promise<Ended> {
  const { scripts } = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const line = scripts[script];
  if (line === undefined) throw new Error(`package.json has no script "${script}"`);
  const path = [join(cwd, 'node_modules', '.bin'), env['PATH'] ?? ''].join(delimiter);
  // npm's name for where it was called
  const environment = { ...env, PATH: path, INIT_CWD: cwd };
  return run('sh', ['-c', `exec ${line} "$@"`, script, ...args], { cwd, env: environment });
}

/** @throws Error with the whole output when the command fails */
export async function mustRun(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const ended = await run(program, args, options);
  if (ended.status === 0) return ended;
  throw new Error(`${program} ${args.join(' ')} ended with status ${ended.status}:\n${ended.output}`);
}

/** Standard output of a docker command that must work, without the last line feed. */
export async function docker(...args: string[]): Promise<string> {
  return (await mustRun('docker', args)).stdout.replace(/\n$/, '');
}

/** The same as lines, without empty ones. */
export async function dockerLines(...args: string[]): Promise<string[]> {
  return (await docker(...args)).split('\n').filter((line) => line !== '');
}
