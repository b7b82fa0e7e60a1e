/*
 * primary_steps.c
 *	  On the way to being the primary: hand over, intent, promotion, record, and serving.
 *
 * The order is safety.md R1's: the intent is committed, the link is on disk beside the data, PostgreSQL promotes, the record with the exact
 * fork is committed, the synchronous setting is in force, and only then commits are accepted.
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "access/timeline.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "miscadmin.h"
#include "replication/syncrep.h"
#include "storage/fd.h"

#include "core/sync_names.h"
#include "net/clock.h"
#include "server/role_steps.h"
#include "server/settings.h"
#include "server/slots.h"
#include "server/sync_setting.h"
#include "server/wal_end.h"
#include "server/wal_hold.h"
#include "server/wal_receiver.h"

#define TRANSFER_RETRY_MS 500

static void
propose(PgraftRoleTurn *turn, const PgraftEntry *entry)
{
	if (!turn->proposal_settled)
		return;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->proposal = *entry;
	pgraft_shared->proposal_ticket++;
	LWLockRelease(pgraft_shared->lock);
	turn->proposal_settled = false;
	pgraft_wake_consensus();
}

void
pgraft_step_hand_over(PgraftRoleTurn *turn, int32_t node_id)
{
	int64_t now = pgraft_now_ms();

	if (now - turn->asked_transfer_ms < TRANSFER_RETRY_MS)
		return;
	turn->asked_transfer_ms = now;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->transfer_to = node_id;
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
}

void
pgraft_step_commit_intent(PgraftRoleTurn *turn, uint64_t term)
{
	static PgraftEntry entry;

	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_INTENT;
	entry.term = term;
	propose(turn, &entry);
}

static int
other_members(const PgraftRaftStatus *raft, int32_t *ids)
{
	int n = 0;

	for (int i = 0; i < raft->n_peers; i++)
		if (raft->peers[i].node_id != pgraft_node_id)
			ids[n++] = raft->peers[i].node_id;
	return n;
}

static void
make_slots(const PgraftRoleTurn *turn)
{
	int32_t ids[PGRAFT_MAX_NODES];

	pgraft_slots_create(ids, other_members(&turn->raft, ids));
}

/*
 * What PostgreSQL will do when it promotes: leave the newest timeline that the data has a history of, which replay may not have reached yet.
 * Where exactly it leaves it is known only afterwards.
 */
static void
write_own_link(PgraftRoleTurn *turn, uint64_t term)
{
	TimeLineID parent = pgraft_newest_timeline();
	PgraftPromotion link = {
		.term = term,
		.node_id = pgraft_node_id,
		.timeline = parent + 1,
		.parent = parent,
		.fork_lsn = 0,
	};

	pgraft_chain_settle(&turn->chain, parent);
	pgraft_chain_append(&turn->chain, &link);
	pgraft_chain_save(&turn->chain);
}

/* As pg_promote() does it, without its wait. */
static void
ask_postmaster_to_promote(void)
{
	FILE *file = AllocateFile(PROMOTE_SIGNAL_FILE, "w");

	if (file == NULL || FreeFile(file) != 0)
		ereport(ERROR, errcode_for_file_access(), errmsg("could not create \"%s\": %m", PROMOTE_SIGNAL_FILE));
	if (kill(PostmasterPid, SIGUSR1) != 0)
	{
		unlink(PROMOTE_SIGNAL_FILE);
		ereport(ERROR, errmsg("could not signal the postmaster: %m"));
	}
}

static void
set_promoting_term(PgraftRoleTurn *turn, uint64_t term)
{
	turn->role.promoting_term = term;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	pgraft_shared->role.promoting_term = term;
	LWLockRelease(pgraft_shared->lock);
}

void
pgraft_step_promote(PgraftRoleTurn *turn, uint64_t term)
{
	if (!pgraft_replay_has_begun())
		return;
	turn->lease_good_ms = pgraft_now_ms();
	write_own_link(turn, term);

	/* Before the signal: a worker that dies in between must not think that somebody else promoted this server. */
	set_promoting_term(turn, term);
	ask_postmaster_to_promote();

	/* Meanwhile: nobody asks for them before the record. */
	make_slots(turn);
}

/* R9: promotion waits for no reader. */
void
pgraft_step_await_promotion(void)
{
	pgraft_end_conflicts();
}

