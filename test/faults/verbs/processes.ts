/** Faults of single processes inside a server: killed, or stopped for a while. */
import { run, type Ended } from '../../support/shell.js';
import type { Fault, Victim } from '../fault.js';
import { inTurn } from '../turns.js';

/** Titles of the processes, for pgrep; the first that is there is taken. A server has some only in recovery, or only when not. */
const titles = {
  backend: ['^postgres: .*app app '],
  'consensus worker': ['^postgres: .*pgraft consensus'],
  'role worker': ['^postgres: .*pgraft role'],
  'WAL receiver or sender': ['^postgres: .*walreceiver', '^postgres: .*walsender'],
  'startup process or checkpointer': ['^postgres: .*startup', '^postgres: .*checkpointer'],
  postmaster: ['^(/usr/lib/postgresql/17/bin/)?postgres -D '],
} as const;

export type ProcessName = keyof typeof titles;
export const processNames = Object.keys(titles) as readonly ProcessName[];

export function killProcess(server: Victim, name: ProcessName): Fault {
  return {
    what: `kill -9 of ${server.name}'s ${name}`,
    inject: async () => {
      await server.exec('kill', '-KILL', await find(server, name));
    },
    // the server starts it again, or the entry point the server
    heal: async () => Promise.resolve(),
  };
}

/** As somebody who looks after the server does; whoever started the process answers. */
export async function terminateProcess(server: Victim, name: ProcessName): Promise<void> {
  await server.exec('kill', '-TERM', await find(server, name));
}

export function stopProcess(server: Victim, name: ProcessName): Fault {
  let pid: string | undefined;
  return {
    what: `SIGSTOP of ${server.name}'s ${name}`,
    inject: async () => {
      pid = await find(server, name);
      await server.exec('kill', '-STOP', pid);
    },
    heal: async () => {
      // it may be gone meanwhile, with its server or alone
      if (pid !== undefined) await execIn(server, 'kill', '-CONT', pid);
    },
  };
}

/** @throws Error when the server has no such process now */
async function find(server: Victim, name: ProcessName): Promise<string> {
  for (const title of titles[name]) {
    const found = await execIn(server, 'pgrep', '--oldest', '--full', title);
    if (found.status === 0) return found.stdout.trim();
  }
  throw new NoSuchProcessError(`${server.name} has no ${name} now`);
}

/** Whatever its status. */
async function execIn({ container }: Victim, ...args: readonly string[]): Promise<Ended> {
  return inTurn([container], async () => run('docker', ['exec', container, ...args]));
}

/** There is nothing to break: the server is starting, or is down. */
export class NoSuchProcessError extends Error {}
