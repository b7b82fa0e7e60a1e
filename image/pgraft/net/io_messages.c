/*
 * io_messages.c
 *	  See io.h.  Here: which messages libraft would not survive where it stands, or would not take for what they are.
 *
 * What it meets and believes impossible it answers with an error, and frees the entries of the message for it twice.  Debian builds it without its
 * assertions, so that it goes on from whatever else cannot be.
 */
#include "net/io_private.h"

/* As libraft knows it: 0 if its log does not reach to the entry, or does not begin before it. */
static raft_term
term_at(const struct raft *raft, raft_index index)
{
	const struct raft_trail *trail = &raft->trail;
	const unsigned n = trail->size == 0 ? 0 : (trail->back + trail->size - trail->front) % trail->size;

	for (unsigned i = 0; i < n && index > trail->offset; i++)
	{
		const unsigned at = (trail->front + i) % trail->size;

		if (index <= trail->records[at].index)
			return trail->records[at].term;
	}
	return index == trail->snapshot.index ? trail->snapshot.term : 0;
}

/* A leader's log has everything that is committed. */
static bool
contradicts_committed(const struct raft *raft, raft_index index, raft_term term)
{
	const raft_term committed = index <= raft->commit_index ? term_at(raft, index) : 0;

	return committed != 0 && committed != term;
}

/* Entries from the first on, where the log begins later: libraft would append them at its end, and read on behind the message's own. */
static bool
begins_before_log(const struct raft *raft, const struct raft_append_entries *append)
{
	return append->n_entries > 0 && append->prev_log_index == 0 && raft->trail.offset > 0 && term_at(raft, 1) == 0;
}

static bool
contradicts_log(const struct raft *raft, const struct raft_append_entries *append)
{
	if (begins_before_log(raft, append) || contradicts_committed(raft, append->prev_log_index, append->prev_log_term))
		return true;
	for (unsigned i = 0; i < append->n_entries; i++)
		if (contradicts_committed(raft, append->prev_log_index + 1 + i, append->entries[i].term))
			return true;
	return false;
}

/*
 * An entry that was cut off from the log comes back into it while it is still being written: libraft refuses it half, and follows a null pointer at
 * the entry behind it.  It is sent again.
 */
static bool
brings_back_too_soon(const struct raft *raft, const struct raft_append_entries *append)
{
	bool anew = false;

	for (unsigned i = 0; i < append->n_entries; i++)
	{
		const raft_index index = append->prev_log_index + 1 + i;
		const raft_term term = append->entries[i].term;

		anew = anew || term_at(raft, index) != term;
		if (anew && pgraft_io_is_being_written(index, term))
			return true;
	}
	return false;
}

static bool
is_harmful_append(const struct raft *raft, const struct raft_append_entries *append)
{
	return contradicts_log(raft, append) || brings_back_too_soon(raft, append);
}

/* A leader hears of no other one of its term. */
static bool
is_second_leader(struct raft *raft, raft_term term)
{
	return raft_state(raft) == RAFT_LEADER && term == raft_current_term(raft);
}

/* Not believed any longer, so that nothing it says does harm; libraft's answer tells it so. */
static bool
is_past_leader(const struct raft *raft, raft_term term)
{
	return term < raft_current_term(raft);
}

bool
pgraft_io_is_harmful(struct raft *raft, const struct raft_message *message)
{
	const struct raft_append_entries *append = &message->append_entries;
	const struct raft_install_snapshot *install = &message->install_snapshot;

	switch (message->type)
	{
		case RAFT_APPEND_ENTRIES:
			return is_second_leader(raft, append->term) ||
				   (!is_past_leader(raft, append->term) && is_harmful_append(raft, append));
		case RAFT_INSTALL_SNAPSHOT:
			return is_second_leader(raft, install->term) ||
				   (!is_past_leader(raft, install->term) &&
					contradicts_committed(raft, install->last_index, install->last_term));
		case RAFT_REQUEST_VOTE: /* who stands asks for itself: libraft would vote for a stranger */
			return message->request_vote.candidate_id != message->server_id;
		default:
			return false;
	}
}

/*
 * libraft takes the index of the first new entry of a message for that of each configuration in it, and then never sees those committed.  So a
 * configuration has to be the first: what is cut off is sent again.
 */
static void
end_before_next_configuration(struct raft_append_entries *append)
{
	for (unsigned i = 1; i < append->n_entries; i++)
		if (append->entries[i].type == RAFT_CHANGE)
			append->n_entries = i;
}

/* Of a message that ends before what is known to be committed, libraft would take its end for that, and count back. */
static void
take_nothing_committed_back(const struct raft *raft, struct raft_append_entries *append)
{
	if (append->prev_log_index + append->n_entries < raft->commit_index && append->leader_commit > raft->commit_index)
		append->leader_commit = raft->commit_index;
}

void
pgraft_io_adapt_append(const struct raft *raft, struct raft_append_entries *append)
{
	end_before_next_configuration(append);
	take_nothing_committed_back(raft, append);
}
