/*
 * peer_message.c
 *	  See peer_message.h.
 *
 * message	u8 version, u8 type, u64 term, u64 seq, i64 sent_at_ms, then
 *	 BEAT	u64 promotion_term, u64 flush_lsn, u64 oldest_lsn, u8 rejoin_node, u64 commit_index,
 *			u8 n_progress, n_progress times (u8 node_id, u64 match_index, i64 heard_ms, i64 lag_bytes)
 *	 ANSWER u64 term of the report; unless that is 0: u64 end_lsn, u8 flags, u8 n_links, n_links times a promotion (codec_parts.h)
 *	 and the others as in peer_membership.c
 */
#include "core/peer_message.h"

#include <string.h>

#include "core/codec_parts.h"
#include "core/peer_parts.h"

#define MESSAGE_VERSION 2

#define FLAG_WITNESS	  1
#define FLAG_WANTS_REJOIN 2
#define FLAG_SHORT		  4
#define ALL_FLAGS		  7

static bool
report_in_range(const PgraftReport *report)
{
	return report->n_links >= 0 && report->n_links <= PGRAFT_REPORT_LINKS;
}

static bool
beat_in_range(const PgraftBeat *beat, uint64_t term)
{
	if (beat->promotion_term > term || beat->rejoin_node < 0 || beat->rejoin_node > PGRAFT_MAX_NODES ||
		beat->n_progress < 0 || beat->n_progress > PGRAFT_MAX_NODES)
		return false;
	for (int i = 0; i < beat->n_progress; i++)
	{
		const PgraftProgress *progress = &beat->progress[i];

		if (progress->node_id < 1 || progress->node_id > PGRAFT_MAX_NODES || progress->heard_ms < -1 ||
			progress->lag_bytes < -1)
			return false;
	}
	return true;
}

static bool
in_range(const PgraftPeerMessage *message)
{
	if (message->sent_at_ms < 0)
		return false;
	switch (message->type)
	{
		case PGRAFT_PEER_BEAT:
			return message->term > 0 && message->sent_at_ms > 0 && beat_in_range(&message->u.beat, message->term);
		case PGRAFT_PEER_ANSWER:
			return message->term > 0 && message->seq == 0 && report_in_range(&message->u.report);
		case PGRAFT_PEER_PRESENT:
		case PGRAFT_PEER_INVITE:
		case PGRAFT_PEER_REMOVED:
		case PGRAFT_PEER_REQUEST:
		case PGRAFT_PEER_OUTCOME:
			return pgraft_peer_membership_in_range(message);
	}
	return false;
}

static uint8_t
flags_of(const PgraftReport *report)
{
	return (uint8_t) ((report->witness ? FLAG_WITNESS : 0) | (report->wants_rejoin ? FLAG_WANTS_REJOIN : 0) |
					  (report->short_of_room ? FLAG_SHORT : 0));
}

static void
put_report(ByteWriter *w, const PgraftReport *report)
{
	put_u64(w, report->term);
	if (report->term == 0)
		return;
	put_u64(w, report->end_lsn);
	put_u8(w, flags_of(report));
	put_u8(w, (uint8_t) report->n_links);
	for (int i = 0; i < report->n_links; i++)
		pgraft_put_promotion(w, &report->links[i]);
}

static void
put_beat(ByteWriter *w, const PgraftBeat *beat)
{
	put_u64(w, beat->promotion_term);
	put_u64(w, beat->flush_lsn);
	put_u64(w, beat->oldest_lsn);
	put_u8(w, (uint8_t) beat->rejoin_node);
	put_u64(w, beat->commit_index);
	put_u8(w, (uint8_t) beat->n_progress);
	for (int i = 0; i < beat->n_progress; i++)
	{
		put_u8(w, (uint8_t) beat->progress[i].node_id);
		put_u64(w, beat->progress[i].match_index);
		put_u64(w, (uint64_t) beat->progress[i].heard_ms);
		put_u64(w, (uint64_t) beat->progress[i].lag_bytes);
	}
}

size_t
pgraft_peer_message_encode(const PgraftPeerMessage *message, uint8_t *buf, size_t size)
{
	ByteWriter header = {.buf = buf, .size = size};
	ByteWriter w = {.buf = buf, .size = size};

	if (!in_range(message))
		return 0;
	put_u32(&w, 0);
	put_u8(&w, MESSAGE_VERSION);
	put_u8(&w, (uint8_t) message->type);
	put_u64(&w, message->term);
	put_u64(&w, message->seq);
	put_u64(&w, (uint64_t) message->sent_at_ms);
	if (message->type == PGRAFT_PEER_BEAT)
		put_beat(&w, &message->u.beat);
	else if (message->type == PGRAFT_PEER_ANSWER)
		put_report(&w, &message->u.report);
	else
		pgraft_put_peer_membership(&w, message);
	if (w.failed)
		return 0;
	put_u32(&header, (uint32_t) (w.pos - PGRAFT_PEER_HEADER_SIZE));
	return w.pos;
}

