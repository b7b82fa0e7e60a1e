/*
 * fsm.c
 *	  What libraft hands over once it is committed: the real codec and the real state machine.
 */
#include <string.h>

#include "model.h"

/* As net/log.c frames an entry: its length first, whole 8-byte words. */
static int
apply_entry(struct raft_fsm *fsm, const struct raft_buffer *buf, void **result)
{
	static PgraftEntry entry;
	Server *s = fsm->data;
	const char *why = "";
	uint32_t size;

	*result = NULL;
	memcpy(&size, buf->base, sizeof(size));
	note_applied(s, (const uint8_t *) buf->base, buf->len);
	if (!pgraft_entry_decode((const uint8_t *) buf->base + sizeof(size), size, &entry, &why))
		fail("server %d cannot read a committed entry: %s", s->id, why);
	note_intent(s, &entry);
	(void) pgraft_state_apply(&s->state, &entry);
	return 0;
}

static int
no_snapshot(struct raft_fsm *fsm, struct raft_buffer *bufs[], unsigned *n)
{
	(void) fsm;
	(void) bufs;
	(void) n;
	return RAFT_INVALID;
}

static int
no_restore(struct raft_fsm *fsm, struct raft_buffer *buf)
{
	(void) fsm;
	(void) buf;
	return RAFT_INVALID;
}

void
fsm_init(Server *s)
{
	s->fsm = (struct raft_fsm){
		.version = 1, .data = s, .apply = apply_entry, .snapshot = no_snapshot, .restore = no_restore};
	pgraft_state_init(&s->state);
}
