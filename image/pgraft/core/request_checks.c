/*
 * request_checks.c
 *	  See request_checks.h.
 */
#include "core/request_checks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/cluster_spec.h"

/* A cut text ends between characters: SQL shows it, and takes whole UTF-8 only. */
static void
cut_between_characters(char *text, size_t size)
{
	size_t length = strlen(text);

	if (length < size - 1)
		return;
	while (length > 0 && ((unsigned char) text[length - 1] & 0xc0) == 0x80)
		length--;
	if (length > 0 && ((unsigned char) text[length - 1] & 0x80) != 0)
		length--;
	text[length] = '\0';
}

PgraftOutcome
pgraft_outcome(PgraftOutcomeCode code, const char *hint, const char *format, ...)
{
	PgraftOutcome outcome = {.code = code};
	va_list arguments;

	va_start(arguments, format);
	(void) vsnprintf(outcome.message, sizeof(outcome.message), format, arguments);
	va_end(arguments);
	(void) snprintf(outcome.hint, sizeof(outcome.hint), "%s", hint);
	cut_between_characters(outcome.message, sizeof(outcome.message));
	cut_between_characters(outcome.hint, sizeof(outcome.hint));
	return outcome;
}

static bool
refuse(PgraftOutcome *outcome, PgraftOutcome refusal)
{
	*outcome = refusal;
	return false;
}

static bool
id_valid(int32_t node_id, PgraftOutcome *outcome)
{
	if (node_id >= 1 && node_id <= PGRAFT_MAX_NODES)
		return true;
	return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_INVALID, "", "node id %" PRId32 " is out of range: 1 to %d",
										  node_id, PGRAFT_MAX_NODES));
}

static bool
address_valid(const char *address, PgraftOutcome *outcome)
{
	char host[PGRAFT_ADDRESS_SIZE];
	char why[PGRAFT_ADDRESS_SIZE * 2];
	uint16_t port;

	if (pgraft_address_parse(address, host, sizeof(host), &port, why, sizeof(why)))
		return true;
	return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_INVALID, "", "%s", why));
}

static bool
has_control_characters(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char) *text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static bool
config_valid(const char *key, const char *value, PgraftOutcome *outcome)
{
	if (strcmp(key, "failover_enabled") == 0)
	{
		if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
			return true;
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_INVALID, "It is true or false.",
											  "failover_enabled cannot be \"%s\"", value));
	}
	if (strcmp(key, "cluster_name") != 0)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_INVALID, "There are cluster_name and failover_enabled.",
											  "there is no setting \"%s\"", key));
	if (value[0] != '\0' && !has_control_characters(value))
		return true;
	return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_INVALID, "It is text of 1 to 255 bytes.",
										  value[0] == '\0' ? "cluster_name cannot be empty"
														   : "cluster_name cannot contain control characters"));
}

bool
pgraft_request_valid(const PgraftRequest *request, PgraftOutcome *outcome)
{
	switch (request->kind)
	{
		case PGRAFT_REQUEST_SET_CONFIG:
			return config_valid(request->key, request->value, outcome);
		case PGRAFT_REQUEST_ADD_NODE:
			return id_valid(request->node_id, outcome) && address_valid(request->address, outcome);
		case PGRAFT_REQUEST_REMOVE_NODE:
			return id_valid(request->node_id, outcome);
		case PGRAFT_REQUEST_TRANSFER:
			return request->node_id == 0 || id_valid(request->node_id, outcome);
		case PGRAFT_REQUEST_EVENT:
			return true;
	}
	return refuse(outcome,
				  pgraft_outcome(PGRAFT_OUTCOME_INVALID, "", "there is no request of kind %d", (int) request->kind));
}

static bool
can_add(const PgraftMembershipView *view, const PgraftRequest *request, PgraftOutcome *outcome)
{
	for (int i = 0; i < view->n_servers; i++)
	{
		const PgraftServer *server = &view->servers[i];

		if (server->node_id == request->node_id)
			return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_DUPLICATE, "Look at pgraft_get_nodes().",
												  "node %" PRId32 " is a member already, at %s", server->node_id,
												  server->address));
		if (strcmp(server->address, request->address) == 0)
			return refuse(outcome,
						  pgraft_outcome(PGRAFT_OUTCOME_DUPLICATE, "Look at pgraft_get_nodes().",
										 "%s is the address of node %" PRId32, server->address, server->node_id));
	}
	return true;
}

static int
count_voters(const PgraftMembershipView *view)
{
	int voters = 0;

	for (int i = 0; i < view->n_servers; i++)
		voters += view->servers[i].role == PGRAFT_VOTER;
	return voters;
}

static bool
unknown_member(int32_t node_id, PgraftOutcome *outcome)
{
	return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_UNKNOWN, "Look at pgraft_get_nodes().",
										  "there is no member %" PRId32, node_id));
}

