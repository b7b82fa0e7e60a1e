/*
 * standby_steps.c
 *	  Being a standby: waiting, freezing for a newer term, and streaming from the server of its promotion record.
 *
 * The freeze is safety.md S2 and R5: a durable setting without a primary, proven to be in the startup process, no WAL receiver left and none
 * that could be started; only then is the report of this server's position made.
 */
#include "postgres.h"

#include "access/xlogrecovery.h"
#include "miscadmin.h"
#include "replication/walreceiver.h"

#include "core/cluster_spec.h"
#include "core/sync_names.h"
#include "server/member_stream.h"
#include "server/role_steps.h"
#include "server/settings.h"
#include "server/slots.h"
#include "server/sync_setting.h"
#include "server/wal_end.h"
#include "server/wal_receiver.h"

void
pgraft_refuse_commits(PgraftRoleTurn *turn, const char *message)
{
	pg_atomic_write_u32(&pgraft_shared->commits_open, 0);
	turn->role.sync_in_force = false;
	if (message[0] != '\0' && strcmp(turn->role.message, message) != 0)
		ereport(LOG, errmsg("pgraft: %s", message));
	strlcpy(turn->role.message, message, sizeof turn->role.message);

	/* Those that have waited in vain are told why. */
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	strlcpy(pgraft_shared->role.message, message, sizeof pgraft_shared->role.message);
	LWLockRelease(pgraft_shared->lock);
	turn->hand_over.to = 0;
	pgraft_hand_over_end();
}

/* Stream from nobody, and let nobody's confirmation count. */
static int
stand_alone(PgraftRoleTurn *turn)
{
	PgraftRoleConf conf;

	turn->role.following_term = 0;
	memset(&conf, 0, sizeof conf);
	strlcpy(conf.synchronous_standby_names, PGRAFT_NOBODY, sizeof conf.synchronous_standby_names);
	return pgraft_role_conf_apply(&conf);
}

void
pgraft_step_wait(PgraftRoleTurn *turn)
{
	pgraft_refuse_commits(turn, "");
	stand_alone(turn);

	/* A server that was removed: its slots would pin WAL for members that it knows no more (R10). */
	if (turn->raft.n_peers == 0 && pgraft_shared->slots_dropped)
		pgraft_slots_drop_all();
}

/* R3: what was wiped leaves a witness, with the old position. */
static void
make_report(PgraftRoleTurn *turn, uint64_t term)
{
	PgraftReport *report = &turn->report;
	XLogRecPtr end = pgraft_wal_end();

	pgraft_chain_settle(&turn->chain, pgraft_newest_timeline());
	if (pgraft_links_in_use(turn->chain.links, turn->chain.n, end) < turn->chain.n)
	{
		pgraft_step_drop_unused_links(turn, end);
		return;
	}
	memset(report, 0, sizeof *report);
	if (turn->role.witness)
		*report = turn->witness.old;
	else
	{
		report->end_lsn = end;
		pgraft_chain_report(&turn->chain, report);
	}
	report->witness = turn->role.witness;
	report->short_of_room = turn->role.short_of_room;
	report->term = term;
	turn->role.frozen_term = term;
	turn->fit_term = 0;
	turn->wal_end = end;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->report = *report;
	pgraft_shared->role.frozen_term = term;
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
	ereport(LOG, errmsg("pgraft: frozen for term " UINT64_FORMAT ", WAL ends at %X/%X of timeline %u%s", term,
						LSN_FORMAT_ARGS(report->end_lsn),
						report->n_links > 0 ? report->links[report->n_links - 1].timeline : 1,
						report->witness ? " (of data that is gone)" : ""));
}

/* What keeps a standby from its role: what somebody else has set, or else what it waits for. */
static const char *
obstacle(int generation, const char *otherwise)
{
	return pgraft_startup_is_misled(generation)
			   ? "primary_conninfo is not pgraft's: take it out of postgresql.auto.conf, and reload"
			   : otherwise;
}

void
pgraft_step_freeze(PgraftRoleTurn *turn, uint64_t term)
{
	int generation;

	generation = stand_alone(turn);
	pgraft_refuse_commits(turn, obstacle(generation, ""));
	if (!pgraft_replay_has_begun())
		return;
	if (!pgraft_startup_has(generation))
	{
		pgraft_end_conflicts();
		return;
	}
	if (pgraft_wal_receiver_stop())
		make_report(turn, term);
}

/* Streaming begins with the segment that position is in: does the primary of term no longer have it? */
static bool
is_recycled(const PgraftRoleTurn *turn, uint64_t term, XLogRecPtr position)
{
	const PgraftBeat *beat = &turn->raft.beat;

	return beat->promotion_term == term && position - position % wal_segment_size < beat->oldest_lsn;
}

PgraftFit
pgraft_compute_fit(PgraftRoleTurn *turn)
{
	const PgraftPromotion *last = pgraft_state_last_record(&turn->state);

	if (last == NULL || turn->role.frozen_term != turn->raft.term || last->term != turn->raft.term)
		return 0;
	if (turn->fit_term != last->term)
	{
		turn->fit = pgraft_history_fit(turn->chain.links, turn->chain.n, turn->wal_end, turn->state.history,
									   turn->state.n_history);
		if (is_recycled(turn, last->term, turn->wal_end))
			turn->fit = PGRAFT_FIT_CLONE;
		turn->fit_term = last->term;
	}
	return turn->fit;
}

