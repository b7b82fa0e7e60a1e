/*
 * snapshot.c
 *	  The bytes of a snapshot: the whole replicated state.
 *
 *		u32 magic, u16 version, u32 CRC-32 of what follows:
 *		string cluster_name, u8 failover_enabled,
 *		u8 n_members, n_members times (i32 node_id, u16 postgres_port, string name, string incarnation),
 *		u16 n_promotions, n_promotions times a promotion as in an entry, the history likewise,
 *		u16 n_events, n_events times (i64 at_ms, u64 term, i32 node_id, i32 type, string detail),
 *		since version 2: string group_id, i32 successor
 *
 * The same invariants are checked on the way out and on the way in, so that what was written can be read, and what was
 * read is a state that the state machine could have made.
 */
#include "core/codec.h"
#include "core/state_machine.h"

#include "core/bytes.h"
#include "core/cluster_spec.h"
#include "core/codec_parts.h"

#define SNAPSHOT_MAGIC	 0x53524750 /* "PGRS" */
#define SNAPSHOT_VERSION 2
#define OLDEST_VERSION	 1
#define HEADER_SIZE		 (4 + 2 + 4)

#define STRING_MAX_SIZE(field_size) (2 + (field_size) -1)
#define MEMBER_MAX_SIZE				(4 + 2 + STRING_MAX_SIZE(PGRAFT_NAME_SIZE) + STRING_MAX_SIZE(PGRAFT_INCARNATION_SIZE))
#define EVENT_MAX_SIZE				(8 + 8 + 4 + 4 + STRING_MAX_SIZE(PGRAFT_DETAIL_SIZE))

size_t
pgraft_snapshot_max_size(void)
{
	return HEADER_SIZE + STRING_MAX_SIZE(PGRAFT_VALUE_SIZE) + 1 + 1 + PGRAFT_MAX_NODES * MEMBER_MAX_SIZE +
		   2 * (2 + PGRAFT_MAX_PROMOTIONS * PGRAFT_PROMOTION_BYTES) + 2 + PGRAFT_MAX_EVENTS * EVENT_MAX_SIZE +
		   STRING_MAX_SIZE(PGRAFT_GROUP_SIZE) + 4;
}

static bool
counts_in_range(const PgraftState *state)
{
	return state->n_members >= 0 && state->n_members <= PGRAFT_MAX_NODES && state->n_promotions >= 0 &&
		   state->n_promotions <= PGRAFT_MAX_PROMOTIONS && state->n_history >= 0 &&
		   state->n_history <= PGRAFT_MAX_PROMOTIONS && state->n_events >= 0 && state->n_events <= PGRAFT_MAX_EVENTS;
}

static bool
promotions_in_order(const PgraftPromotion *promotions, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (promotions[i].node_id <= 0 || promotions[i].term == 0)
			return false;
		if (i > 0 && promotions[i].term <= promotions[i - 1].term)
			return false;
	}
	return true;
}

/* Every member once, promotions and history ascending by term, and no group but one as a leader makes it. */
static bool
state_in_order(const PgraftState *state)
{
	size_t group_length = bounded_length(state->group_id, sizeof(state->group_id));

	if (state->successor < 0 || group_length == sizeof(state->group_id))
		return false;
	if (group_length > 0 && !pgraft_incarnation_valid(state->group_id))
		return false;
	for (int i = 0; i < state->n_members; i++)
	{
		if (state->members[i].node_id <= 0)
			return false;
		for (int j = 0; j < i; j++)
			if (state->members[i].node_id == state->members[j].node_id)
				return false;
	}
	return promotions_in_order(state->promotions, state->n_promotions) &&
		   promotions_in_order(state->history, state->n_history);
}

static void
put_promotions(ByteWriter *w, const PgraftPromotion *promotions, int n)
{
	put_u16(w, (uint16_t) n);
	for (int i = 0; i < n; i++)
		pgraft_put_promotion(w, &promotions[i]);
}

static void
put_state(ByteWriter *w, const PgraftState *state)
{
	put_string(w, state->cluster_name, sizeof(state->cluster_name));
	put_u8(w, state->failover_enabled ? 1 : 0);
	put_u8(w, (uint8_t) state->n_members);
	for (int i = 0; i < state->n_members; i++)
	{
		const PgraftMember *member = &state->members[i];

		put_u32(w, (uint32_t) member->node_id);
		put_u16(w, member->postgres_port);
		put_string(w, member->name, sizeof(member->name));
		put_string(w, member->incarnation, sizeof(member->incarnation));
	}
	put_promotions(w, state->promotions, state->n_promotions);
	put_promotions(w, state->history, state->n_history);
	put_u16(w, (uint16_t) state->n_events);
	for (int i = 0; i < state->n_events; i++)
	{
		const PgraftEvent *event = &state->events[i];

		put_u64(w, (uint64_t) event->at_ms);
		put_u64(w, event->term);
		put_u32(w, (uint32_t) event->node_id);
		put_u32(w, (uint32_t) event->type);
		put_string(w, event->detail, sizeof(event->detail));
	}
	put_string(w, state->group_id, sizeof(state->group_id));
	put_u32(w, (uint32_t) state->successor);
}