/* After the promotion PostgreSQL's own history tells the exact timeline and forks. */
static void
correct_own_link(PgraftRoleTurn *turn, TimeLineID timeline)
{
	PgraftPromotion *own = &turn->chain.links[turn->chain.n - 1];

	if (own->timeline != timeline)
	{
		ereport(LOG, errmsg("pgraft: the promotion made timeline %u, not %u as foreseen", timeline, own->timeline));
		own->timeline = timeline;
	}
	pgraft_chain_settle(&turn->chain, timeline);
	pgraft_chain_save(&turn->chain);
}

void
pgraft_step_commit_record(PgraftRoleTurn *turn, uint64_t term)
{
	static PgraftEntry entry;

	if (!turn->proposal_settled)
		return;
	if (turn->chain.n == 0 || turn->chain.links[turn->chain.n - 1].term != term)
		ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("the chain beside the data does not end with the promotion of term " UINT64_FORMAT, term));
	correct_own_link(turn, GetWALInsertionTimeLine());
	memset(&entry, 0, sizeof entry);
	entry.type = PGRAFT_ENTRY_RECORD;
	entry.term = term;
	entry.u.record.n_links = turn->chain.n;
	memcpy(entry.u.record.links, turn->chain.links, sizeof(PgraftPromotion) * turn->chain.n);
	propose(turn, &entry);
}

/* R11: nobody is asked for only by a configuration that is committed. */
static bool
is_alone_in_doubt(const PgraftRoleTurn *turn)
{
	return turn->n_voters == 1 && !turn->raft.configuration_committed;
}

static void
serving_conf(const PgraftRoleTurn *turn, PgraftRoleConf *conf)
{
	int32_t ids[PGRAFT_MAX_NODES];
	int n = turn->n_voters;

	for (int i = 0; i < n; i++)
		ids[i] = turn->voters[i].node_id;
	memset(conf, 0, sizeof *conf);
	if (n == 0 || is_alone_in_doubt(turn) ||
		pgraft_format_sync_names(&turn->state, pgraft_node_id, ids, n, conf->synchronous_standby_names,
								 sizeof conf->synchronous_standby_names) < 0)
		strlcpy(conf->synchronous_standby_names, PGRAFT_NOBODY, sizeof conf->synchronous_standby_names);
}

/* ALTER SYSTEM wins over an include file: what is in force then is not what the membership asks for (safety.md R12). */
static bool
is_overridden(const PgraftRoleConf *conf, int generation)
{
	return pgraft_sync_generation == generation && strcmp(SyncRepStandbyNames, conf->synchronous_standby_names) != 0;
}

static void
open_commits(uint64_t term, const PgraftRoleConf *conf)
{
	if (pg_atomic_exchange_u32(&pgraft_shared->commits_open, 1) != 0)
		return;
	ConditionVariableBroadcast(&pgraft_shared->commits_released);
	ereport(LOG, errmsg("pgraft: commits are accepted, promotion of term " UINT64_FORMAT
						", synchronous_standby_names = '%s'",
						term, conf->synchronous_standby_names));
}

void
pgraft_step_serve(PgraftRoleTurn *turn, uint64_t term)
{
	PgraftRoleConf conf;
	int generation;

	/* The configuration is known only while the consensus worker runs; without it the last setting stays. */
	if (turn->raft.n_peers == 0)
	{
		pgraft_wal_release();
		return;
	}
	make_slots(turn);
	serving_conf(turn, &conf);
	generation = pgraft_role_conf_apply(&conf);
	turn->role.sync_in_force = pgraft_sync_in_force(generation) && !is_overridden(&conf, generation);
	if (is_overridden(&conf, generation))
	{
		pgraft_refuse_commits(turn, "synchronous_standby_names is not pgraft's: somebody has set it; reset it there");
		return;
	}
	turn->role.message[0] = '\0';
	turn->role.rejoin_node = pgraft_grant_rejoin(turn->voters, turn->n_voters, turn->spares, turn->n_spares,
												 pgraft_node_id, turn->role.rejoin_node);
	pgraft_step_upkeep(turn);
	pgraft_step_flee(turn);
	turn->hurries = pgraft_step_barrier(turn);
	if (!turn->role.sync_in_force)
		return;
	open_commits(term, &conf);
	turn->hurries |= pgraft_step_prepare_hand_over(turn);
}
