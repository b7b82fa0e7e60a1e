/** Members that serve as if they had PostgreSQL (serving_member.c), in one container that has their compiler. */
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import { MemberProcess, openContainer } from './member-process.js';

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
  /** As the newest beat says it, of every member. */
  readonly lags: readonly number[];
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

export class ServingMember extends MemberProcess<ServingStatus> {
  private asked = 0;

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
    const container = `pgserving-${process.pid}-${formedBy}`;
    openContainer(container, 'serving_member');
    return new ServingGroup(container, formedBy);
  }

  /** With the data that it has. */
  async start(id: number): Promise<ServingMember> {
    const incarnation = this.incarnation(id);
    const formedBy = id <= this.formedBy && incarnation === id ? this.formedBy : 0;
    const command = ['/tmp/serving_member', `${id}`, `/tmp/data${id}`, `${formedBy}`, `${incarnation}`];
    const member = await new ServingMember(this.container, id, command, deadline).begun();
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