/* Returns the number of bytes written; 0 if they do not fit or the state breaks an invariant. */
size_t
pgraft_snapshot_encode(const struct PgraftState *state, uint8_t *buf, size_t size)
{
	ByteWriter header = {.buf = buf, .size = HEADER_SIZE};
	ByteWriter body;

	if (size < HEADER_SIZE || !counts_in_range(state) || !state_in_order(state))
		return 0;
	body = (ByteWriter){.buf = buf + HEADER_SIZE, .size = size - HEADER_SIZE};
	put_state(&body, state);
	if (body.failed)
		return 0;
	put_u32(&header, SNAPSHOT_MAGIC);
	put_u16(&header, SNAPSHOT_VERSION);
	put_u32(&header, pgraft_crc32(body.buf, body.pos));
	return HEADER_SIZE + body.pos;
}

static void
get_members(ByteReader *r, PgraftState *state)
{
	state->n_members = get_u8(r);
	if (state->n_members > PGRAFT_MAX_NODES)
		r->failed = true;
	for (int i = 0; i < state->n_members && !r->failed; i++)
	{
		PgraftMember *member = &state->members[i];

		member->node_id = get_i32(r);
		member->postgres_port = get_u16(r);
		get_string(r, member->name, sizeof(member->name));
		get_string(r, member->incarnation, sizeof(member->incarnation));
	}
}

static void
get_promotions(ByteReader *r, PgraftPromotion *promotions, int *n)
{
	*n = get_u16(r);
	if (*n > PGRAFT_MAX_PROMOTIONS)
		r->failed = true;
	for (int i = 0; i < *n && !r->failed; i++)
		pgraft_get_promotion(r, &promotions[i]);
}

static void
get_events(ByteReader *r, PgraftState *state)
{
	state->n_events = get_u16(r);
	if (state->n_events > PGRAFT_MAX_EVENTS)
		r->failed = true;
	for (int i = 0; i < state->n_events && !r->failed; i++)
	{
		PgraftEvent *event = &state->events[i];

		event->at_ms = (int64_t) get_u64(r);
		event->term = get_u64(r);
		event->node_id = get_i32(r);
		event->type = get_i32(r);
		get_string(r, event->detail, sizeof(event->detail));
	}
}

static void
get_state(ByteReader *r, uint16_t version, PgraftState *state)
{
	uint8_t failover_enabled;

	get_string(r, state->cluster_name, sizeof(state->cluster_name));
	failover_enabled = get_u8(r);
	if (failover_enabled > 1)
		r->failed = true;
	state->failover_enabled = failover_enabled == 1;
	get_members(r, state);
	get_promotions(r, state->promotions, &state->n_promotions);
	get_promotions(r, state->history, &state->n_history);
	get_events(r, state);
	if (version < 2)
		return;
	get_string(r, state->group_id, sizeof(state->group_id));
	state->successor = get_i32(r);
}

static bool
reject(PgraftState *state, const char **why, const char *reason)
{
	pgraft_state_init(state);
	*why = reason;
	return false;
}

/* On failure the state is the initial one, so that nobody acts on half of a snapshot. */
bool
pgraft_snapshot_decode(const uint8_t *buf, size_t size, struct PgraftState *state, const char **why)
{
	ByteReader r = {.buf = buf, .size = size};
	uint32_t magic = get_u32(&r);
	uint16_t version = get_u16(&r);
	uint32_t crc = get_u32(&r);

	if (r.failed)
		return reject(state, why, "the snapshot is cut off");
	if (magic != SNAPSHOT_MAGIC)
		return reject(state, why, "this is no snapshot of pgraft");
	if (version < OLDEST_VERSION || version > SNAPSHOT_VERSION)
		return reject(state, why, "the snapshot has an unknown version");
	if (crc != pgraft_crc32(buf + HEADER_SIZE, size - HEADER_SIZE))
		return reject(state, why, "the snapshot's checksum does not fit");
	memset(state, 0, sizeof(*state));
	get_state(&r, version, state);
	if (r.failed)
		return reject(state, why, "the snapshot is cut off or a value in it is too large");
	if (r.pos != r.size)
		return reject(state, why, "the snapshot has trailing bytes");
	if (!state_in_order(state))
		return reject(state, why,
					  "the snapshot names a member twice or a group that is none, or its promotions are out of order");
	return true;
}