static bool
can_remove(const PgraftMembershipView *view, const PgraftRequest *request, PgraftOutcome *outcome)
{
	const PgraftServer *server = pgraft_view_server(view, request->node_id);

	if (server == NULL)
		return unknown_member(request->node_id, outcome);
	if (server->role != PGRAFT_VOTER)
		return true;
	if (count_voters(view) == 1)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "Add another one first.",
											  "node %" PRId32 " is the only voter", request->node_id));
	if (pgraft_majority_without(view, request->node_id))
		return true;
	return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "Bring the others back first.",
										  "without node %" PRId32 " no majority of the voters would answer and stream",
										  request->node_id));
}

/* Why this voter cannot take over now; false with the outcome. */
static bool
can_succeed(const PgraftMembershipView *view, const PgraftServer *server, PgraftOutcome *outcome)
{
	int32_t id = server->node_id;

	if (server->role != PGRAFT_VOTER)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "It is still being added.",
											  "node %" PRId32 " has no vote", id));
	if (!server->reachable)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "", "node %" PRId32 " does not answer", id));
	if (server->wants_rejoin)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "Wait until it streams again.",
											  "the data of node %" PRId32 " is being rewound or cloned", id));
	if (server->match_index < view->configuration_index)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "Wait until it has caught up.",
											  "node %" PRId32 " lacks entries of the Raft log", id));
	if (server->lag_bytes < 0)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "Wait until it streams again.",
											  "node %" PRId32 " does not stream from the primary", id));
	if (server->lag_bytes > PGRAFT_MOST_TRANSFER_LAG)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "Wait until it has caught up.",
											  "node %" PRId32 " lags behind by %" PRId64 " bytes of WAL, more than %d",
											  id, server->lag_bytes, PGRAFT_MOST_TRANSFER_LAG));
	return true;
}

static bool
suits_better(const PgraftServer *server, const PgraftServer *than)
{
	if (than == NULL || server->lag_bytes != than->lag_bytes)
		return than == NULL || server->lag_bytes < than->lag_bytes;
	return server->match_index > than->match_index;
}

int32_t
pgraft_best_successor(const PgraftMembershipView *view)
{
	const PgraftServer *best = NULL;
	PgraftOutcome ignored;

	for (int i = 0; i < view->n_servers; i++)
	{
		const PgraftServer *server = &view->servers[i];

		if (server->node_id != view->self && can_succeed(view, server, &ignored) && suits_better(server, best))
			best = server;
	}
	return best == NULL ? 0 : best->node_id;
}

/*
 * The old primary writes some WAL until it has stopped.  Where the others are no majority without it, it is counted when it comes back, is ahead,
 * and leads again.  Two voters need each other in any case: there it is tried.
 */
static bool
needs_old_leader(const PgraftMembershipView *view)
{
	int voters = 0;
	int others = 0;

	for (int i = 0; i < view->n_servers; i++)
	{
		const PgraftServer *server = &view->servers[i];

		if (server->role != PGRAFT_VOTER)
			continue;
		voters++;
		others += server->node_id != view->self && server->reachable;
	}
	return voters > 2 && others <= voters / 2;
}

static bool
can_transfer(const PgraftMembershipView *view, const PgraftRequest *request, PgraftOutcome *outcome)
{
	const PgraftServer *server = pgraft_view_server(view, request->node_id);

	if (request->node_id == view->self)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_INVALID, "Name another member, or none.",
											  "node %" PRId32 " leads already", view->self));
	if (request->node_id != 0 && server == NULL)
		return unknown_member(request->node_id, outcome);
	if (request->node_id != 0 && !can_succeed(view, server, outcome))
		return false;
	if (request->node_id == 0 && pgraft_best_successor(view) == 0)
		return refuse(outcome,
					  pgraft_outcome(PGRAFT_OUTCOME_STATE, "Look at pgraft_get_nodes().",
									 "no other voter could take over: none answers, streams and has caught up"));
	if (needs_old_leader(view))
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_STATE, "Bring the other voters back first.",
											  "without node %" PRId32 ", the leader, no majority of the voters answers",
											  view->self));
	return true;
}

bool
pgraft_request_possible(const PgraftMembershipView *view, const PgraftRequest *request, PgraftOutcome *outcome)
{
	if (!view->quorum)
		return refuse(outcome, pgraft_outcome(PGRAFT_OUTCOME_NO_LEADER, "Bring the other voters back.",
											  "no majority of the voters answers"));
	switch (request->kind)
	{
		case PGRAFT_REQUEST_ADD_NODE:
			return can_add(view, request, outcome);
		case PGRAFT_REQUEST_REMOVE_NODE:
			return can_remove(view, request, outcome);
		case PGRAFT_REQUEST_TRANSFER:
			return can_transfer(view, request, outcome);
		case PGRAFT_REQUEST_SET_CONFIG:
		case PGRAFT_REQUEST_EVENT:
			break;
	}
	return true;
}
