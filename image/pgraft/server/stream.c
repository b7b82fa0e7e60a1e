/*
 * stream.c
 *	  See stream.h.
 *
 * A standby has written the link of the promotion that it follows beside its data before it connects.  A primary that has promoted again since,
 * which the standby may not know yet, hangs up, so that nobody receives WAL of a timeline that is not in its chain (R1).
 *
 * 'ANY k' counts connections by their name, whoever is at the other end: a copy of a standby, or pg_receivewal under its name, would stand for a
 * server that has nothing.  The slot alone does not help, since PostgreSQL counts streams without one as well.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "replication/walsender.h"
#include "storage/ipc.h"
#include "storage/proc.h"

#include "server/member_stream.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/stream.h"
#include "server/sync_setting.h"

/* The term in -c pgraft.follow_term=N of the connection's options, 0 if it does not say. */
static uint64
followed_term(const Port *port)
{
	static const char option[] = "pgraft.follow_term=";
	const char *found = port->cmdline_options == NULL ? NULL : strstr(port->cmdline_options, option);

	return found == NULL ? 0 : strtoull(found + strlen(option), NULL, 10);
}

static uint64
serving_term(void)
{
	const PgraftPromotion *last;
	uint64 term = 0;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	last = pgraft_state_last_record(&pgraft_shared->state);
	if (last != NULL && last->node_id == pgraft_node_id && last->term == pgraft_shared->role.promoting_term)
		term = last->term;
	LWLockRelease(pgraft_shared->lock);
	return term;
}

/* After WalSndKill(): until then the stream still counts. */
static void
release_name(int code, Datum arg)
{
	pg_atomic_write_u64(&pgraft_shared->processes[MyProcNumber].member, 0);
}

/* Two that come at the same time both see each other, and both have to try again. */
static void
claim_name(const char *name)
{
	uint64 own = pgraft_stream_hash(name);
	uint64 only;

	on_shmem_exit(release_name, (Datum) 0);
	pg_atomic_exchange_u64(&pgraft_shared->processes[MyProcNumber].member, own);
	for (int i = 0; i < pgraft_process_slots(); i++)
		if (i != MyProcNumber && pg_atomic_read_u64(&pgraft_shared->processes[i].member) == own)
			ereport(FATAL, errcode(ERRCODE_OBJECT_IN_USE), errmsg("\"%s\" streams from this server already", name),
					errdetail("Each standby confirms commits once, so it has one stream."),
					errhint("The standby tries again; another client has to take another application_name."));

	/* After the name is there: whoever sets this ends the streams whose names it sees afterwards. */
	only = pg_atomic_read_u64(&pgraft_shared->only_stream);
	if (only != 0 && only != own)
		ereport(FATAL, errcode(ERRCODE_CANNOT_CONNECT_NOW),
				errmsg("leadership is being handed over: only the standby that takes over may stream"),
				errhint("The standby connects again in a moment."));
}

void
pgraft_stream_admit(const Port *port)
{
	uint64 followed = followed_term(port);

	pgraft_publish_inherited_sync();
	/* With a database it could change its name later. */
	if (followed == 0 || am_db_walsender || port->application_name == NULL)
		pgraft_sync_confirm_nothing();
	else if (followed != serving_term())
		ereport(FATAL, errcode(ERRCODE_CANNOT_CONNECT_NOW),
				errmsg("this server is not the primary of term " UINT64_FORMAT, followed),
				errhint("The standby connects again when it knows the primary's promotion."));
	else
		claim_name(port->application_name);
}
