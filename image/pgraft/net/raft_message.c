/*
 * raft_message.c
 *	  See raft_message.h.
 *
 * preamble			u8 type, u8 0, u8 version, u8 0, u32 0, u64 size of the header
 * RequestVote		u64 term, u64 candidate, u64 last index, u64 last term, u64 flags
 * its result		u64 term, u64 granted, u8 flags, u8 0, u16 features, u16 capacity
 * AppendEntries	u64 term, u64 previous index, u64 previous term, u64 commit index, u64 n,
 *					n times (u64 term, u8 type, 3 zeros, u32 size); payload: each entry's data, padded to 8 bytes
 * its result		u64 term, u64 rejected, u64 last index, u16 features, u16 capacity
 * InstallSnapshot	u64 term, u64 last index, u64 last term, u64 configuration's index, u64 its size, configuration (raft_configuration.c),
 *					u64 size; payload: that many bytes
 * TimeoutNow		u64 term, u64 last index, u64 last term
 *
 * What follows in a header is ignored, as libraft does.  Beyond the shape only that is refused which no server sends and libraft would not survive.
 */
#include "net/raft_message.h"

#include "core/bytes.h"
#include "net/raft_configuration.h"

#define FLAG_DISRUPT_LEADER	  1
#define FLAG_PRE_VOTE		  2
#define FLAG_PRE_VOTE_RESULT  1
#define ENTRY_HEADER_SIZE	  16
#define NUMBER_MAX			  ((uint64_t) INT64_MAX / 2) /* of terms and indexes: what libraft adds to them has to fit */
#define NEWEST_RESULT_VERSION 2

static bool
refuse(const char **why, const char *reason)
{
	*why = reason;
	return false;
}

bool
pgraft_raft_preamble_decode(const uint8_t *bytes, PgraftRaftPreamble *preamble, const char **why)
{
	ByteReader r = {.buf = bytes, .size = PGRAFT_RAFT_PREAMBLE_SIZE};
	uint64_t kind = get_u64(&r);
	uint64_t size = get_u64(&r);

	preamble->type = (uint8_t) kind;
	preamble->version = (uint8_t) (kind >> 16);
	preamble->header_size = (size_t) size;
	if (preamble->type < RAFT_APPEND_ENTRIES || preamble->type > RAFT_TIMEOUT_NOW)
		return refuse(why, "a Raft message has an unknown type");
	if (size == 0 || size > PGRAFT_RAFT_HEADER_MAX)
		return refuse(why, "no Raft message has a header of that size");
	return true;
}

static void
get_request_vote(ByteReader *r, struct raft_request_vote *vote)
{
	uint64_t flags;

	vote->term = get_u64(r);
	vote->candidate_id = get_u64(r);
	vote->last_log_index = get_u64(r);
	vote->last_log_term = get_u64(r);
	flags = get_u64(r);
	vote->disrupt_leader = (flags & FLAG_DISRUPT_LEADER) != 0;
	vote->pre_vote = (flags & FLAG_PRE_VOTE) != 0;
}

static void
get_vote_result(ByteReader *r, struct raft_request_vote_result *result)
{
	result->version = NEWEST_RESULT_VERSION;
	result->term = get_u64(r);
	result->vote_granted = get_u64(r) != 0;
	result->pre_vote = (get_u8(r) & FLAG_PRE_VOTE_RESULT) != 0;
	(void) get_u8(r);
	result->features = get_u16(r);
	result->capacity = get_u16(r);
}

static void
get_append_result(ByteReader *r, struct raft_append_entries_result *result)
{
	result->version = NEWEST_RESULT_VERSION;
	result->term = get_u64(r);
	result->rejected = get_u64(r);
	result->last_log_index = get_u64(r);
	result->features = get_u16(r);
	result->capacity = get_u16(r);
	if (result->rejected > NUMBER_MAX || result->last_log_index > NUMBER_MAX)
		r->failed = true;
}

static void
get_timeout_now(ByteReader *r, struct raft_timeout_now *now)
{
	now->term = get_u64(r);
	now->last_log_index = get_u64(r);
	now->last_log_term = get_u64(r);
}

/* Terms never fall along the log, and none is newer than the leader's. */
static bool
get_entry(ByteReader *r, raft_term least, raft_term most, struct raft_entry *entry)
{
	uint8_t type;

	entry->term = get_u64(r);
	type = get_u8(r);
	(void) get_uint(r, 3);
	entry->buf.len = get_u32(r);
	if (type < RAFT_COMMAND || type > RAFT_CHANGE || entry->term == 0 || entry->term < least || entry->term > most)
		return false;
	entry->type = (enum raft_entry_type) type;
	return true;
}

