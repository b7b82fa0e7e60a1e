/** A command at a terminal of its own, typed at and looked at while it runs. */
import { spawn } from 'node:child_process';
import { closely, eventually } from './eventually.js';

export interface Terminal {
  /** Everything that came so far, control sequences included. */
  output(): string;
  /** Wait until the output is accepted. */
  until(what: string, accepts: (output: string) => boolean, deadline: number): Promise<string>;
  type(keys: string): void;
  /** Wait for its end, in milliseconds at most, and give its exit status. */
  end(deadline: number): Promise<number>;
  /** End it, whatever it does. */
  close(): void;
}

export interface TerminalOptions {
  readonly cwd: string;
  readonly columns: number;
  readonly rows: number;
  /** Added to this process's environment, which is without settings and NO_COLOR. */
  readonly env?: Readonly<Record<string, string>>;
}

export const ctrlC = '\x03';

/** Run a shell command at a terminal of that size (script(1) has one). */
export function openTerminal(command: string, { cwd, columns, rows, env }: TerminalOptions): Terminal {
  const sized = `stty cols ${columns} rows ${rows}; exec ${command}`;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PGRAFT_') && name !== 'NO_COLOR');
  const child = spawn('script', ['--quiet', '--return', '--command', sized, '/dev/null'], {
    cwd,
    env: { ...Object.fromEntries(inherited), TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  let output = '';
  let status: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.once('close', (code: number | null) => (status = code ?? 128));
  return {
    output: () => output,
    until: async (what, accepts, deadline) => eventually(what, () => output, accepts, deadline, closely),
    type: (keys) => child.stdin.write(keys),
    end: async (deadline) => {
      const look = () => ({ status, output });
      const seen = await eventually(
        `the end of ${command}`,
        look,
        (now) => now.status !== undefined,
        deadline,
        closely,
      );
      return seen.status ?? 128;
    },
    close: () => {
      if (status === undefined && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    },
  };
}
