/** The output of servers through `docker logs`, also across their restarts. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { readLogLine, type LogLine } from './log-merge.js';

export interface LogSource {
  readonly name: string;
  readonly container: string;
}

export interface LogReading {
  /** Only the last lines. @default - all */
  readonly tail?: number | undefined;
  /** Go on with what comes, until this says stop. @default - end with what there is */
  readonly until?: AbortSignal | undefined;
}

/** Milliseconds before a server that has stopped is looked at again. */
const lookAgainEvery = 500;

/**
 * Hand each line of a server to `take`.
 *
 * `docker logs --follow` ends with the container's process, so a followed server that was stopped is followed again, from
 * its last line on, as soon as it runs.
 */
export async function readLogs(
  { name, container }: LogSource,
  { tail, until }: LogReading,
  take: (line: LogLine) => void,
): Promise<void> {
  let last = '';
  const read = async (args: readonly string[], from?: string) => {
    const child = spawn('docker', ['logs', '--timestamps', ...args, container], { stdio: ['ignore', 'pipe', 'pipe'] });
    const stop = () => child.kill();
    until?.addEventListener('abort', stop, { once: true });
    await linesOf(child, (text) => {
      const line = readLogLine(name, text, last);
      // --since takes the last line once more; and that there is no such container was said once
      if (from !== undefined && line.time <= from) return;
      if (line.time > last) last = line.time;
      take(line);
    });
    until?.removeEventListener('abort', stop);
  };
  const first = tail === undefined ? [] : ['--tail', String(tail)];
  if (until === undefined) return read(first);
  await read(['--follow', ...first]);
  for (;;) {
    await pause(lookAgainEvery, until);
    if (until.aborted) return;
    await read(['--follow', ...(last === '' ? [] : ['--since', last])], last);
  }
}

async function linesOf(child: ChildProcess, take: (text: string) => void): Promise<void> {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', take);
  }
  await once(child, 'close');
}

async function pause(ms: number, until: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal: until });
  } catch {
    // asked to stop meanwhile
  }
}
