/**
 * The key that the servers prove to each other is changed while they run. A server makes its challenges with the first of its keys and
 * accepts both, so servers of two neighbouring steps understand each other, and each step is seen on all servers before the next:
 *
 *   former -> former, new -> new, former -> new
 *
 * What is to be done is remembered before any server hears of it, so that whoever was interrupted goes on: while the secrets have a next
 * key all servers still challenge with the one before, and once they have a former one all servers know both.
 */
import { createHmac } from 'node:crypto';
import { InterruptedError, messageOf, UserError } from '../kit/errors.js';
import type { Report } from '../kit/report.js';
import { generateRaftKey, raftKeys, type Secrets } from '../kit/secrets.js';
import { noWishes, orInterrupted, stoppableClock } from '../kit/stoppable.js';
import { found, notYet, waitUntil } from '../kit/wait.js';
import type { Live } from '../live/open.js';
import { readExistingCluster } from '../live/read.js';
import type { ClusterView, NodeView } from '../live/view.js';

const deadlines = { ask: 5_000, give: 20_000, inUse: 30_000 };
const again = 'the cluster goes on with both keys; mend that, then run npm run rotate-key again: it goes on from here';

const fingerprintsQuery = 'select key_fingerprints from pgraft_log_get_stats()';

export interface RotateOptions {
  readonly report: Report;
  /** The secrets are those that this machine remembers; otherwise a server gave them. */
  readonly remembered: boolean;
  /** Durable when it returns. */
  readonly save: (secrets: Secrets) => void;
  readonly generate?: () => string;
  /** Aborted with an InterruptedError when nobody wants to wait any longer. @default - never */
  readonly end?: AbortSignal;
}

/** What everybody may know of a key: pgraft_log_get_stats().key_fingerprints. */
export function fingerprintOf(key: string): string {
  const mac = createHmac('sha256', Buffer.from(key, 'hex')).update('pgraft key fingerprint').digest('hex');
  return mac.slice(0, 8);
}

/**
 * What npm run rotate-key does.
 *
 * @returns the fingerprint of the key that all servers have now
 * @throws UserError naming the server and what to do, before anything was changed where a server does not answer; InterruptedError
 */
export async function rotateKey(live: Live, options: RotateOptions): Promise<{ fingerprint: string }> {
  const { end = noWishes.end } = options;
  const run = new Run({ ...live, clock: stoppableClock(live.clock, end) }, options, end);
  try {
    return await orInterrupted(end, run.perform());
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError(error.signal, `interrupted: ${run.standing()}`);
  }
}

class Run {
  #secrets: Secrets | undefined;

  constructor(
    private readonly live: Live,
    private readonly options: RotateOptions,
    private readonly end: AbortSignal,
  ) {}

  async perform(): Promise<{ fingerprint: string }> {
    const { report } = this.options;
    const nodes = await report.step('1. Every server answers, with a key that is known here', async () =>
      this.#begin(),
    );
    let secrets = this.#known();
    const interrupted = raftKeys(secrets).length > 1;
    if (interrupted) report.note('An earlier change of the key was not finished: it is gone on with.');
    if (secrets.former_raft_key !== undefined) secrets = await this.#finish(nodes, secrets);
    // one that was interrupted is the one that was asked for, unless nobody remembers which of its keys was the new one
    if (!interrupted || !this.options.remembered || secrets.next_raft_key !== undefined) {
      secrets = await this.#change(nodes, secrets);
    }
    return { fingerprint: fingerprintOf(secrets.raft_key) };
  }

