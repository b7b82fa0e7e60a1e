/*
 * truth.c
 *	  What nobody in the cluster knows: which records were acknowledged, and whether they are still there.
 */
#include <string.h>

#include "model.h"

bool
is_beginning(const Wal *a, int n, const Wal *b)
{
	return n <= b->n && memcmp(a->record, b->record, (size_t) n * sizeof(*a->record)) == 0;
}

/* The first acknowledged LSN that this WAL does not have; 0: it has all. */
static int
first_missing(const Wal *wal)
{
	for (int i = 0; i < model.acknowledged_end; i++)
		if (model.acknowledged[i] != 0 && (i >= wal->n || wal->record[i] != model.acknowledged[i]))
			return i + 1;
	return 0;
}

/* Asked for, then paused, and done after a newer one: what was acknowledged since it lacks, and it must acknowledge nothing itself. */
static bool
is_superseded(const Server *s)
{
	for (int i = 0; i < model.n_happened; i++)
		if (model.happened[i].term > s->promoting_term)
			return true;
	return false;
}

void
note_promotion(const Server *s)
{
	int missing = first_missing(&s->wal);

	trace("server %d is promoted for term %d at %d", s->id, (int) s->promoting_term, s->wal.n);

	/* By hand: it must commit nothing, and nobody may follow it. */
	if (s->promoting_term == 0)
		return;
	if (missing != 0 && !is_superseded(s))
		fail("server %d is promoted for term %d without the acknowledged record at %d", s->id, (int) s->promoting_term,
			 missing);
	for (int i = 0; i < model.n_happened; i++)
		if (model.happened[i].term == s->promoting_term)
			fail("servers %d and %d are both promoted for term %d", s->id, model.happened[i].node_id,
				 (int) s->promoting_term);
	if (model.n_happened == MAX_HAPPENED)
		return;
	model.happened[model.n_happened++] = (Happened){.term = s->promoting_term, .node_id = s->id, .wal = s->wal};
}

/* An old primary must not acknowledge either what a newer one has left behind already. */
void
note_acknowledged(const Server *s, int lsn)
{
	uint32_t record = s->wal.record[lsn - 1];

	for (int i = 0; i < model.n_happened; i++)
	{
		const Happened *newer = &model.happened[i];

		if (newer->term > s->promoting_term && (lsn > newer->wal.n || newer->wal.record[lsn - 1] != record))
			fail("server %d, promoted for term %d, acknowledges the record at %d, which the promotion of term %d lacks",
				 s->id, (int) s->promoting_term, lsn, (int) newer->term);
	}
	if (model.acknowledged[lsn - 1] != 0 && model.acknowledged[lsn - 1] != record)
		fail("two records were acknowledged at %d", lsn);
	model.acknowledged[lsn - 1] = record;
	if (model.acknowledged_end < lsn)
		model.acknowledged_end = lsn;
	model.n_acknowledged++;
	model.n_acknowledged_healed += model.healed;
}

/* One serves, writes go through again, and everybody has everything. */
bool
has_converged(void)
{
	const Server *primary = NULL;

	for (int i = 0; i < model.n; i++)
	{
		const Server *s = &model.servers[i];

		if (s->life != LIFE_UP || !data_is_whole(s) || (!s->in_recovery && !s->serving))
			return false;
		if (s->serving && primary != NULL)
			return false;
		if (s->serving)
			primary = s;
	}
	if (primary == NULL || model.n_acknowledged_healed == 0)
		return false;
	for (int i = 0; i < model.n; i++)
	{
		const Server *s = &model.servers[i];

		if (s != primary && (s->following_term != primary->promoting_term || s->wal.n < primary->acknowledged ||
							 !is_beginning(&s->wal, s->wal.n, &primary->wal)))
			return false;
		if (first_missing(&s->wal) != 0)
			return false;
	}
	return true;
}

/* What is committed at an index is the same everywhere and for ever, whatever happens to the membership (R14). */
void
note_applied(const Server *s, const uint8_t *bytes, size_t size)
{
	raft_index index = raft_last_applied(raft_of(s)) + 1;
	uint32_t crc = pgraft_crc32(bytes, size);

	if (index >= MAX_LOG)
		return;
	if (model.applied[index] != 0 && model.applied[index] != crc)
		fail("server %d applies another entry %d than others did", s->id, (int) index);
	model.applied[index] = crc;
}

/* R18: nobody promotes while failover is paused but the last primary and whom leadership was asked to go to. */
void
note_intent(const Server *s, const PgraftEntry *entry)
{
	const PgraftPromotion *last = pgraft_state_last_record(&s->state);

	if (entry->type != PGRAFT_ENTRY_INTENT || s->state.failover_enabled || last == NULL)
		return;
	if (entry->node_id != last->node_id && entry->node_id != s->state.successor)
		fail("server %d is going to promote for term %d though failover is paused", entry->node_id, (int) entry->term);
}
