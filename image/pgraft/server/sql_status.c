/*
 * sql_status.c
 *	  The SQL functions that read: each copies what it needs under the lock, and reports after.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "replication/walreceiver.h"
#include "utils/builtins.h"

#include "core/cluster_spec.h"
#include "net/clock.h"
#include "server/gate.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/slots.h"

PG_FUNCTION_INFO_V1(pgraft_is_leader);
PG_FUNCTION_INFO_V1(pgraft_get_leader);
PG_FUNCTION_INFO_V1(pgraft_get_term);
PG_FUNCTION_INFO_V1(pgraft_quorum_met);
PG_FUNCTION_INFO_V1(pgraft_get_worker_state);
PG_FUNCTION_INFO_V1(pgraft_get_version);
PG_FUNCTION_INFO_V1(pgraft_get_cluster_status);
PG_FUNCTION_INFO_V1(pgraft_get_nodes);

#define STATUS_COLUMNS 21
#define NODE_COLUMNS   11

static PgraftRaftStatus
raft_status(void)
{
	PgraftRaftStatus raft;

	pgraft_require_shared();
	pgraft_copy_raft(&raft);
	return raft;
}

static const char *
raft_role_name(PgraftRaftRole role)
{
	switch (role)
	{
		case PGRAFT_RAFT_LEADER:
			return "leader";
		case PGRAFT_RAFT_FOLLOWER:
			return "follower";
		case PGRAFT_RAFT_CANDIDATE:
			return "candidate";
		case PGRAFT_RAFT_UNAVAILABLE:
			break;
	}
	return "unavailable";
}

static const char *
server_role_name(const PgraftRoleStatus *role)
{
	switch (role->action)
	{
		case PGRAFT_SERVE:
			return "primary";
		case PGRAFT_STAY:
		case PGRAFT_FOLLOW:
			return role->following_term != 0 ? "standby" : "waiting";
		case PGRAFT_COMMIT_INTENT:
		case PGRAFT_PROMOTE:
		case PGRAFT_AWAIT_PROMOTION:
		case PGRAFT_COMMIT_RECORD:
			return "promoting";
		case PGRAFT_REJOIN:
		case PGRAFT_FENCE:
		case PGRAFT_DISCARD:
			return "rejoining";
		case PGRAFT_WAIT:
		case PGRAFT_FREEZE:
		case PGRAFT_HAND_OVER:
			break;
	}
	return "waiting";
}

Datum
pgraft_is_leader(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(raft_status().role == PGRAFT_RAFT_LEADER);
}

Datum
pgraft_get_leader(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(raft_status().leader_id);
}

Datum
pgraft_get_term(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) raft_status().term);
}

Datum
pgraft_quorum_met(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(raft_status().quorum);
}

Datum
pgraft_get_worker_state(PG_FUNCTION_ARGS)
{
	bool consensus;
	bool role;

	pgraft_require_shared();
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	consensus = pgraft_shared->consensus_pid != 0;
	role = pgraft_shared->role_pid != 0;
	LWLockRelease(pgraft_shared->lock);
	if (consensus && role)
		PG_RETURN_TEXT_P(cstring_to_text("running"));
	PG_RETURN_TEXT_P(cstring_to_text(consensus ? "role worker restarting"
									 : role	   ? "consensus worker restarting"
											   : "restarting"));
}

Datum
pgraft_get_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(PGRAFT_VERSION));
}

static uint64
messages_processed(const PgraftCounters *counters)
{
	uint64 sum = 0;

	for (int i = 0; i < PGRAFT_MESSAGE_KINDS; i++)
		sum += counters->received[i];
	return sum;
}

static void
fill_status(Datum *values, bool *nulls, const PgraftRaftStatus *raft, const PgraftState *state,
			const PgraftRoleStatus *role)
{
	const PgraftPromotion *last = pgraft_state_last_record(state);
	int i = 0;

	values[i++] = Int32GetDatum(pgraft_node_id);
	values[i++] = Int64GetDatum((int64) raft->term);
	values[i++] = Int64GetDatum(raft->leader_id);
	values[i++] = CStringGetTextDatum(raft_role_name(raft->role));
	values[i++] = Int32GetDatum(raft->n_peers);
	values[i++] = Int64GetDatum((int64) messages_processed(&raft->counters));
	values[i++] = Int64GetDatum((int64) raft->counters.heartbeats_sent);
	values[i++] = Int64GetDatum((int64) raft->counters.elections);
	values[i++] = Int64GetDatum((int64) raft->commit_index);
	values[i++] = Int64GetDatum((int64) raft->last_applied);
	values[i++] = CStringGetTextDatum(state->cluster_name);
	values[i++] = CStringGetTextDatum(pgraft_name);
	values[i++] = BoolGetDatum(raft->quorum);
	nulls[i] = nulls[i + 1] = nulls[i + 2] = last == NULL;
	values[i++] = Int64GetDatum(last == NULL ? 0 : (int64) last->term);
	values[i++] = Int32GetDatum(last == NULL ? 0 : last->node_id);
	values[i++] = Int32GetDatum(last == NULL ? 0 : (int32) last->timeline);
	values[i++] = CStringGetTextDatum(server_role_name(role));
	values[i++] = BoolGetDatum(!RecoveryInProgress() && pgraft_commits_open());
	values[i++] = BoolGetDatum(role->sync_in_force);
	values[i++] = BoolGetDatum(state->failover_enabled);
	nulls[i] = role->message[0] == '\0';
	values[i++] = CStringGetTextDatum(role->message);
	Assert(i == STATUS_COLUMNS);
}

Datum
pgraft_get_cluster_status(PG_FUNCTION_ARGS)
{
	PgraftRaftStatus raft = raft_status();
	PgraftState *state = palloc(sizeof *state);
	PgraftRoleStatus role;
	TupleDesc description;
	Datum values[STATUS_COLUMNS];
	bool nulls[STATUS_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &description) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	pgraft_copy_state(state);
	pgraft_copy_role(&role);
	fill_status(values, nulls, &raft, state, &role);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls)));
}

/* What this server can tell of a member's state: a follower hears of the others only now and then. */
static const char *
member_state(const PgraftRaftStatus *raft, const PgraftPeerStatus *peer, int64 now)
{
	if (!peer->voter)
		return "spare";
	if (peer->node_id == pgraft_node_id)
		return raft_role_name(raft->role);
	if (peer->last_seen_ms == 0)
		return "unknown";
	if (now - peer->last_seen_ms > 2 * (int64) pgraft_election_timeout)
		return "unreachable";
	return peer->node_id == raft->leader_id ? "leader" : "follower";
}