static bool
get_entries(ByteReader *r, struct raft_append_entries *append, size_t *payload_size)
{
	uint64_t n = get_u64(r);
	raft_term least = append->prev_log_term;

	if (r->failed || n > (r->size - r->pos) / ENTRY_HEADER_SIZE)
		return false;
	if (n == 0)
		return true;
	append->entries = raft_calloc((size_t) n, sizeof *append->entries);
	if (append->entries == NULL)
		return false;
	append->n_entries = (unsigned) n;
	for (size_t i = 0; i < n; i++)
	{
		if (!get_entry(r, least, append->term, &append->entries[i]))
			return false;
		least = append->entries[i].term;
		*payload_size += pgraft_raft_padded(append->entries[i].buf.len);
	}
	return *payload_size > 0;
}

static void
get_append_entries(ByteReader *r, struct raft_append_entries *append, size_t *payload_size)
{
	append->term = get_u64(r);
	append->prev_log_index = get_u64(r);
	append->prev_log_term = get_u64(r);
	append->leader_commit = get_u64(r);
	if (append->prev_log_index > NUMBER_MAX || append->leader_commit > NUMBER_MAX ||
		append->prev_log_term > append->term || (append->prev_log_index == 0) != (append->prev_log_term == 0) ||
		!get_entries(r, append, payload_size))
		r->failed = true;
}

static void
get_install_snapshot(ByteReader *r, struct raft_install_snapshot *install, size_t *payload_size)
{
	uint64_t size;

	install->term = get_u64(r);
	install->last_index = get_u64(r);
	install->last_term = get_u64(r);
	install->conf_index = get_u64(r);
	size = get_u64(r);
	if (r->failed || size > r->size - r->pos ||
		!pgraft_raft_configuration_decode(r->buf + r->pos, (size_t) size, &install->conf))
	{
		r->failed = true;
		return;
	}
	r->pos += (size_t) size;
	*payload_size = (size_t) get_u64(r);
	install->data.len = *payload_size;
	if (install->last_index == 0 || install->last_index > NUMBER_MAX || install->conf_index == 0 ||
		install->conf_index > install->last_index || install->last_term == 0 || install->last_term > install->term ||
		*payload_size == 0)
		r->failed = true;
}

/* Of the sender; a vote's result may have none: io.h's warming. */
static raft_term
term_of(const struct raft_message *message)
{
	switch (message->type)
	{
		case RAFT_REQUEST_VOTE:
			return message->request_vote.term;
		case RAFT_APPEND_ENTRIES:
			return message->append_entries.term;
		case RAFT_APPEND_ENTRIES_RESULT:
			return message->append_entries_result.term;
		case RAFT_INSTALL_SNAPSHOT:
			return message->install_snapshot.term;
		case RAFT_TIMEOUT_NOW:
			return message->timeout_now.term;
		case RAFT_REQUEST_VOTE_RESULT:
			return message->request_vote_result.term;
	}
	return 0;
}

static void
get_header(ByteReader *r, struct raft_message *message, size_t *payload_size)
{
	switch (message->type)
	{
		case RAFT_REQUEST_VOTE:
			get_request_vote(r, &message->request_vote);
			break;
		case RAFT_REQUEST_VOTE_RESULT:
			get_vote_result(r, &message->request_vote_result);
			break;
		case RAFT_APPEND_ENTRIES:
			get_append_entries(r, &message->append_entries, payload_size);
			break;
		case RAFT_APPEND_ENTRIES_RESULT:
			get_append_result(r, &message->append_entries_result);
			break;
		case RAFT_INSTALL_SNAPSHOT:
			get_install_snapshot(r, &message->install_snapshot, payload_size);
			break;
		case RAFT_TIMEOUT_NOW:
			get_timeout_now(r, &message->timeout_now);
			break;
	}
}

bool
pgraft_raft_header_decode(const PgraftRaftPreamble *preamble, const uint8_t *header, struct raft_message *message,
						  size_t *payload_size, const char **why)
{
	ByteReader r = {.buf = header, .size = preamble->header_size};
	raft_term term;

	memset(message, 0, sizeof *message);
	message->type = (enum raft_message_type) preamble->type;
	*payload_size = 0;
	get_header(&r, message, payload_size);
	term = term_of(message);
	if (!r.failed && term <= NUMBER_MAX && (term > 0 || message->type == RAFT_REQUEST_VOTE_RESULT) &&
		*payload_size <= PGRAFT_RAFT_PAYLOAD_MAX)
		return true;
	pgraft_raft_message_drop(message);
	return refuse(why, "the header of a Raft message is cut off or a value in it is impossible");
}
