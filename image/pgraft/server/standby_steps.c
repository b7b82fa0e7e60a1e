/*
 * standby_steps.c
 *	  Being a standby: waiting for a promotion record, and streaming from its server.
 */
#include "postgres.h"

#include "access/xlogrecovery.h"
#include "miscadmin.h"
#include "replication/walreceiver.h"

#include "core/cluster_spec.h"
#include "server/role_steps.h"
#include "server/settings.h"
#include "server/slots.h"
#include "server/sync_setting.h"

static void
stop_serving(PgraftRoleTurn *turn)
{
	pg_atomic_write_u32(&pgraft_shared->commits_open, 0);
	turn->role.sync_in_force = false;
}

/* Stream from nobody, and let nobody's confirmation count. */
void
pgraft_step_wait(PgraftRoleTurn *turn)
{
	PgraftRoleConf conf;

	stop_serving(turn);
	turn->role.following_term = 0;
	memset(&conf, 0, sizeof conf);
	strlcpy(conf.synchronous_standby_names, PGRAFT_NOBODY, sizeof conf.synchronous_standby_names);
	pgraft_role_conf_apply(&conf);
}

/* End of the WAL that this standby has: replayed, or received and flushed. */
static XLogRecPtr
end_of_wal(void)
{
	XLogRecPtr replayed = GetXLogReplayRecPtr(NULL);
	XLogRecPtr received = GetWalRcvFlushRecPtr(NULL, NULL);

	return Max(replayed, received);
}

static void
wait_because(PgraftRoleTurn *turn, const char *message)
{
	if (strcmp(turn->role.message, message) != 0)
		ereport(LOG, errmsg("pgraft: %s", message));
	strlcpy(turn->role.message, message, sizeof turn->role.message);
	pgraft_step_wait(turn);
}

/*
 * Take over the links that the primary's chain has beyond ours, durably, before any WAL of theirs is asked for (safety.md R1).
 */
static bool
adopt_chain(PgraftRoleTurn *turn)
{
	const PgraftPromotion *primary = turn->state.history;
	int n = turn->state.n_history;

	if (!pgraft_chain_is_prefix(turn->chain.links, turn->chain.n, primary, n))
	{
		/* Links of promotions that never happened are not in the way: they go, if that mends it. */
		pgraft_chain_settle(&turn->chain, pgraft_newest_timeline());
	}
	if (!pgraft_chain_is_prefix(turn->chain.links, turn->chain.n, primary, n))
	{
		wait_because(turn, "the history of this server's data has left the primary's: it has to be cloned anew");
		return false;
	}
	if (!pgraft_chain_is_behind(turn->chain.links, turn->chain.n, end_of_wal(), primary, n))
	{
		wait_because(turn, "this server has WAL that the primary never had: it has to be rewound or cloned anew");
		return false;
	}
	if (turn->chain.n == n && memcmp(turn->chain.links, primary, sizeof(PgraftPromotion) * n) == 0)
		return true;
	memcpy(turn->chain.links, primary, sizeof(PgraftPromotion) * n);
	turn->chain.n = n;
	pgraft_chain_save(&turn->chain);
	return true;
}

static const PgraftPeerStatus *
find_peer(const PgraftRaftStatus *raft, int32_t node_id)
{
	for (int i = 0; i < raft->n_peers; i++)
		if (raft->peers[i].node_id == node_id)
			return &raft->peers[i];
	return NULL;
}

static bool
primary_conninfo(const PgraftRoleTurn *turn, int32_t node_id, uint64_t term, char *buf, size_t size)
{
	const PgraftMember *primary = pgraft_state_member(&turn->state, node_id);
	const PgraftMember *self = pgraft_state_member(&turn->state, pgraft_node_id);
	const PgraftPeerStatus *peer = find_peer(&turn->raft, node_id);
	char application_name[NAMEDATALEN];
	char host[PGRAFT_ADDRESS_SIZE];
	char why[256];
	uint16_t raft_port;

	if (primary == NULL || self == NULL || peer == NULL ||
		!pgraft_address_parse(peer->address, host, sizeof host, &raft_port, why, sizeof why))
		return false;
	pgraft_application_name(self, application_name, sizeof application_name);
	snprintf(buf, size,
			 "host=%s port=%u user=%s passfile=%s application_name=%s connect_timeout=2 "
			 "keepalives_idle=1 keepalives_interval=1 keepalives_count=3 tcp_user_timeout=3000 "
			 "options='-c pgraft.follow_term=" UINT64_FORMAT "'",
			 host, primary->postgres_port, pgraft_replication_user, pgraft_replication_passfile, application_name,
			 term);
	return true;
}

void
pgraft_step_follow(PgraftRoleTurn *turn, int32_t node_id, uint64_t term)
{
	PgraftRoleConf conf;

	stop_serving(turn);
	if (XLogRecPtrIsInvalid(GetXLogReplayRecPtr(NULL)))
		return;
	if (turn->role.following_term != term && !adopt_chain(turn))
		return;
	memset(&conf, 0, sizeof conf);
	if (!primary_conninfo(turn, node_id, term, conf.primary_conninfo, sizeof conf.primary_conninfo))
	{
		wait_because(turn, "the log does not have the primary's or this server's name yet");
		return;
	}
	pgraft_slot_name(pgraft_node_id, conf.primary_slot_name, sizeof conf.primary_slot_name);
	strlcpy(conf.synchronous_standby_names, PGRAFT_NOBODY, sizeof conf.synchronous_standby_names);
	pgraft_role_conf_apply(&conf);
	turn->role.following_term = term;
	turn->role.message[0] = '\0';
}
