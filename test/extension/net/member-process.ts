/** A test's member of a Raft group (member.c, serving_member.c): a process in a container, told what to do a line at a time. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import { ensureObjects } from './objects/image.js';

const tests = fileURLToPath(new URL('..', import.meta.url));
const compileDeadline = 2 * 60_000;

/** A container in which /tmp/<program> is: all of core/ and net/, and <program>.c, with the sanitizers. */
export function openContainer(container: string, program: string): void {
  const mount = ['--volume', `${tests}:/tests:ro`];
  docker(['run', '--detach', '--init', '--name', container, ...mount, ensureObjects(), 'sleep', 'infinity']);
  try {
    docker(['exec', container, 'sh', '-c', compile(program)], '', compileDeadline);
  } catch (error) {
    docker(['rm', '--force', '--volumes', container]);
    throw error;
  }
}

function compile(program: string): string {
  const sources = [program, 'hanging_resolver'].map((name) => `/tests/net/${name}.c`);
  return `gcc $CFLAGS -I/tests/core ${sources.join(' ')} /objects/*.o $(pkg-config --cflags --libs raft libuv) -o /tmp/${program}`;
}

export class MemberProcess<Status> {
  private readonly answers: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  private readonly process: ChildProcessWithoutNullStreams;
  /** Lines of its standard error. */
  readonly said: string[] = [];
  pid = '';
  ended = false;

  /** @param patience of shows(), in milliseconds */
  constructor(
    container: string,
    readonly id: number,
    command: readonly string[],
    private readonly patience: number,
  ) {
    this.process = spawn('docker', ['exec', '-i', container, ...command]);
    createInterface(this.process.stdout).on('line', (line) => this.answers.shift()?.resolve(line));
    createInterface(this.process.stderr).on('line', (line) => this.said.push(line));
    this.process.on('close', () => {
      this.ended = true;
      for (const { reject } of this.answers) reject(new Error(`node ${id} has ended: ${this.said.join('; ')}`));
    });
    this.process.stdin.on('error', () => undefined); // a member that was killed reads no more
  }

  /** The first line that it says is its process id. */
  async begun(): Promise<this> {
    this.pid = await this.nextLine();
    return this;
  }

  tell(command: string): void {
    this.process.stdin.write(`${command}\n`);
  }

  async status(): Promise<Status> {
    this.tell('status');
    return JSON.parse(await this.nextLine()) as Status;
  }

  /** Wait for a status that is accepted. */
  async shows(what: string, accepts: (status: Status) => boolean, within = this.patience): Promise<Status> {
    return eventually(`node ${this.id} to show ${what}`, () => this.status(), accepts, within);
  }

  private async nextLine(): Promise<string> {
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
  }
}