static void
get_report(ByteReader *r, PgraftReport *report)
{
	uint8_t flags;

	report->term = get_u64(r);
	if (report->term == 0)
		return;
	report->end_lsn = get_u64(r);
	flags = get_u8(r);
	report->witness = (flags & FLAG_WITNESS) != 0;
	report->wants_rejoin = (flags & FLAG_WANTS_REJOIN) != 0;
	report->short_of_room = (flags & FLAG_SHORT) != 0;
	report->n_links = get_u8(r);
	if (flags > ALL_FLAGS || !report_in_range(report))
	{
		r->failed = true;
		return;
	}
	for (int i = 0; i < report->n_links; i++)
		pgraft_get_promotion(r, &report->links[i]);
}

static void
get_beat(ByteReader *r, uint64_t term, PgraftBeat *beat)
{
	beat->term = term;
	beat->promotion_term = get_u64(r);
	beat->flush_lsn = get_u64(r);
	beat->oldest_lsn = get_u64(r);
	beat->rejoin_node = get_u8(r);
	beat->commit_index = get_u64(r);
	beat->n_progress = get_u8(r);
	if (beat->n_progress > PGRAFT_MAX_NODES)
	{
		r->failed = true;
		return;
	}
	for (int i = 0; i < beat->n_progress; i++)
	{
		beat->progress[i].node_id = get_u8(r);
		beat->progress[i].match_index = get_u64(r);
		beat->progress[i].heard_ms = (int64_t) get_u64(r);
		beat->progress[i].lag_bytes = (int64_t) get_u64(r);
	}
}

static bool
reject(const char **why, const char *reason)
{
	*why = reason;
	return false;
}

bool
pgraft_peer_message_decode(const uint8_t *buf, size_t size, PgraftPeerMessage *message, const char **why)
{
	ByteReader r = {.buf = buf, .size = size};
	uint8_t version = get_u8(&r);
	uint8_t type = get_u8(&r);

	memset(message, 0, sizeof(*message));
	if (r.failed)
		return reject(why, "the message is cut off");
	if (version != MESSAGE_VERSION)
		return reject(why, "the message has an unknown version");
	if (type < PGRAFT_PEER_BEAT || type > PGRAFT_PEER_OUTCOME)
		return reject(why, "the message has an unknown type");
	message->type = (PgraftPeerMessageType) type;
	message->term = get_u64(&r);
	message->seq = get_u64(&r);
	message->sent_at_ms = (int64_t) get_u64(&r);
	if (message->type == PGRAFT_PEER_BEAT)
		get_beat(&r, message->term, &message->u.beat);
	else if (message->type == PGRAFT_PEER_ANSWER)
		get_report(&r, &message->u.report);
	else
		pgraft_get_peer_membership(&r, message);
	if (r.failed)
		return reject(why, "the message is cut off or a value in it does not fit");
	if (r.pos != r.size)
		return reject(why, "the message has trailing bytes");
	if (!in_range(message))
		return reject(why, "a value in the message is out of range");
	return true;
}

PgraftFrame
pgraft_peer_frame(const uint8_t *buf, size_t size, size_t *message_size)
{
	ByteReader r = {.buf = buf, .size = size};
	uint32_t length = get_u32(&r);

	*message_size = 0;
	if (r.failed)
		return PGRAFT_FRAME_PARTIAL;
	if (length == 0 || length > PGRAFT_PEER_MESSAGE_SIZE)
		return PGRAFT_FRAME_IMPOSSIBLE;
	if (size - PGRAFT_PEER_HEADER_SIZE < length)
		return PGRAFT_FRAME_PARTIAL;
	*message_size = length;
	return PGRAFT_FRAME_WHOLE;
}

static bool
links_equal(const PgraftPromotion *a, const PgraftPromotion *b)
{
	return a->term == b->term && a->node_id == b->node_id && a->timeline == b->timeline && a->parent == b->parent &&
		   a->fork_lsn == b->fork_lsn;
}

bool
pgraft_report_equal(const PgraftReport *a, const PgraftReport *b)
{
	if (a->term != b->term || a->end_lsn != b->end_lsn || a->witness != b->witness ||
		a->wants_rejoin != b->wants_rejoin || a->short_of_room != b->short_of_room || a->n_links != b->n_links)
		return false;
	for (int i = 0; i < a->n_links; i++)
		if (!links_equal(&a->links[i], &b->links[i]))
			return false;
	return true;
}
