/** Members that serve as if they had PostgreSQL (serving_member.c), in one container that has their compiler. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';

const source = fileURLToPath(new URL('../../../image', import.meta.url));
const tests = fileURLToPath(new URL('..', import.meta.url));
const buildDeadline = 10 * 60_000;
const deadline = 20_000;

/** PgraftOutcomeCode; pending: no answer yet. */
export enum Code {
  pending,
  done,
  invalid,
  unknown,
  duplicate,
  state,
  busy,
  noLeader,
  unsure,
}

export interface Outcome {
  readonly code: Code;
  readonly leader: number;
  readonly message: string;
}

/** What a member says of itself; see serving_member.c. */
export interface ServingStatus {
  readonly role: number;
  readonly term: number;
  readonly leader: number;
  readonly serving: boolean;
  /** The newcomer of the newest barrier that was wanted; 0: none; -1: none was ever wanted. */
  readonly wanted: number;
  /** "<id> <role>" of libraft's configuration. */
  readonly servers: readonly string[];
  /** Of the requests asked here, in their order. */
  readonly outcomes: readonly Outcome[];
  readonly name: string;
  readonly failover: boolean;
  readonly successor: number;
  /** "<id> <incarnation>" of the replicated state. */
  readonly names: readonly string[];
  /** "<type> <node id>" */
  readonly events: readonly string[];
}

const isAnswered = (outcome: Outcome | undefined) => outcome !== undefined && outcome.code !== Code.pending;

export class ServingMember {
  private readonly answers: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  readonly said: string[] = [];
  private asked = 0;
  pid = '';
  ended = false;

  constructor(
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

  nextLine(): Promise<string> {
    return new Promise((resolve, reject) => this.answers.push({ resolve, reject }));
  }

  tell(command: string): void {
    this.process.stdin.write(`${command}\n`);
  }

  async status(): Promise<ServingStatus> {
    this.tell('status');
    return JSON.parse(await this.nextLine()) as ServingStatus;
  }

  shows(what: string, accepts: (status: ServingStatus) => boolean, within = deadline): Promise<ServingStatus> {
    return eventually(`node ${this.id} to show ${what}`, () => this.status(), accepts, within);
  }

  /** Ask for a change without waiting; the function gives what came of it. */
  ask(request: string): () => Promise<Outcome> {
    const index = this.asked;
    this.asked += 1;
    this.tell(request);
    return async () => {
      const { outcomes } = await this.shows(`the end of "${request}"`, ({ outcomes: all }) => isAnswered(all[index]));
      return outcomes[index] as Outcome;
    };
  }

  request(request: string): Promise<Outcome> {
    return this.ask(request)();
  }
}

export class ServingGroup {
  private readonly members = new Map<number, ServingMember>();
  private readonly incarnations = new Map<number, number>();

  private constructor(
    private readonly container: string,
    private readonly formedBy: number,
  ) {}

  /** Compile with the sanitizers; members 1 to formedBy form the group. */
  static create(formedBy: number): ServingGroup {
    const image = docker(['build', '--quiet', '--target', 'compilers', source], '', buildDeadline).trim();
    const group = new ServingGroup(`pgserving-${process.pid}-${formedBy}`, formedBy);
    const mount = (from: string, to: string) => ['--volume', `${from}:${to}:ro`];
    const mounts = [...mount(source, '/image'), ...mount(tests, '/tests')];
    docker(['run', '--detach', '--init', '--name', group.container, ...mounts, image, 'sleep', 'infinity']);
    try {
      docker(['exec', group.container, 'sh', '-c', compile], '', buildDeadline);
    } catch (error) {
      group.remove();
      throw error;
    }
    return group;
  }

  /** With the data that it has. */
  async start(id: number): Promise<ServingMember> {
    const incarnation = this.incarnation(id);
    const formedBy = id <= this.formedBy && incarnation === id ? this.formedBy : 0;
    const command = ['/tmp/serving_member', `${id}`, `/tmp/data${id}`, `${formedBy}`, `${incarnation}`];
    const member = new ServingMember(id, spawn('docker', ['exec', '-i', this.container, ...command]));
    member.pid = await member.nextLine();
    this.members.set(id, member);
    return member;
  }

  member(id: number): ServingMember {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`node ${id} was not started`);
    return member;
  }

  get running(): ServingMember[] {
    return [...this.members.values()].filter(({ ended }) => !ended);
  }

  signal(name: 'STOP' | 'CONT' | 'KILL', ...ids: readonly number[]): void {
    docker(['exec', this.container, 'kill', `-${name}`, ...ids.map((id) => this.member(id).pid)]);
  }

  async kill(id: number): Promise<void> {
    this.signal('KILL', id);
    await eventually(`node ${id} to end`, () => this.member(id).ended, Boolean, deadline);
  }

  /** All that it had: when it starts again it has other data. */
  lose(id: number): void {
    docker(['exec', this.container, 'rm', '-r', `/tmp/data${id}`]);
    this.incarnations.set(id, this.incarnation(id) + 10);
  }

  incarnation(id: number): number {
    return this.incarnations.get(id) ?? id;
  }

  /** The member that leads and serves, as these see it. */
  async leader(...among: readonly number[]): Promise<ServingMember> {
    const ids = among.length > 0 ? among : this.running.map(({ id }) => id);
    const look = async () => {
      const { leader } = await this.member(ids[0] ?? 0).status();
      return ids.includes(leader) ? { leader, serving: (await this.member(leader).status()).serving } : undefined;
    };
    const seen = await eventually(
      `a serving leader among ${ids.join(', ')}`,
      look,
      (it) => it?.serving === true,
      deadline,
    );
    return this.member(seen?.leader ?? 0);
  }

  remove(): void {
    docker(['rm', '--force', '--volumes', this.container]);
  }
}

const compile = `gcc -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-format-truncation -fsanitize=address,undefined \
  -fno-sanitize-recover=all -I/image/pgraft -I/tests/core /tests/net/serving_member.c /image/pgraft/core/*.c \
  /image/pgraft/net/*.c $(pkg-config --cflags --libs raft libuv) -o /tmp/serving_member`;
