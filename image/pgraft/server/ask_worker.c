/*
 * ask_worker.c
 *	  See ask.h: the side of the consensus worker.
 *
 * What a lost worker had taken is answered as unsure, when it ends or when the next begins; what it had not seen yet is taken by the next.
 */
#include "postgres.h"

#include "server/ask.h"

/* Slots that wait for the log. */
static int n_settled;

/* Under the lock. */
static void
finish(PgraftAsk *ask)
{
	n_settled -= ask->settled;
	ask->settled = false;
	ask->state = PGRAFT_ASK_DONE;
	SetLatch(ask->latch);
}

static void
finish_as_unsure(PgraftAsk *ask)
{
	memset(&ask->outcome, 0, sizeof ask->outcome);
	ask->outcome.code = PGRAFT_OUTCOME_UNSURE;
	strlcpy(
		ask->outcome.message,
		"the consensus worker of this server stopped before it had an answer: the change may or may not have been made",
		sizeof ask->outcome.message);
	strlcpy(ask->outcome.hint, "SELECT * FROM pgraft_get_nodes() and pgraft_get_config() tell.",
			sizeof ask->outcome.hint);
	finish(ask);
}

void
pgraft_asks_end(void)
{
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PGRAFT_ASKS; i++)
	{
		PgraftAsk *ask = &pgraft_shared->asks[i];

		if (ask->state == PGRAFT_ASK_TAKEN && ask->settled)
			finish(ask);
		else if (ask->state == PGRAFT_ASK_TAKEN)
			finish_as_unsure(ask);
		else if (ask->state == PGRAFT_ASK_GIVEN_UP)
			ask->state = PGRAFT_ASK_FREE;
	}
	LWLockRelease(pgraft_shared->lock);
}

void
pgraft_asks_begin(void)
{
	pgraft_asks_end();
	n_settled = 0; /* counted by an earlier worker, whose memory is gone */
}

bool
pgraft_asks_take(PgraftRequest *request, uint64 *ticket, bool *given_up)
{
	PgraftAsk *next = NULL;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PGRAFT_ASKS; i++)
	{
		PgraftAsk *ask = &pgraft_shared->asks[i];

		if ((ask->state == PGRAFT_ASK_ASKED || ask->state == PGRAFT_ASK_GIVEN_UP) &&
			(next == NULL || ask->ticket < next->ticket))
			next = ask;
	}
	if (next != NULL)
	{
		*request = next->request;
		*ticket = next->ticket;
		*given_up = next->state == PGRAFT_ASK_GIVEN_UP;
		n_settled -= *given_up && next->settled;
		next->state = *given_up ? PGRAFT_ASK_FREE : PGRAFT_ASK_TAKEN;
	}
	LWLockRelease(pgraft_shared->lock);
	return next != NULL;
}

void
pgraft_asks_settle(uint64_t ticket, const PgraftOutcome *outcome)
{
	const PgraftRaftStatus *raft = &pgraft_shared->raft;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PGRAFT_ASKS; i++)
	{
		PgraftAsk *ask = &pgraft_shared->asks[i];

		if (ask->state != PGRAFT_ASK_TAKEN || ask->ticket != ticket || ask->settled)
			continue;
		ask->outcome = *outcome;
		ask->settled = outcome->code == PGRAFT_OUTCOME_DONE && outcome->index > raft->last_applied &&
					   raft->role != PGRAFT_RAFT_UNAVAILABLE;
		if (ask->settled)
			n_settled++;
		else
			finish(ask);
	}
	LWLockRelease(pgraft_shared->lock);
}

/* A server that is no member any more applies nothing. */
void
pgraft_asks_applied(const PgraftRaftStatus *raft)
{
	if (n_settled == 0)
		return;
	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < PGRAFT_ASKS; i++)
	{
		PgraftAsk *ask = &pgraft_shared->asks[i];

		if (ask->state == PGRAFT_ASK_TAKEN && ask->settled &&
			(ask->outcome.index <= raft->last_applied || raft->role == PGRAFT_RAFT_UNAVAILABLE))
			finish(ask);
	}
	LWLockRelease(pgraft_shared->lock);
}
