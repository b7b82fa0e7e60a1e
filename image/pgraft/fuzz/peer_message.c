/*
 * peer_message.c
 *	  A message of a link, behind its frame's header.  There is one way to write each message, so what was accepted is written the same again.
 */
#include "fuzz/fuzz.h"

#include "core/peer_message.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PgraftPeerMessage message;
	uint8_t frame[PGRAFT_PEER_FRAME_SIZE];
	const char *why = NULL;
	size_t message_size;
	size_t n;

	if (!pgraft_peer_message_decode(data, size, &message, &why))
	{
		HOLDS(why != NULL);
		return 0;
	}
	n = pgraft_peer_message_encode(&message, frame, sizeof frame);
	HOLDS(n == PGRAFT_PEER_HEADER_SIZE + size);
	HOLDS(pgraft_peer_frame(frame, n, &message_size) == PGRAFT_FRAME_WHOLE && message_size == size);
	HOLDS(memcmp(frame + PGRAFT_PEER_HEADER_SIZE, data, size) == 0);
	if (message.type == PGRAFT_PEER_ANSWER)
		HOLDS(pgraft_report_equal(&message.u.report, &message.u.report));
	return 0;
}