  /** For whoever was interrupted. */
  standing(): string {
    if (this.#secrets === undefined || raftKeys(this.#secrets).length === 1) return 'the key is as it was';
    return 'the servers go on with both keys; npm run rotate-key goes on from here';
  }

  /** @throws UserError, nothing changed, unless every server can be led through all of it */
  async #begin(): Promise<readonly NodeView[]> {
    const { secrets } = this.live;
    if (secrets === undefined) {
      throw new UserError('the secrets of this cluster are neither here nor given by a server; run npm start');
    }
    const view = await readExistingCluster(this.live);
    const nodes = serversOf(view);
    const held = await this.#look(nodes).catch((error: unknown) => {
      throw new UserError(`${messageOf(error)}; nothing was changed; see npm run status`);
    });
    const known = raftKeys(secrets).map(fingerprintOf);
    for (const [index, { container }] of nodes.entries()) expectKnown(container, held[index]?.[0], known);
    const members = secrets.members.length > 0 ? secrets.members : view.members.map(({ id }) => id);
    this.#secrets = { ...secrets, formed: true, members };
    // a second key that nobody remembers: who uses the first one understands everybody
    if (known.length === 1 && held.some((keys) => keys.length > 1)) await this.#give(nodes, [secrets.raft_key]);
    return nodes;
  }

  /** From one key to another. */
  async #change(nodes: readonly NodeView[], before: Secrets): Promise<Secrets> {
    const { report, generate = generateRaftKey } = this.options;
    const former = before.raft_key;
    const next = before.next_raft_key ?? generate();
    this.#save({ ...before, next_raft_key: next });
    await report.step(`2. Every server accepts the new key ${fingerprintOf(next)} too`, async (progress) =>
      this.#give(nodes, [former, next], progress),
    );
    const both = { ...before, raft_key: next, next_raft_key: undefined, former_raft_key: former };
    return this.#finish(nodes, this.#save(both));
  }

  /** Every server knows both keys: the first of them is to be the only one. */
  async #finish(nodes: readonly NodeView[], both: Secrets): Promise<Secrets> {
    const { report } = this.options;
    const keys = raftKeys(both);
    const [key = '', former = ''] = keys;
    await report.step(`3. Every server uses the key ${fingerprintOf(key)}`, async (progress) =>
      this.#give(nodes, keys, progress),
    );
    await report.step(`4. No server accepts the key ${fingerprintOf(former)} any more`, async (progress) =>
      this.#give(nodes, [key], progress),
    );
    return this.#save({ ...both, former_raft_key: undefined });
  }

  /** Give all servers these keys, and see that they have taken them. */
  async #give(nodes: readonly NodeView[], keys: readonly string[], progress?: (line: string) => void): Promise<void> {
    this.end.throwIfAborted();
    const { docker, clock } = this.live;
    const input = keys.map((key) => `${key}\n`).join('');
    const told = nodes.map(async ({ container }) => {
      const outcome = await docker.exec(container, ['pgraft-node', 'raft-key'], { input, deadline: deadlines.give });
      if (!outcome.ok) throw new UserError(`${container}, pgraft-node raft-key: ${outcome.problem}; ${again}`);
    });
    await Promise.all(told);
    const wanted = keys.map(fingerprintOf).join(', ');
    const taken = async () => {
      const held = await this.#look(nodes);
      const late = nodes.filter((_, index) => held[index]?.join(', ') !== wanted).map(({ container }) => container);
      return late.length === 0 ? found(true) : notYet(`${late.join(', ')} has not taken it`);
    };
    const waiting = { deadline: deadlines.inUse, fix: again, clock, ...(progress && { progress }) };
    await waitUntil(`every server to have the keys ${wanted}`, taken, waiting);
  }

  /** The fingerprints that each server tells. */
  async #look(nodes: readonly NodeView[]): Promise<string[][]> {
    return Promise.all(nodes.map(async (node) => this.#ask(node)));
  }

  async #ask({ container, endpoint }: NodeView): Promise<string[]> {
    const { sql } = this.live;
    if (sql === undefined || endpoint === undefined) throw new Error(`${container} cannot be asked for its keys`);
    try {
      const rows = await sql.query(endpoint, fingerprintsQuery, { deadline: deadlines.ask });
      const keys = rows[0]?.['key_fingerprints'];
      return Array.isArray(keys) ? keys.map(String) : [];
    } catch (error) {
      throw new Error(`${container} cannot be asked for its keys: ${messageOf(error)}`, { cause: error });
    }
  }

  #save(secrets: Secrets): Secrets {
    this.options.save(secrets);
    this.#secrets = secrets;
    return secrets;
  }

  #known(): Secrets {
    if (this.#secrets === undefined) throw new Error('the secrets are known once every server has answered');
    return this.#secrets;
  }
}

/** @param used fingerprint of the key that the server's challenges are made with; undefined when it has none */
function expectKnown(container: string, used: string | undefined, known: readonly string[]): void {
  if (used === undefined) {
    throw new UserError(
      `${container} has no key in use: its consensus worker does not run; nothing was changed; see npm run status`,
    );
  }
  if (known.includes(used)) return;
  throw new UserError(
    `${container} uses a key (${used}) that is not remembered here (${known.join(', ')}): another checkout has changed it; nothing was ` +
      'changed; run this there, or move secrets.json of this one away: the secrets are then read from a server',
  );
}

/** Members and those that wait to be added alike: each has the key. @throws UserError naming those that do not answer */
function serversOf({ prefix, nodes, members }: ClusterView): readonly NodeView[] {
  const absent = members
    .filter(({ id }) => !nodes.some((node) => node.id === id))
    .map(({ id }) => `node ${id}: missing`);
  const silent = nodes.flatMap(({ container, postgres, docker }) => {
    if (docker.status === 'missing') return [`${container}: the container is missing`];
    return postgres.accepting ? [] : [`${container}: ${postgres.problem}`];
  });
  const problems = [...absent, ...silent];
  if (problems.length === 0) return nodes;
  throw new UserError(
    `every server of ${prefix} has to answer, or it would not know the key afterwards: ${problems.join('; ')}; nothing was changed; ` +
      'start or remove it, then run this again',
  );
}
