/*
 * log.c
 *	  Entries on their way into the log, and out of it into the state machine; snapshots of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/codec.h"
#include "net/clock.h"
#include "net/consensus_private.h"
#include "net/files.h"

typedef struct Proposal
{
	struct raft_apply apply;
	uint64_t ticket;
} Proposal;

void
pgraft_log_publish(void)
{
	if (!pgraft_group.state_changed)
		return;
	pgraft_group.state_changed = false;
	pgraft_group.config.hooks.publish_state(&pgraft_group.state);
}

/* Who proposed finds the effect in what is published. */
static void
settle(const Proposal *proposal, bool committed)
{
	PgraftConsensus *g = &pgraft_group;

	pgraft_log_publish();
	switch (proposal->ticket)
	{
		case PGRAFT_TICKET_MEMBER:
			g->member_pending = false;
			break;
		case PGRAFT_TICKET_FORGET:
			pgraft_membership_forgotten(g);
			break;
		case PGRAFT_TICKET_TRANSFER:
			pgraft_hand_over_committed(g, committed);
			break;
		case PGRAFT_TICKET_RECOVERED:
			if (committed)
				pgraft_consensus_recovered(g);
			break;
		case PGRAFT_TICKET_LEADER:
		case PGRAFT_TICKET_NOTE:
			break;
		default:
			if (proposal->ticket > PGRAFT_TICKET_REQUEST)
				pgraft_requests_proposal_done(g, proposal->ticket, committed);
			else
				g->config.hooks.proposal_done(proposal->ticket, committed);
	}
}

static void
proposal_done(struct raft_apply *apply, int status, void *result)
{
	Proposal *proposal = apply->data;

	(void) result;
	settle(proposal, status == 0);
	free(proposal);
}

/*
 * libraft wants whole 8-byte words, the codecs exact lengths: so the payload goes into a frame, its length (32 bits, little-endian) first and
 * zeros behind it.
 */
#define FRAME_HEADER 4

static bool
make_frame(const uint8_t *payload, size_t size, struct raft_buffer *frame)
{
	uint8_t *bytes;

	frame->len = (FRAME_HEADER + size + 7) & ~(size_t) 7;
	frame->base = bytes = raft_calloc(1, frame->len);
	if (bytes == NULL)
		return false;
	for (int i = 0; i < FRAME_HEADER; i++)
		bytes[i] = (uint8_t) (size >> (8 * i));
	memcpy(bytes + FRAME_HEADER, payload, size);
	return true;
}

/* The payload inside a frame and its size; 0 if the length does not fit the frame. */
static size_t
open_frame(const struct raft_buffer *frame, const uint8_t **payload)
{
	const uint8_t *bytes = frame->base;
	size_t size = 0;

	if (frame->len < FRAME_HEADER)
		return 0;
	for (int i = 0; i < FRAME_HEADER; i++)
		size |= (size_t) bytes[i] << (8 * i);
	*payload = bytes + FRAME_HEADER;
	return size > frame->len - FRAME_HEADER ? 0 : size;
}

static int
submit(const PgraftEntry *entry, uint64_t ticket)
{
	static uint8_t encoded[PGRAFT_ENTRY_MAX_SIZE];
	size_t size = pgraft_entry_encode(entry, encoded, sizeof encoded);
	struct raft_buffer frame;
	Proposal *proposal;
	int rc;

	if (size == 0)
		return RAFT_INVALID;
	proposal = calloc(1, sizeof *proposal);
	if (proposal == NULL || !make_frame(encoded, size, &frame))
	{
		free(proposal);
		return RAFT_NOMEM;
	}
	proposal->apply.data = proposal;
	proposal->ticket = ticket;
	rc = raft_apply(&pgraft_group.raft, &proposal->apply, &frame, 1, proposal_done);
	if (rc != 0)
	{
		raft_free(frame.base);
		free(proposal);
	}
	return rc;
}

static bool
names_a_node(PgraftEntryType type)
{
	return type == PGRAFT_ENTRY_MEMBER || type == PGRAFT_ENTRY_REMOVED || type == PGRAFT_ENTRY_TRANSFER ||
		   type == PGRAFT_ENTRY_EVENT;
}

