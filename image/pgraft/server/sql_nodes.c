/*
 * sql_nodes.c
 *	  pgraft_get_nodes(): the members as this server sees them.
 *
 * What only the leader or the primary knows of the others it tells with its beats; so a follower's answer is a heartbeat old.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/cluster_spec.h"
#include "net/clock.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/slots.h"
#include "server/sql_status.h"

PG_FUNCTION_INFO_V1(pgraft_get_nodes);

#define NODE_COLUMNS 11

typedef struct Members
{
	PgraftRaftStatus raft;
	int n;
	PgraftMember members[PGRAFT_MAX_NODES];
	int64 now;
} Members;

/* What is known of one; -1: it is not. */
typedef struct Known
{
	int64 match_index;
	int64 heard_ms; /* so long ago */
	int64 lag_bytes;
} Known;

static void
look(Members *members)
{
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	members->raft = pgraft_shared->raft;
	members->n = pgraft_shared->state.n_members;
	memcpy(members->members, pgraft_shared->state.members, sizeof members->members);
	LWLockRelease(pgraft_shared->lock);
	members->now = pgraft_now_ms();
}

static const char *
name_of(const Members *members, int32 node_id)
{
	for (int i = 0; i < members->n; i++)
		if (members->members[i].node_id == node_id)
			return members->members[i].name;
	return NULL;
}

static int64
since(const Members *members, int64 then)
{
	return then == 0 ? -1 : Max(members->now - then, 0);
}

/* The sooner of two times ago. */
static int64
later(int64 a, int64 b)
{
	return a < 0 ? b : b < 0 ? a : Min(a, b);
}

/* The beat is as old as the last sign of life of the leader, who sends both. */
static int64
age_of_beat(const Members *members)
{
	for (int i = 0; i < members->raft.n_peers; i++)
		if (members->raft.peers[i].node_id == members->raft.leader_id)
			return Max(since(members, members->raft.peers[i].last_seen_ms), 0);
	return 0;
}

static const PgraftProgress *
progress_of(const PgraftRaftStatus *raft, int32 node_id)
{
	const PgraftBeat *beat = &raft->beat;

	for (int i = 0; raft->leader_id != 0 && beat->term == raft->term && i < beat->n_progress; i++)
		if (beat->progress[i].node_id == node_id)
			return &beat->progress[i];
	return NULL;
}

static Known
known_by_leader(const Members *members, const PgraftPeerStatus *peer)
{
	Known known = {
		.match_index = (int64) peer->match_index,
		.heard_ms = since(members, peer->last_seen_ms),
		.lag_bytes = -1,
	};

	return known;
}

static Known
known_by_follower(const Members *members, const PgraftPeerStatus *peer)
{
	const PgraftProgress *told = progress_of(&members->raft, peer->node_id);
	Known known = {.match_index = -1, .heard_ms = since(members, peer->last_seen_ms), .lag_bytes = -1};

	if (told != NULL)
	{
		known.match_index = (int64) told->match_index;
		known.lag_bytes = told->lag_bytes;
		if (told->heard_ms >= 0)
			known.heard_ms = later(known.heard_ms, told->heard_ms + age_of_beat(members));
	}
	return known;
}

static Known
known_of(const Members *members, const PgraftPeerStatus *peer)
{
	Known known =
		members->raft.role == PGRAFT_RAFT_LEADER ? known_by_leader(members, peer) : known_by_follower(members, peer);

	if (peer->node_id == pgraft_node_id)
	{
		known.match_index = (int64) members->raft.last_index;
		known.heard_ms = 0;
	}
	if (!RecoveryInProgress())
		known.lag_bytes = peer->node_id == pgraft_node_id ? 0 : pgraft_slot_lag(peer->node_id, GetFlushRecPtr(NULL));
	return known;
}

static const char *
member_state(const PgraftRaftStatus *raft, const PgraftPeerStatus *peer, const Known *known)
{
	bool silent = known->heard_ms > 2 * (int64) pgraft_election_timeout;

	if (peer->node_id == pgraft_node_id)
		return peer->voter ? pgraft_raft_role_name(raft->role) : "spare";
	if (silent)
		return "unreachable";
	if (!peer->voter)
		return "spare";
	if (known->heard_ms < 0)
		return "unknown";
	return peer->node_id == raft->leader_id ? "leader" : "follower";
}

static void
fill_node(Datum *values, bool *nulls, const Members *members, const PgraftPeerStatus *peer)
{
	const PgraftRaftStatus *raft = &members->raft;
	const char *name = name_of(members, peer->node_id);
	Known known = known_of(members, peer);
	char host[PGRAFT_ADDRESS_SIZE] = "";
	char why[256];
	uint16_t port = 0;
	int i = 0;

	pgraft_address_parse(peer->address, host, sizeof host, &port, why, sizeof why);
	values[i++] = Int32GetDatum(peer->node_id);
	values[i++] = CStringGetTextDatum(host);
	values[i++] = Int32GetDatum(port);
	values[i++] = BoolGetDatum(peer->node_id == raft->leader_id);
	nulls[i] = name == NULL;
	values[i++] = CStringGetTextDatum(name == NULL ? "" : name);
	values[i++] = CStringGetTextDatum(member_state(raft, peer, &known));
	nulls[i] = known.match_index < 0;
	values[i++] = Int64GetDatum(known.match_index);
	values[i++] = Int64GetDatum((int64) Max(raft->commit_index, raft->beat.commit_index));
	nulls[i] = known.heard_ms < 0;
	values[i++] = Int64GetDatum(known.heard_ms);
	nulls[i] = known.lag_bytes < 0;
	values[i++] = Int64GetDatum(known.lag_bytes);
	values[i++] = BoolGetDatum(peer->voter);
	Assert(i == NODE_COLUMNS);
}

Datum
pgraft_get_nodes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Members members;

	pgraft_require_shared();
	look(&members);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < members.raft.n_peers; i++)
	{
		Datum values[NODE_COLUMNS];
		bool nulls[NODE_COLUMNS] = {false};

		fill_node(values, nulls, &members, &members.raft.peers[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
