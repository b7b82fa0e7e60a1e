/** A Raft group of processes without PostgreSQL: image/pgraft/net and core, in one container that has their compiler. */
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import { MemberProcess, openContainer } from './member-process.js';

const defaultElectionTimeout = 1_000;
/** Milliseconds for what a member is to show. */
const patience = 5_000;

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
  /** With how many others it is linked both ways, and whom it suspects to be dead; 0 for nobody. */
  readonly linked: number;
  readonly suspected: number;
  /** The election timeout in use; then counts and a time as pgraft_log_get_stats() has them. */
  readonly timeout: number;
  readonly suspicions: number;
  readonly judged: number;
  readonly silence: number;
  /** Greetings that failed, connections that came and went without a byte, and fingerprints of its keys. */
  readonly refused: number;
  readonly silent: number;
  readonly keys: readonly string[];
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

export type Member = MemberProcess<MemberStatus>;

export class MemberGroup {
  readonly members: Member[] = [];

  private constructor(
    private readonly container: string,
    private readonly count: number,
    private readonly electionTimeout: number,
    private readonly environment: readonly string[],
  ) {}

  /**
   * Compile with the sanitizers, and start this many members, which form a group.
   *
   * @param electionTimeout in milliseconds
   * @param environment of each, such as SNAPSHOTS_OFTEN=yes (member.c)
   */
  static async create(
    count: number,
    electionTimeout = defaultElectionTimeout,
    environment: readonly string[] = [],
  ): Promise<MemberGroup> {
    const container = `pgnet-${process.pid}-${containers}`;
    containers += 1;
    openContainer(container, 'member');
    const group = new MemberGroup(container, count, electionTimeout, environment);
    try {
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

  /** One for which no name server answers. */
  async startUnresolving(id: number): Promise<void> {
    await this.#started(id, this.count, ['env', 'RESOLVER_HANGS=yes']);
  }

  /** One with the keys of these letters. */
  async startWithKeys(id: number, letters: string): Promise<Member> {
    return this.#started(id, this.count, ['env', `MEMBER_KEYS=${letters}`]);
  }

  /** A server that has no initial cluster: without Raft state it waits to be added. */
  async startWaiting(id: number): Promise<Member> {
    return this.#started(id, 0);
  }

  /** Once its last process has ended: one that was killed may hold its port for a moment. */
  async #started(id: number, count: number, under: readonly string[] = []): Promise<Member> {
    const last = this.members[id - 1];
    if (last !== undefined) await eventually(`node ${id} to end`, () => last.ended, Boolean, 10_000);
    const environment = ['env', ...this.environment];
    const command = [
      ...environment,
      ...under,
      '/tmp/member',
      `${id}`,
      `/tmp/data${id}`,
      `${count}`,
      `${this.electionTimeout}`,
    ];
    const member = await new MemberProcess<MemberStatus>(this.container, id, command, patience).begun();
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

  /** A shell script among the members. */
  run(script: string): string {
    return docker(['exec', this.container, 'sh', '-ec', script]);
  }

  /** A file in the member's data directory. */
  file(id: number, name: string): string {
    return docker(['exec', this.container, 'cat', `/tmp/data${id}/${name}`]);
  }

  remove(): void {
    docker(['rm', '--force', '--volumes', this.container]);
  }
}
