/** A Raft group of processes without PostgreSQL: image/pgraft/net and core, in one container that has their compiler. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';

const source = fileURLToPath(new URL('../../../image', import.meta.url));
const tests = fileURLToPath(new URL('..', import.meta.url));
const buildDeadline = 10 * 60_000;
const electionTimeout = 1_000;

/** What a member says of itself; see member.c. */
export interface MemberStatus {
  readonly role: number;
  readonly term: number;
  readonly leader: number;
  readonly quorum: boolean;
  /** CLOCK_BOOTTIME, ms. */
  readonly now: number;
  readonly lease: number;
  readonly published: number;
  readonly errors: number;
  readonly beat: { readonly term: number; readonly promotion: number; readonly flush: number };
  readonly peers: readonly {
    readonly id: number;
    readonly voter: boolean;
    readonly reachable: boolean;
    readonly report: { readonly term: number; readonly end: number; readonly links: number };
  }[];
  /** What the newest beat tells of the others. */
  readonly progress: readonly { readonly id: number; readonly match: number; readonly lag: number }[];
  readonly last: number;
  readonly commit: number;
  readonly applied: number;
  readonly entries: number;
  readonly snapshot: number;
  /** Index of the newest configuration, and whether it is committed. */
  readonly configuration: number;
  readonly committed: boolean;
  /** Requests for a vote that were sent. */
  readonly asked: number;
  readonly group: string;
  readonly barrier: number;
  /** Terms of the promotions behind the newest record. */
  readonly history: readonly number[];
  /** What other servers have said of themselves. */
  readonly present: readonly { readonly id: number; readonly formed: boolean; readonly group: string }[];
}

export const leading = 3;
export const unavailable = 0;

let containers = 0;

class Member {
  private readonly answers: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  readonly said: string[] = [];

  private constructor(
    readonly id: number,
    private readonly process: ChildProcessWithoutNullStreams,
  ) {
    createInterface(process.stdout).on('line', (line) => this.answers.shift()?.resolve(line));
    createInterface(process.stderr).on('line', (line) => this.said.push(line));
    process.on('close', () => {
      this.ended = true;
      for (const { reject } of this.answers) reject(new Error(`node ${id} has ended: ${this.said.join('; ')}`));
    });
    process.stdin.on('error', () => undefined); // a member that was killed reads no more
  }

  pid = '';
  ended = false;

  static async start(container: string, id: number, count: number): Promise<Member> {
    const command = ['/tmp/member', `${id}`, `/tmp/data${id}`, `${count}`, `${electionTimeout}`];
    const member = new Member(id, spawn('docker', ['exec', '-i', container, ...command]));
    member.pid = await member.nextLine();
    return member;
  }

  private nextLine(): Promise<string> {
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
  }

  tell(command: string): void {
    this.process.stdin.write(`${command}\n`);
  }

  async status(): Promise<MemberStatus> {
    this.tell('status');
    return JSON.parse(await this.nextLine()) as MemberStatus;
  }

  /** Wait for a status that is accepted. */
  shows(what: string, accepts: (status: MemberStatus) => boolean, deadline = 5_000): Promise<MemberStatus> {
    return eventually(`node ${this.id} to show ${what}`, () => this.status(), accepts, deadline);
  }
}

export type { Member };

export class MemberGroup {
  readonly members: Member[] = [];

  private constructor(
    private readonly container: string,
    private readonly count: number,
  ) {}

  /** Compile with the sanitizers, and start this many members, which form a group. */
  static async create(count: number): Promise<MemberGroup> {
    // nothing of the context is in that stage, so that it does not matter whether the extension compiles
    const image = docker(['build', '--quiet', '--target', 'compilers', source], '', buildDeadline).trim();
    const container = `pgnet-${process.pid}-${containers}`;
    containers += 1;
    const group = new MemberGroup(container, count);
    const mount = (from: string, to: string) => ['--volume', `${from}:${to}:ro`];
    docker([
      'run',
      '--detach',
      '--name',
      container,
      ...mount(source, '/image'),
      ...mount(tests, '/tests'),
      image,
      'sleep',
      'infinity',
    ]);
    try {
      docker(['exec', container, 'sh', '-c', compile], '', buildDeadline);
      for (let id = 1; id <= count; id += 1) await group.start(id);
    } catch (error) {
      group.remove();
      throw error;
    }
    return group;
  }

  async start(id: number): Promise<void> {
    await this.#started(id, this.count);
  }

  /** A server that has no initial cluster: without Raft state it waits to be added. */
  async startWaiting(id: number): Promise<Member> {
    return this.#started(id, 0);
  }

  /** Once its last process has ended: one that was killed may hold its port for a moment. */
  async #started(id: number, count: number): Promise<Member> {
    const last = this.members[id - 1];
    if (last !== undefined) await eventually(`node ${id} to end`, () => last.ended, Boolean, 10_000);
    const member = await Member.start(this.container, id, count);
    this.members[id - 1] = member;
    return member;
  }

  /** Write a file into the member's data directory. */
  write(id: number, name: string, text: string): void {
    docker(['exec', '-i', this.container, 'sh', '-c', `cat > /tmp/data${id}/${name}`], text);
  }

  files(id: number, directory = '.'): string[] {
    const listed = docker(['exec', this.container, 'ls', '-A', `/tmp/data${id}/${directory}`]);
    return listed.split('\n').filter((name) => name !== '');
  }

  member(id: number): Member {
    const member = this.members[id - 1];
    if (member === undefined) throw new Error(`no member ${id}`);
    return member;
  }

  /** To all of them at once. */
  signal(name: 'STOP' | 'CONT' | 'KILL', members: readonly Member[]): void {
    docker(['exec', this.container, 'kill', `-${name}`, ...members.map(({ pid }) => pid)]);
  }

  /** A file in the member's data directory. */
  file(id: number, name: string): string {
    return docker(['exec', this.container, 'cat', `/tmp/data${id}/${name}`]);
  }

  remove(): void {
    docker(['rm', '--force', '--volumes', this.container]);
  }
}

const compile = `gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-format-truncation -fsanitize=address,undefined \
  -fno-sanitize-recover=all -I/image/pgraft -I/tests/core /tests/net/member.c /image/pgraft/core/*.c /image/pgraft/net/*.c \
  $(pkg-config --cflags --libs raft libuv) -o /tmp/member`;
