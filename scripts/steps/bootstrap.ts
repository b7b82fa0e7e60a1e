/**
 * From containers without data to a cluster: data on every server, one Raft group, a primary, standbys that stream.
 *
 * It can be broken off anywhere and run again: what it has to do is decided from what the servers say.
 */
import type { ClusterTopology } from '../../constructs/topology.js';
import type { Clock } from '../kit/clock.js';
import { UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { generateSecrets, type Secrets } from '../kit/secrets.js';
import { found, notYet, waitUntil, type Look } from '../kit/wait.js';
import type { Docker } from '../live/docker.js';
import { problemsOf } from '../live/health.js';
import { askState } from '../live/node-state.js';
import type { Sql } from '../live/sql.js';
import { findNode, leaderOf, type ClusterView } from '../live/view.js';
import { openWatch } from '../live/watch.js';
import { bootstrapTitles } from './bootstrap-titles.js';
import { addMember, membersToldBy } from './grow.js';
import { handSecretsOver, handSettingsOver } from './hand-over.js';
import { planBootstrap, type AnsweredNode, type BootstrapPlan } from './bootstrap-plan.js';
import { openRefusal } from './refusal.js';

/** The cluster as it is to be. */
export interface DeclaredCluster extends ClusterTopology {
  /** Settings that a reload can take, as lines of postgresql.conf. */
  readonly reloadable: string;
}

export interface BootstrapTools {
  readonly docker: Docker;
  readonly openSql: (password: string) => Sql;
  readonly clock: Clock;
  readonly report: Report;
  readonly provider: ClusterView['provider'];
  readonly secrets: {
    load(): Secrets | undefined;
    save(secrets: Secrets): void;
    /** From a server that has them; undefined when none has. */
    recover(): Promise<Secrets | undefined>;
  };
}

const seconds = 1_000;
const deadlines = {
  answer: 60 * seconds,
  order: 20 * seconds,
  firstData: 120 * seconds,
  // a copy takes as long as the data is large; it is refused at once when something is wrong
  copies: 3_600 * seconds,
  group: 60 * seconds,
  healthy: 120 * seconds,
};

/**
 * Bring the declared servers to a formed, healthy cluster, or verify that they are one.
 *
 * @throws UserError naming the server, the step, the last state and what to do
 */
export async function bootstrap(cluster: DeclaredCluster, tools: BootstrapTools): Promise<void> {
  const { report, secrets: store } = tools;
  const nodes = await report.step(`all ${cluster.nodes.length} servers answer`, async (progress) =>
    Promise.all(cluster.nodes.map(async (node) => answerOf(node, tools, progress))),
  );
  const known = store.load() ?? (await store.recover());
  const plan = planBootstrap(nodes, { formed: known?.formed ?? false });
  if (plan.kind === 'stop') throw new UserError(plan.reason);
  const secrets = known ?? generateSecrets();
  // before any server has them: they must never be only in a server that is then lost
  store.save(secrets);
  const sql = tools.openSql(secrets.superuser_password);
  try {
    const run = new Run(cluster, tools, sql, secrets);
    if (plan.kind === 'form') await run.form(plan);
    else await run.mend(plan);
    await run.lead();
    await run.grow();
    run.remember();
    await run.healthy(plan.kind === 'verify' && plan.copies ? deadlines.copies : deadlines.healthy);
    if (plan.kind === 'verify') await run.reload();
  } finally {
    sql.close();
  }
}

async function answerOf(
  { id, container }: DeclaredCluster['nodes'][number],
  { docker, clock }: BootstrapTools,
  progress: (line: string) => void,
): Promise<AnsweredNode> {
  const probe = async () => {
    const answer = await askState(docker, container, 5 * seconds);
    return answer.asked ? found({ id, container, state: answer.state }) : notYet(answer.problem);
  };
  const fix = `a server that cannot be asked counts as having data, so nothing was initialised; see docker logs ${container}`;
  return waitUntil(`${container} to answer`, probe, { deadline: deadlines.answer, every: 100, fix, clock, progress });
}

/** One bootstrap under way: what it needs at every step. */
class Run {
  readonly #cluster: DeclaredCluster;
  readonly #tools: BootstrapTools;
  readonly #look: () => Promise<ClusterView | undefined>;
  readonly #sql: Sql;
  #secrets: Secrets;
  /** Several waits look at once; they share one reading. */
  #reading: Promise<ClusterView | undefined> | undefined;

  constructor(cluster: DeclaredCluster, tools: BootstrapTools, sql: Sql, secrets: Secrets) {
    const { docker, provider, clock } = tools;
    this.#cluster = cluster;
    this.#tools = tools;
    this.#sql = sql;
    this.#look = openWatch({ prefix: cluster.prefix, provider, docker, sql }, clock);
    this.#secrets = secrets;
  }

  async form({ configure, initialize, clone }: Extract<BootstrapPlan, { kind: 'form' }>): Promise<void> {
    const { report } = this.#tools;
    const first = this.#node(1);
    if (configure.length > 0) {
      await report.step('secrets handed over', async () => this.#configure(configure, { form: true }));
    }
    await report.step(bootstrapTitles.first(first.container), async (progress) => {
      if (initialize) await this.#order(1, ['initialize']);
      await this.#accepting(1, deadlines.firstData, progress);
    });
    if (this.#cluster.nodes.length === 1) return;
    await report.step(bootstrapTitles.others, async (progress) => {
      await Promise.all(clone.map(async (id) => this.#order(id, ['clone', first.hostname, '5432'])));
      const others = this.#cluster.nodes.filter(({ id }) => id !== 1);
      await Promise.all(others.map(async ({ id }) => this.#accepting(id, deadlines.copies, progress)));
    });
  }

  /** With the secrets they copy the data by themselves. A leader adds those that are members, and lost their volumes. */
  async mend({ configure }: Extract<BootstrapPlan, { kind: 'verify' }>): Promise<void> {
    if (configure.length === 0) return;
    const names = configure.map((id) => this.#node(id).container).join(', ');
    await this.#tools.report.step(`secrets handed over to ${names}`, async () =>
      this.#configure(configure, { form: false }),
    );
  }

  async lead(): Promise<void> {
    await this.#tools.report.step(bootstrapTitles.leader, async (progress) => {
      const leads = async () => {
        const view = await this.#view();
        const leader = leaderOf(view);
        return leader === undefined ? notYet(this.#describe(view)) : found(leader);
      };
      await this.#wait('the Raft group to form and elect a leader', leads, deadlines.group, progress);
    });
  }

  /** Declared servers that are no members become some, one by one (S6). */
  async grow(): Promise<void> {
    const members = membersToldBy(await this.#view());
    const newcomers = this.#cluster.nodes.filter(({ id }) => members !== undefined && !members.includes(id));
    if (newcomers.length === 0) return;
    const { docker } = this.#tools;
    const untold = await Promise.all(
      newcomers.map(async ({ id, container }) => {
        const answer = await askState(docker, container, deadlines.order);
        return answer.asked && answer.state.configured === 'no' ? [id] : [];
      }),
    );
    await this.#configure(untold.flat(), { form: false });
    const look = async () => this.#view();
    const sql = this.#sql;
    for (const node of newcomers) await addMember(node, { ...this.#tools, sql, look });
  }

  /** Settings that a reload can take: one server says first whether they are right. */
  async reload(): Promise<void> {
    const { docker, report } = this.#tools;
    const { reloadable, nodes } = this.#cluster;
    await report.step('settings that need no restart are the declared ones', async () => {
      const [first, ...others] = nodes.map(({ container }) => container);
      if (first !== undefined) await handSettingsOver(first, { docker, reloadable });
      await Promise.all(others.map(async (container) => handSettingsOver(container, { docker, reloadable })));
    });
  }

  /** Wait for primary, streams and the synchronous setting. */
  async healthy(deadline: number): Promise<void> {
    const { report } = this.#tools;
    await report.step('the leader accepts writes and every standby streams', async (progress) => {
      const fits = async () => {
        const view = await this.#view();
        const problems = this.#describe(view);
        return problems === '' ? found(view) : notYet(problems);
      };
      await this.#wait('a writable primary and streaming standbys', fits, deadline, progress);
    });
  }

  async #configure(ids: readonly number[], { form }: { form: boolean }): Promise<void> {
    const { docker } = this.#tools;
    const handOver = { docker, secrets: this.#secrets, nodes: this.#cluster.nodes, form };
    await Promise.all(ids.map(async (id) => handSecretsOver(this.#node(id).container, handOver)));
  }

  /** A command of pgraft-node that must work. */
  async #order(id: number, command: readonly string[]): Promise<void> {
    const { container } = this.#node(id);
    const { docker } = this.#tools;
    const outcome = await docker.exec(container, ['pgraft-node', ...command], { deadline: deadlines.order });
    if (outcome.ok) return;
    const { problem } = outcome;
    throw new UserError(`${container}, pgraft-node ${command.join(' ')}: ${problem}; see docker logs ${container}`);
  }

  async #accepting(id: number, deadline: number, progress: (line: string) => void): Promise<void> {
    const { container } = this.#node(id);
    const { clock } = this.#tools;
    const refusal = openRefusal(clock);
    const accepts = async (): Promise<Look<true>> => {
      const node = findNode(await this.#view(), id);
      if (node === undefined) return notYet('the container is missing');
      if (node.postgres.accepting) return found(true as const);
      const { entryPoint } = node;
      if (entryPoint?.asked !== true) return notYet(node.postgres.problem);
      const { phase, message } = entryPoint.state;
      const refused = refusal(entryPoint);
      if (refused !== undefined) {
        throw new UserError(`${container} refuses to start: ${refused}; see docker logs ${container}`);
      }
      return notYet(message === '' ? phase : `${phase}: ${message}`);
    };
    await this.#wait(`${container} to accept connections`, accepts, deadline, progress, container);
  }

  async #wait<T>(
    what: string,
    probe: () => Promise<Look<T>>,
    deadline: number,
    progress: (line: string) => void,
    container = this.#node(1).container,
  ): Promise<T> {
    const fix = `see docker logs ${container}, then deploy again: it goes on from here`;
    return waitUntil(what, probe, { deadline, every: 60, fix, clock: this.#tools.clock, progress });
  }

  async #view(): Promise<ClusterView> {
    this.#reading ??= this.#look().finally(() => (this.#reading = undefined));
    const view = await this.#reading;
    if (view === undefined) throw new Error(`no container of cluster ${this.#cluster.prefix} is left`);
    return view;
  }

  #absent(view: ClusterView): string[] {
    return this.#cluster.nodes
      .filter(({ id }) => findNode(view, id) === undefined)
      .map(({ container }) => `${container}: the container is missing`);
  }

  /** A server that has left may still be there: Terraform removes it at the same time. */
  #describe(view: ClusterView): string {
    const declared = new Set(this.#cluster.nodes.map(({ id }) => id));
    const nodes = view.nodes.filter(({ id }) => declared.has(id) || view.members.some((member) => member.id === id));
    return [...this.#absent(view), ...problemsOf({ ...view, nodes })].join('; ');
  }

  /** The group has formed, of these. */
  remember(): void {
    const members = this.#cluster.nodes.map(({ id }) => id);
    const { secrets: store } = this.#tools;
    // as they are by now: npm run rotate-key may have changed the key meanwhile
    this.#secrets = { ...(store.load() ?? this.#secrets), formed: true, members };
    store.save(this.#secrets);
  }

  #node(id: number): DeclaredCluster['nodes'][number] {
    const node = this.#cluster.nodes.find((candidate) => candidate.id === id);
    if (node === undefined) throw new Error(`node ${id} is not declared in cluster ${this.#cluster.prefix}`);
    return node;
  }
}