/* -1 if it cannot be told here. */
static int64
replication_lag(const PgraftPeerStatus *peer)
{
	XLogRecPtr received;
	XLogRecPtr replayed;

	if (!RecoveryInProgress())
		return peer->node_id == pgraft_node_id ? 0 : pgraft_slot_lag(peer->node_id, GetFlushRecPtr(NULL));
	if (peer->node_id != pgraft_node_id)
		return -1;
	received = GetWalRcvFlushRecPtr(NULL, NULL);
	replayed = GetXLogReplayRecPtr(NULL);
	return received > replayed ? (int64) (received - replayed) : 0;
}

static void
fill_node(Datum *values, bool *nulls, const PgraftRaftStatus *raft, const PgraftState *state,
		  const PgraftPeerStatus *peer)
{
	const PgraftMember *member = pgraft_state_member(state, peer->node_id);
	int64 now = pgraft_now_ms();
	int64 lag = replication_lag(peer);
	char host[PGRAFT_ADDRESS_SIZE] = "";
	char why[256];
	uint16_t port = 0;
	int i = 0;

	pgraft_address_parse(peer->address, host, sizeof host, &port, why, sizeof why);
	values[i++] = Int32GetDatum(peer->node_id);
	values[i++] = CStringGetTextDatum(host);
	values[i++] = Int32GetDatum(port);
	values[i++] = BoolGetDatum(peer->node_id == raft->leader_id);
	nulls[i] = member == NULL;
	values[i++] = CStringGetTextDatum(member == NULL ? "" : member->name);
	values[i++] = CStringGetTextDatum(member_state(raft, peer, now));
	nulls[i] = raft->role != PGRAFT_RAFT_LEADER && peer->node_id != pgraft_node_id;
	values[i++] = Int64GetDatum((int64) peer->match_index);
	values[i++] = Int64GetDatum((int64) raft->commit_index);
	nulls[i] = peer->last_seen_ms == 0;
	values[i++] = Int64GetDatum(peer->node_id == pgraft_node_id ? 0 : Max(now - peer->last_seen_ms, 0));
	nulls[i] = lag < 0;
	values[i++] = Int64GetDatum(lag);
	values[i++] = BoolGetDatum(peer->voter);
	Assert(i == NODE_COLUMNS);
}

Datum
pgraft_get_nodes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PgraftRaftStatus raft = raft_status();
	PgraftState *state = palloc(sizeof *state);

	pgraft_copy_state(state);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < raft.n_peers; i++)
	{
		Datum values[NODE_COLUMNS];
		bool nulls[NODE_COLUMNS] = {false};

		fill_node(values, nulls, &raft, state, &raft.peers[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
