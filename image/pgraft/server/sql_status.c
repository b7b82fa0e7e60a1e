/*
 * sql_status.c
 *	  The SQL functions that read this server's own status: each copies what it needs under the lock, and reports after.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "server/gate.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/sql_status.h"
#include "server/sql_text.h"

PG_FUNCTION_INFO_V1(pgraft_is_leader);
PG_FUNCTION_INFO_V1(pgraft_get_leader);
PG_FUNCTION_INFO_V1(pgraft_get_term);
PG_FUNCTION_INFO_V1(pgraft_quorum_met);
PG_FUNCTION_INFO_V1(pgraft_get_worker_state);
PG_FUNCTION_INFO_V1(pgraft_get_version);
PG_FUNCTION_INFO_V1(pgraft_get_cluster_status);

#define STATUS_COLUMNS 21

/* What there is to say of the replicated state: it is large, and the lock is short. */
typedef struct Summary
{
	char cluster_name[PGRAFT_VALUE_SIZE];
	bool failover_enabled;
	bool promoted;
	PgraftPromotion last; /* promoted */
} Summary;

static PgraftRaftStatus
raft_status(void)
{
	PgraftRaftStatus raft;

	pgraft_require_shared();
	pgraft_copy_raft(&raft);
	return raft;
}

static void
copy_summary(Summary *summary)
{
	const PgraftState *state = &pgraft_shared->state;
	const PgraftPromotion *last;

	memset(summary, 0, sizeof *summary);
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	strlcpy(summary->cluster_name, state->cluster_name, sizeof summary->cluster_name);
	summary->failover_enabled = state->failover_enabled;
	last = pgraft_state_last_record(state);
	summary->promoted = last != NULL;
	if (last != NULL)
		summary->last = *last;
	LWLockRelease(pgraft_shared->lock);
}

const char *
pgraft_raft_role_name(PgraftRaftRole role)
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
fill_status(Datum *values, bool *nulls, const PgraftRaftStatus *raft, const Summary *state,
			const PgraftRoleStatus *role)
{
	int i = 0;

	values[i++] = Int32GetDatum(pgraft_node_id);
	values[i++] = Int64GetDatum((int64) raft->term);
	values[i++] = Int64GetDatum(raft->leader_id);
	values[i++] = CStringGetTextDatum(pgraft_raft_role_name(raft->role));
	values[i++] = Int32GetDatum(raft->n_peers);
	values[i++] = Int64GetDatum((int64) messages_processed(&raft->counters));
	values[i++] = Int64GetDatum((int64) raft->counters.heartbeats_sent);
	values[i++] = Int64GetDatum((int64) raft->counters.elections);
	values[i++] = Int64GetDatum((int64) raft->commit_index);
	values[i++] = Int64GetDatum((int64) raft->last_applied);
	values[i++] = pgraft_text_datum(state->cluster_name);
	values[i++] = CStringGetTextDatum(pgraft_name);
	values[i++] = BoolGetDatum(raft->quorum);
	nulls[i] = nulls[i + 1] = nulls[i + 2] = !state->promoted;
	values[i++] = Int64GetDatum((int64) state->last.term);
	values[i++] = Int32GetDatum(state->last.node_id);
	values[i++] = Int32GetDatum((int32) state->last.timeline);
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
	Summary summary;
	PgraftRoleStatus role;
	TupleDesc description;
	Datum values[STATUS_COLUMNS];
	bool nulls[STATUS_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &description) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	copy_summary(&summary);
	pgraft_copy_role(&role);
	fill_status(values, nulls, &raft, &summary, &role);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls)));
}