static bool
has_term(PgraftEntryType type)
{
	return type == PGRAFT_ENTRY_INTENT || type == PGRAFT_ENTRY_RECORD || type == PGRAFT_ENTRY_EVENT;
}

void
pgraft_consensus_propose(PgraftEntry *entry, uint64_t ticket)
{
	PgraftConsensus *g = &pgraft_group;

	if (entry->type != PGRAFT_ENTRY_EVENT)
		entry->at_ms = pgraft_wall_ms();
	if (!has_term(entry->type))
		entry->term = g->running ? pgraft_term(raft_current_term(&g->raft)) : 0;
	if (!names_a_node(entry->type))
		entry->node_id = g->config.self.node_id;
	if (!g->running || raft_state(&g->raft) != RAFT_LEADER || submit(entry, ticket) != 0)
		settle(&(Proposal){.ticket = ticket}, false);
}

static void
note_establishment(void)
{
	PgraftConsensus *g = &pgraft_group;
	char message[256];
	int rc;

	if (g->established || pgraft_state_last_record(&g->state) == NULL)
		return;
	rc = pgraft_write_durably(g->established_path, "yes\n", 4);
	if (rc != 0)
	{
		snprintf(message, sizeof message, "could not write \"%.180s\": %s", g->established_path, strerror(rc));
		g->config.hooks.fatal(message);
	}
	g->established = true;
}

static int
apply_entry(struct raft_fsm *fsm, const struct raft_buffer *buf, void **result)
{
	static PgraftEntry entry;
	PgraftConsensus *g = fsm->data;
	const char *why = NULL;
	char message[160];
	const uint8_t *payload = NULL;
	size_t size = open_frame(buf, &payload);

	*result = NULL;
	if (!pgraft_entry_decode(payload, size, &entry, &why))
	{
		snprintf(message, sizeof message, "committed log entry cannot be read: %s", why);
		g->config.hooks.fatal(message);
	}
	if (!pgraft_state_apply(&g->state, &entry))
	{
		g->layer.counters.errors++;
		g->config.hooks.log("a committed log entry does not fit the state and changes nothing");
	}
	g->layer.counters.entries_applied++;
	note_establishment();
	g->state_changed = true;
	return 0;
}

static int
take_snapshot(struct raft_fsm *fsm, struct raft_buffer *bufs[], unsigned *n_bufs)
{
	PgraftConsensus *g = fsm->data;
	size_t max = pgraft_snapshot_max_size();
	uint8_t *encoded = malloc(max);
	struct raft_buffer *frame = raft_malloc(sizeof *frame);
	size_t size = encoded == NULL ? 0 : pgraft_snapshot_encode(&g->state, encoded, max);
	bool made = size > 0 && frame != NULL && make_frame(encoded, size, frame);

	free(encoded);
	if (!made)
	{
		raft_free(frame);
		return RAFT_NOMEM;
	}
	*bufs = frame;
	*n_bufs = 1;
	g->layer.counters.snapshots++;
	return 0;
}

/* At the start it is this server's own, later its leader's. */
static int
restore_snapshot(struct raft_fsm *fsm, struct raft_buffer *buf)
{
	PgraftConsensus *g = fsm->data;
	const char *why = NULL;
	char message[160];

	const uint8_t *payload = NULL;
	size_t size = open_frame(buf, &payload);

	if (!pgraft_snapshot_decode(payload, size, &g->state, &why))
	{
		snprintf(message, sizeof message, "snapshot cannot be read: %s", why);
		if (!g->running)
			g->layer.untrusted(g->layer.arg, message);
		g->config.hooks.fatal(message);
	}
	raft_free(buf->base);
	note_establishment();
	g->state_changed = true;
	return 0;
}

void
pgraft_log_init_fsm(void)
{
	pgraft_state_init(&pgraft_group.state);
	pgraft_group.fsm.version = 1;
	pgraft_group.fsm.data = &pgraft_group;
	pgraft_group.fsm.apply = apply_entry;
	pgraft_group.fsm.snapshot = take_snapshot;
	pgraft_group.fsm.restore = restore_snapshot;
}
