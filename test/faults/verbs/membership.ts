/** Changes of the membership, as an operator makes them: asked again until they are made, whoever leads meanwhile. */
import { messageOf } from '../../../scripts/kit/errors.js';
import { eventually } from '../../support/eventually.js';
import type { FaultCluster, FaultServer } from '../fault-cluster.js';
import type { Fault } from '../fault.js';

/** What the primary shows of a server. */
type Membership = 'none' | 'spare' | 'voter';

const deadline = 60_000;
/** Of one call: it waits for the newcomer, for WAL on a majority, or for a hand-over. */
const callDeadline = 30_000;

/** @param first who is asked first */
export function removeAndAdd(cluster: FaultCluster, server: FaultServer, first: FaultServer): Fault {
  return {
    what: `pgraft_remove_node(${server.id}) of ${server.name}, asked of ${first.name}`,
    inject: async () => removeMember(cluster, server, first),
    heal: async () => addMember(cluster, server),
  };
}

/** @throws UserError when it is still a member at the deadline */
export async function removeMember(cluster: FaultCluster, server: FaultServer, first?: FaultServer): Promise<void> {
  const remove = async (asked: FaultServer) => call(asked, 'SELECT pgraft_remove_node($1)', [server.id]);
  await settle(`${server.name} to be removed`, cluster, server, { wanted: 'none', ask: remove, first });
}

/** @throws UserError when it is not a voter at the deadline */
export async function addMember(cluster: FaultCluster, server: FaultServer, first?: FaultServer): Promise<void> {
  const { container, id, node } = server;
  const add = async (asked: FaultServer) => {
    return call(asked, 'SELECT pgraft_add_node($1, $2, $3)', [id, container, node.raftPort]);
  };
  await settle(`${server.name} to be a voter`, cluster, server, { wanted: 'voter', ask: add, first });
}

interface Change {
  readonly wanted: 'none' | 'voter';
  /** @returns what was answered, for the error */
  readonly ask: (asked: FaultServer) => Promise<string>;
  readonly first: FaultServer | undefined;
}

async function settle(
  what: string,
  cluster: FaultCluster,
  server: FaultServer,
  { wanted, ask, first }: Change,
): Promise<void> {
  let answer = first === undefined ? 'not asked yet' : await ask(first);
  const look = async () => {
    const seen = await membershipOf(cluster, server);
    // a spare becomes a voter without being asked for again
    const isToAsk = wanted === 'none' ? seen !== 'none' : seen === 'none';
    if (isToAsk) answer = await ask(await cluster.primary());
    return { seen, answer };
  };
  await eventually(what, look, ({ seen }) => seen === wanted, deadline);
}

async function membershipOf(cluster: FaultCluster, { id }: FaultServer): Promise<Membership> {
  const primary = await cluster.primary();
  const [row] = await primary.query<{ voter: boolean }>('SELECT voter FROM pgraft_get_nodes() WHERE node_id = $1', [
    id,
  ]);
  if (row === undefined) return 'none';
  return row.voter ? 'voter' : 'spare';
}

async function call(asked: FaultServer, statement: string, values: readonly unknown[]): Promise<string> {
  try {
    await asked.query(statement, values, undefined, callDeadline);
    return 'done';
  } catch (error) {
    return messageOf(error);
  }
}
