/**
 * Runs the cdktf command line so that Ctrl-C ends Terraform in order.
 *
 * By itself it does not: cdktf answers SIGINT by closing Terraform's terminal, and Terraform dies of that with the state
 * locked and with half of what it was making unknown to it. So cdktf is kept out of the terminal's process group, and
 * whichever terraform runs below it is asked to stop, as by one Ctrl-C of its own: it finishes what it has begun and writes
 * its state.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { statusOf } from './command.js';
import { terraformBelow } from './processes.mjs';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Milliseconds between two looks for a terraform process that has not been asked yet: cdktf runs several in a row. */
const lookEvery = 200;

export interface Ended {
  readonly status: number;
  /** The first signal that asked for the end; undefined when none did. */
  readonly interruptedBy: NodeJS.Signals | undefined;
}

/** Where signals come from: this process, or a stand-in for it. */
export interface SignalSource {
  on(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
  off(name: NodeJS.Signals, listener: (name: NodeJS.Signals) => void): unknown;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Name of the Terraform program that it runs. */
  readonly terraform: string;
  /** Hears each line that it prints. @default - its output is on this terminal */
  readonly output?: ((line: string) => void) | undefined;
}

/**
 * Run `command` with nothing to read, to its end, whatever signals come meanwhile.
 *
 * @param source where signals come from
 * @param tell hears once that the end was asked for
 */
export async function runToItsEnd(
  { program, args, cwd, env, terraform, output }: Command,
  tell: (line: string) => void,
  source: SignalSource = process,
): Promise<Ended> {
  let interruptedBy: NodeJS.Signals | undefined;
  let timer: NodeJS.Timeout | undefined;
  const asked = new Set<number>();
  const child = spawn(program, [...args], {
    cwd,
    env: { ...env },
    stdio: output === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null && output !== undefined) createInterface({ input: stream }).on('line', output);
  }
  const askToStop = () => {
    const running = child.pid === undefined ? [] : terraformBelow(child.pid, terraform);
    for (const { pid } of running.filter((found) => !asked.has(found.pid))) {
      asked.add(pid);
      signal(pid, 'SIGINT');
    }
  };
  const onSignal = (name: NodeJS.Signals) => {
    // npm passes on the signal that the terminal gave us already, and a second one would make Terraform drop its work
    if (interruptedBy !== undefined) return;
    interruptedBy = name;
    tell('\nInterrupted. Terraform finishes what it has begun and then stops; please wait.');
    askToStop();
    timer = setInterval(askToStop, lookEvery);
  };
  for (const name of signals) source.on(name, onSignal);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, by) => {
        resolve(statusOf({ exitCode, signal: by }));
      });
    });
    return { status, interruptedBy };
  } finally {
    clearInterval(timer);
    for (const name of signals) source.off(name, onSignal);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended by itself
  }
}
