/*
 * members_file.c
 *	  <pgraft.data_dir>/members: where the members' PostgreSQL is, for the entry point when the server is down.
 *
 * A line each, "<id> <host> <PostgreSQL port>", of those whose port the log knows.  It is a list of whom to ask, not who is right: so it may be
 * old, but never half written.
 */
#include <stdio.h>
#include <string.h>

#include "net/clock.h"
#include "net/consensus_private.h"
#include "net/files.h"

#define RETRY_MS 10000

static void
describe(const PgraftConsensus *g, char *text, size_t size)
{
	const struct raft_configuration *configuration = &g->raft.configuration;
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < configuration->n && i < PGRAFT_MAX_NODES; i++)
	{
		const struct raft_server *server = &configuration->servers[i];
		const PgraftMember *member = pgraft_state_member(&g->state, (int32_t) server->id);
		char host[PGRAFT_ADDRESS_SIZE];
		char why[256];
		uint16_t port;

		if (member == NULL || !pgraft_address_parse(server->address, host, sizeof host, &port, why, sizeof why))
			continue;
		used += (size_t) snprintf(text + used, size - used, "%d %s %u\n", member->node_id, host, member->postgres_port);
	}
}

static void
write_members(PgraftConsensus *g, const char *text)
{
	char path[sizeof g->config.data_dir + 16];
	char message[sizeof path + 128];
	int rc;

	snprintf(path, sizeof path, "%s/members", g->config.data_dir);
	if (g->members_text[0] == '\0' && pgraft_read_file(path, g->members_text, sizeof g->members_text) != 0)
		g->members_text[0] = '\0';
	rc = strcmp(text, g->members_text) == 0 ? 0 : pgraft_write_durably(path, text, strlen(text));
	g->members_failed_ms = rc == 0 ? 0 : pgraft_now_ms();
	if (rc == 0)
		strcpy(g->members_text, text);
	else
	{
		snprintf(message, sizeof message, "could not write \"%s\": %s; the members stand there as they were", path,
				 strerror(rc));
		g->config.hooks.log(message);
	}
}

/* Only when all that is known to be committed is applied: a worker that starts anew applies its whole log. */
void
pgraft_members_file_turn(PgraftConsensus *g)
{
	char text[sizeof g->members_text];

	if (g->members_failed_ms != 0 && pgraft_now_ms() - g->members_failed_ms < RETRY_MS)
		return;
	if (raft_last_applied(&g->raft) < raft_commit_index(&g->raft))
		return;
	describe(g, text, sizeof text);
	if (text[0] != '\0' && strcmp(text, g->members_text) != 0)
		write_members(g, text);
}