/* Take over the links that the primary's chain has beyond ours, durably, before any WAL of theirs is asked for (safety.md R1). */
static void
adopt_chain(PgraftRoleTurn *turn)
{
	int n = turn->state.n_history;

	if (turn->chain.n == n && memcmp(turn->chain.links, turn->state.history, sizeof(PgraftPromotion) * n) == 0)
		return;
	memcpy(turn->chain.links, turn->state.history, sizeof(PgraftPromotion) * n);
	turn->chain.n = n;
	pgraft_chain_save(&turn->chain);
}

static const PgraftPeerStatus *
find_peer(const PgraftRaftStatus *raft, int32_t node_id)
{
	for (int i = 0; i < raft->n_peers; i++)
		if (raft->peers[i].node_id == node_id)
			return &raft->peers[i];
	return NULL;
}

/* A server whose data is not whole streams under a name that nobody waits for (R3). */
static void
application_name(const PgraftRoleTurn *turn, const PgraftMember *self, char *buf, size_t size)
{
	if (turn->role.witness)
		pgraft_incomplete_name(pgraft_node_id, buf, size);
	else
		pgraft_application_name(self, buf, size);
}

static bool
primary_conninfo(const PgraftRoleTurn *turn, int32_t node_id, uint64_t term, char *buf, size_t size)
{
	const PgraftMember *primary = pgraft_state_member(&turn->state, node_id);
	const PgraftMember *self = pgraft_state_member(&turn->state, pgraft_node_id);
	const PgraftPeerStatus *peer = find_peer(&turn->raft, node_id);
	char name[NAMEDATALEN];
	char host[PGRAFT_ADDRESS_SIZE];
	char why[256];
	uint16_t raft_port;

	if (primary == NULL || self == NULL || peer == NULL ||
		!pgraft_address_parse(peer->address, host, sizeof host, &raft_port, why, sizeof why))
		return false;
	application_name(turn, self, name, sizeof name);
	snprintf(buf, size,
			 "host=%s port=%u user=%s passfile=%s application_name=%s connect_timeout=2 "
			 "keepalives_idle=1 keepalives_interval=1 keepalives_count=3 tcp_user_timeout=3000 "
			 "options='-c pgraft.follow_term=" UINT64_FORMAT "'",
			 host, primary->postgres_port, pgraft_replication_user, pgraft_replication_passfile, name, term);
	return true;
}

/* How far this standby's WAL goes that recovery or the receiver knows of. */
static XLogRecPtr
known_position(void)
{
	return Max(GetWalRcvFlushRecPtr(NULL, NULL), GetXLogReplayRecPtr(NULL));
}

/* R3: complete up to where the primary's WAL ended when the work began. */
static void
complete_if_whole(PgraftRoleTurn *turn)
{
	if (!turn->role.witness || known_position() < turn->witness.until_lsn)
		return;
	pgraft_rejoin_remove();
	turn->role.witness = false;
	ereport(LOG, errmsg("pgraft: the new data is whole, past %X/%X", LSN_FORMAT_ARGS(turn->witness.until_lsn)));
}

/* The new data has to be completed from another primary than the one it was begun with: up to where that one's WAL ends now. */
static bool
aim_again(PgraftRoleTurn *turn, int32_t node_id, uint64_t term)
{
	const PgraftBeat *beat = &turn->raft.beat;

	if (!turn->role.witness || turn->witness.term == term)
		return true;
	if (beat->promotion_term != term || beat->flush_lsn == 0)
		return false;
	turn->witness.node_id = node_id;
	turn->witness.term = term;
	turn->witness.until_lsn = beat->flush_lsn;
	pgraft_rejoin_save(&turn->witness);
	return true;
}

static bool
has_fallen_behind(const PgraftRoleTurn *turn, uint64_t term)
{
	return turn->wal_end != 0 && turn->role.following_term == term && !WalRcvStreaming() &&
		   is_recycled(turn, term, Max(turn->wal_end, known_position()));
}

/* A standby, beside what is wrong with its settings; nothing when it can stream. */
static const char *
what_else_hinders(const PgraftRoleTurn *turn)
{
	if (turn->role.witness)
		return "its data is being completed";
	if (turn->role.short_of_room)
		return "the file system of pg_wal is nearly full: make room there, it stops streaming without";
	return "";
}

void
pgraft_step_follow(PgraftRoleTurn *turn, int32_t node_id, uint64_t term)
{
	PgraftRoleConf conf;
	int generation;

	if (!aim_again(turn, node_id, term))
		return;
	if (has_fallen_behind(turn, term))
	{
		/* Its position is looked at anew first: it may have confirmed more since. */
		turn->role.frozen_term = 0;
		turn->role.following_term = 0;
		return;
	}
	if (turn->role.following_term != term)
		adopt_chain(turn);
	else
		complete_if_whole(turn);
	memset(&conf, 0, sizeof conf);
	if (!primary_conninfo(turn, node_id, term, conf.primary_conninfo, sizeof conf.primary_conninfo))
	{
		pgraft_refuse_commits(turn, "the log does not have the primary's or this server's name yet");
		return;
	}
	pgraft_slot_name(pgraft_node_id, conf.primary_slot_name, sizeof conf.primary_slot_name);
	strlcpy(conf.synchronous_standby_names, PGRAFT_NOBODY, sizeof conf.synchronous_standby_names);
	conf.patient = turn->patient;
	generation = pgraft_role_conf_apply(&conf);
	pgraft_refuse_commits(turn, obstacle(generation, what_else_hinders(turn)));
	turn->role.following_term = term;
}
