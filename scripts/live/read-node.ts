/** One server, asked over SQL. */
import { nodeName } from '../../constructs/topology.js';
import { messageOf } from '../kit/errors.js';
import type { Endpoint } from './docker.js';
import type { Sql, SqlRow } from './sql.js';
import type { MemberView, PostgresView, Promotion, RaftView, StreamView } from './view.js';

export interface SqlAnswer {
  readonly postgres: PostgresView;
  readonly raft: RaftView;
  readonly members: readonly MemberView[];
}

// The timeline of a primary is read off its WAL, since the control file names the old one until the next checkpoint.
const postgresFacts = `
  select pg_is_in_recovery() as in_recovery,
         case when pg_is_in_recovery()
           then coalesce((select received_tli from pg_stat_wal_receiver),
                         greatest((select timeline_id from pg_control_checkpoint()),
                                  (select min_recovery_end_timeline from pg_control_recovery())))
           else ('x' || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8))::bit(32)::int
         end as timeline,
         case when pg_is_in_recovery()
           then coalesce(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')
           else pg_current_wal_flush_lsn()
         end::text as written_lsn,
         case when pg_is_in_recovery()
           then coalesce(pg_last_wal_replay_lsn(), '0/0')
           else pg_current_wal_flush_lsn()
         end::text as replayed_lsn,
         (select system_identifier from pg_control_system())::text as system_identifier,
         current_setting('synchronous_standby_names') as synchronous_names,
         (select coalesce(sum(checksum_failures), 0) from pg_stat_database)::int as checksum_failures`;

const streamFacts = `
  select application_name, state, sync_state,
         pg_wal_lsn_diff(pg_current_wal_flush_lsn(), flush_lsn)::bigint as flush_lag,
         pg_wal_lsn_diff(pg_current_wal_flush_lsn(), replay_lsn)::bigint as replay_lag
    from pg_stat_replication
   order by application_name`;

const raftFacts = `
  select state, current_term, leader_id, role, writable, synchronous_in_force, quorum_met, commit_index, failover_enabled,
         message, promotion_term, promotion_node_id, promotion_timeline
    from pgraft_get_cluster_status()`;

const memberFacts = `
  select node_id, name, state, voter, last_heartbeat_ms
    from pgraft_get_nodes()
   order by node_id`;

/**
 * Ask one server for everything; never throws.
 *
 * @param deadline milliseconds for each question; a server that does not answer the first is not asked the others
 */
export async function readNode(sql: Sql, endpoint: Endpoint, deadline: number): Promise<SqlAnswer> {
  let postgres: PostgresView;
  try {
    const [facts] = await sql.query(endpoint, postgresFacts, { deadline });
    const primary = facts?.['in_recovery'] === false;
    const streams = primary ? await sql.query(endpoint, streamFacts, { deadline }) : [];
    postgres = readPostgres(facts ?? {}, streams);
  } catch (error) {
    const problem = messageOf(error);
    return { postgres: { accepting: false, problem }, raft: { available: false, problem }, members: [] };
  }
  try {
    const [facts] = await sql.query(endpoint, raftFacts, { deadline });
    const members = await sql.query(endpoint, memberFacts, { deadline });
    return { postgres, raft: readRaft(facts), members: members.map(readMember) };
  } catch (error) {
    return { postgres, raft: { available: false, problem: messageOf(error) }, members: [] };
  }
}

function readPostgres(facts: SqlRow, streams: readonly SqlRow[]): PostgresView {
  return {
    accepting: true,
    inRecovery: facts['in_recovery'] === true,
    timeline: Number(facts['timeline']),
    writtenLsn: String(facts['written_lsn']),
    replayedLsn: String(facts['replayed_lsn']),
    systemIdentifier: String(facts['system_identifier']),
    synchronousNames: typeof facts['synchronous_names'] === 'string' ? facts['synchronous_names'] : '',
    checksumFailures: Number(facts['checksum_failures'] ?? 0),
    streams: streams.filter((row) => !isCopy(row)).map(readStream),
  };
}

/** A server whose data is being copied anew (`<name>_clone`): no standby yet. */
function isCopy(row: SqlRow): boolean {
  return String(row['application_name']).endsWith('_clone');
}

/** A standby whose data is not whole streams under a name that nobody waits for (R3). */
const incompleteName = /^pgraft_node_(\d+)_incomplete$/;

function readStream(row: SqlRow): StreamView {
  const application = String(row['application_name']);
  return {
    name: nameOfApplication(application),
    ...(incompleteName.test(application) ? { incomplete: true } : {}),
    state: String(row['state']),
    syncState: String(row['sync_state']),
    flushLagBytes: Number(row['flush_lag'] ?? 0),
    replayLagBytes: Number(row['replay_lag'] ?? 0),
  };
}

/** A standby's application_name is its node's name with the incarnation behind it (R10). */
export function nameOfApplication(applicationName: string): string {
  const incomplete = incompleteName.exec(applicationName)?.[1];
  if (incomplete !== undefined) return nodeName(Number(incomplete));
  return /^[a-z]+[0-9]?(?![a-z0-9])/.exec(applicationName)?.[0] ?? applicationName;
}

function readRaft(row: SqlRow | undefined): RaftView {
  if (row === undefined) return { available: false, problem: 'pgraft_get_cluster_status() returned no row' };
  const state = String(row['state']);
  if (state === 'unavailable') return { available: false, problem: 'the consensus worker is not available' };
  return {
    available: true,
    state,
    term: Number(row['current_term']),
    leaderId: Number(row['leader_id']),
    role: String(row['role']),
    writable: row['writable'] === true,
    synchronousInForce: row['synchronous_in_force'] === true,
    quorumMet: row['quorum_met'] === true,
    commitIndex: Number(row['commit_index']),
    failoverEnabled: row['failover_enabled'] === true,
    promotion: readPromotion(row),
    message: typeof row['message'] === 'string' ? row['message'] : undefined,
  };
}

function readPromotion(row: SqlRow): Promotion | undefined {
  const [term, nodeId, timeline] = ['promotion_term', 'promotion_node_id', 'promotion_timeline'].map((column) =>
    Number(row[column] ?? 0),
  );
  if (!term || !nodeId || !timeline) return undefined;
  return { term, nodeId, timeline };
}

function readMember(row: SqlRow): MemberView {
  const heard = row['last_heartbeat_ms'] ?? undefined;
  return {
    id: Number(row['node_id']),
    name: String(row['name']),
    state: String(row['state']),
    voter: row['voter'] === true,
    lastHeartbeatMs: heard === undefined ? undefined : Number(heard),
  };
}
