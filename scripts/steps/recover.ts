/**
 * The last resort: no majority of the Raft group can come back, and one server's data is to go on as a new group. Every step may be run
 * again: a server that has forgotten its group has nothing left to forget, and once the chosen one leads only the adding is left.
 */
import type { ClusterTopology, NodeSpec } from '../../constructs/topology.js';
import { messageOf, UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { found, notYet, waitUntil, type Look } from '../kit/wait.js';
import { problemOf } from '../live/health.js';
import { hasLostState } from '../live/lost.js';
import { askState } from '../live/node-state.js';
import type { Live } from '../live/open.js';
import { findNode, primaryOf, type ClusterView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { handSecretsOver } from './hand-over.js';
import { isIncomplete, type RecoverPlan, type Surveyed } from './recover-plan.js';

type Recovery = Extract<RecoverPlan, { kind: 'recover' }>;
type Adding = Extract<RecoverPlan, { kind: 'add' }>;

const seconds = 1_000;
const deadlines = {
  order: 20 * seconds,
  forgotten: 60 * seconds,
  serves: 120 * seconds,
  // a copy takes as long as the data is large
  copied: 3_600 * seconds,
  added: 600 * seconds,
  healthy: 120 * seconds,
};
const fix = 'see npm run status and npm run logs, then run this command again: it goes on from here';

/** @throws UserError naming the server, the step, the last thing seen and what to do */
export async function recover(
  plan: Recovery | Adding,
  cluster: ClusterTopology,
  live: Live,
  report: Report,
): Promise<ClusterView> {
  const run = new Run(cluster, live, report);
  if (plan.kind === 'recover') await run.begin(plan);
  for (const other of plan.others) await run.add(other, plan.chosen);
  return run.healthy([plan.chosen, ...plan.others]);
}

class Run {
  readonly #look: () => Promise<ClusterView | undefined>;

  constructor(
    private readonly cluster: ClusterTopology,
    private readonly live: Live,
    private readonly report: Report,
  ) {
    this.#look = openWatch(live, live.clock);
  }

  /** The others forget first, so that the old group can have no majority behind our back. */
  async begin(plan: Recovery): Promise<void> {
    const { others, stuck } = plan;
    // while it leads, those that it leads have a majority
    if (stuck !== undefined) await this.#forget([stuck]);
    const rest = others.filter((other) => other !== stuck);
    if (rest.length > 0) await this.#forget(rest);
    await this.#goOn(plan);
  }

  async #forget(others: readonly Surveyed[]): Promise<void> {
    const names = others.map(({ container }) => container).join(', ');
    await this.report.step(`${names} forgot the old Raft group`, async (progress) => {
      await Promise.all(others.map(async (other) => this.#forgetOne(other, progress)));
    });
  }

  async #goOn({ chosen, term }: Recovery): Promise<void> {
    await this.report.step(`${chosen.container} goes on alone and accepts writes`, async (progress) => {
      const word = isIncomplete(chosen) ? ['incomplete'] : [];
      await this.#order(chosen.container, ['recover', String(term), ...word]);
      const serves = async () => {
        const view = await this.#view();
        return primaryOf(view)?.id === chosen.id
          ? found(true)
          : notYet(problemOf(view, chosen.id) ?? 'nothing is wrong');
      };
      await this.#wait(`${chosen.container} to accept writes`, serves, deadlines.serves, progress);
    });
  }

  async add(server: Surveyed, chosen: Surveyed): Promise<void> {
    const { id, container } = server;
    await this.report.step(`${container} was added`, async (progress) => {
      await this.#tellSecrets(server);
      const runs = async () => {
        const view = await this.#view();
        const node = findNode(view, id);
        return node?.postgres.accepting === true ? found(true) : notYet(problemOf(view, id) ?? 'it does not answer');
      };
      await this.#wait(`${container} to have data and run`, runs, deadlines.copied, progress);
      const votes = async () => this.#addOnce(id, chosen);
      const options = { deadline: deadlines.added, every: seconds, fix, clock: this.live.clock, progress };
      await waitUntil(`${container} to be added`, votes, options);
    });
  }

  /** A member is made a voter by the leader alone, also when whoever asked for it was interrupted. */
  async #addOnce(id: number, chosen: Surveyed): Promise<Look<true>> {
    const view = await this.#view();
    const member = view.members.find((candidate) => candidate.id === id);
    if (member?.voter === true) return found(true);
    if (member !== undefined) return notYet(`it is a member, and does not vote yet`);
    const { hostname, raftPort } = this.#node(id);
    const { sql } = this.live;
    const endpoint = findNode(view, chosen.id)?.endpoint;
    if (sql === undefined || endpoint === undefined) {
      throw new UserError(`${chosen.container} cannot be asked; ${fix}`);
    }
    const values = [id, hostname, raftPort];
    try {
      await sql.query(endpoint, 'select pgraft_add_node($1, $2, $3)', { values, deadline: deadlines.added });
    } catch (error) {
      if (!mayPass(error)) throw new UserError(`${chosen.container}, pgraft_add_node: ${messageOf(error)}; ${fix}`);
      return notYet(messageOf(error));
    }
    return found(true);
  }

  async healthy(servers: readonly Surveyed[]): Promise<ClusterView> {
    return this.report.step('every server that was added streams', async (progress) => {
      const look = async () => {
        const view = await this.#view();
        const [problem] = servers.flatMap(({ id }) => problemOf(view, id) ?? []);
        return problem === undefined ? found(view) : notYet(problem);
      };
      return this.#wait('all of them to stream', look, deadlines.healthy, progress);
    });
  }

  async #forgetOne(server: Surveyed, progress: (line: string) => void): Promise<void> {
    const { docker } = this.live;
    const { container } = server;
    await this.#tellSecrets(server);
    await this.#order(container, ['forget']);
    const forgotten = async () => {
      const answer = await askState(docker, container, 5 * seconds);
      if (!answer.asked) return notYet(answer.problem);
      const { state } = answer;
      return hasLostState(state) && state.raft === 'none' ? found(true) : notYet(`${state.phase}: ${state.message}`);
    };
    await this.#wait(`${container} to forget its group`, forgotten, deadlines.forgotten, progress);
  }

  /** One whose volume was lost has none; told the same again it changes nothing. */
  async #tellSecrets({ container, found: was }: Surveyed): Promise<void> {
    const { docker, secrets } = this.live;
    if (was?.state.configured !== 'no' || secrets === undefined) return;
    await handSecretsOver(container, { docker, secrets, nodes: this.cluster.nodes });
  }

  async #order(container: string, command: readonly string[]): Promise<void> {
    const { docker } = this.live;
    const outcome = await docker.exec(container, ['pgraft-node', ...command], { deadline: deadlines.order });
    if (!outcome.ok) throw new UserError(`${container}, pgraft-node ${command.join(' ')}: ${outcome.problem}`);
  }

  async #wait<T>(what: string, probe: () => Promise<Look<T>>, deadline: number, progress: (line: string) => void) {
    return waitUntil(what, probe, { deadline, fix, clock: this.live.clock, progress });
  }

  async #view(): Promise<ClusterView> {
    const view = await this.#look();
    if (view === undefined) throw new UserError(`no container of cluster ${this.cluster.prefix} is left`);
    return view;
  }

  #node(id: number): NodeSpec {
    const node = this.cluster.nodes.find((candidate) => candidate.id === id);
    if (node === undefined) {
      throw new UserError(`node ${id} is not declared: set nodes to ${id} or more, then run this command again`);
    }
    return node;
  }
}

/** 55000, 55006, 57P03: not now, see docs/sql.md; the rest: no answer, or one that says nothing of what became of it. */
const passing = /^(?:55000|55006|57P0[1-3]|40003|08...)$/;

/** Whether what pgraft_add_node() failed with may be gone at the next attempt; an error without an SQLSTATE is the connection's. */
export function mayPass(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return !/^[0-9A-Z]{5}$/.test(code) || passing.test(code);
}
