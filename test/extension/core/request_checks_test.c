/*
 * request_checks_test.c
 *	  Requests -> refused with a code, a message that names the value, and nothing else.
 */
#include "core/request_checks.h"

#include "check.h"
#include "fixtures.h"

static PgraftState state;
static PgraftMembershipView view;

static void
cluster_of(int n_voters)
{
	memset(&view, 0, sizeof(view));
	pgraft_state_init(&state);
	view.self = 1;
	view.quorum = true;
	view.configuration_index = 100;
	view.state = &state;
	for (int32_t id = 1; id <= n_voters; id++)
	{
		PgraftServer *server = &view.servers[view.n_servers++];

		*server = (PgraftServer){.node_id = id, .role = PGRAFT_VOTER, .reachable = true, .match_index = 100};
		(void) snprintf(server->address, sizeof(server->address), "node%d:7000", (int) id);
	}
}

static PgraftRequest
request_of(PgraftRequestKind kind, int32_t node_id)
{
	PgraftRequest request = {.kind = kind, .node_id = node_id};

	if (kind == PGRAFT_REQUEST_ADD_NODE)
		strcpy(request.address, "new:7000");
	return request;
}

static PgraftOutcomeCode
checked(const PgraftRequest *request)
{
	PgraftOutcome outcome = {.code = PGRAFT_OUTCOME_DONE};

	if (pgraft_request_valid(request, &outcome) && pgraft_request_possible(&view, request, &outcome))
		return PGRAFT_OUTCOME_DONE;
	CHECK(outcome.message[0] != '\0');
	return outcome.code;
}

static PgraftOutcomeCode
check_of(PgraftRequestKind kind, int32_t node_id)
{
	PgraftRequest request = request_of(kind, node_id);

	return checked(&request);
}

static PgraftOutcomeCode
set(const char *key, const char *value)
{
	PgraftRequest request = request_of(PGRAFT_REQUEST_SET_CONFIG, 0);

	strcpy(request.key, key);
	strcpy(request.value, value);
	return checked(&request);
}

static PgraftOutcomeCode
add_at(const char *address)
{
	PgraftRequest request = request_of(PGRAFT_REQUEST_ADD_NODE, 4);

	strcpy(request.address, address);
	return checked(&request);
}

TEST(only_settings_that_there_are_take_only_values_that_they_can_have)
{
	cluster_of(3);
	CHECK_INT(set("cluster_name", "Zürich 1"), PGRAFT_OUTCOME_DONE);
	CHECK_INT(set("cluster_name", ""), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(set("cluster_name", "a\nb"), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(set("failover_enabled", "false"), PGRAFT_OUTCOME_DONE);
	CHECK_INT(set("failover_enabled", "off"), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(set("group_id", "0123456789abcdef0123456789abcdef"), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(set("", "x"), PGRAFT_OUTCOME_INVALID);
}

TEST(ids_are_1_to_9_and_addresses_are_host_and_port)
{
	cluster_of(3);
	CHECK_INT(check_of(PGRAFT_REQUEST_ADD_NODE, 0), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(check_of(PGRAFT_REQUEST_ADD_NODE, -1), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(check_of(PGRAFT_REQUEST_ADD_NODE, 10), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 0), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 10), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(add_at("new"), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(add_at("new node:7000"), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(add_at("new:0"), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(add_at("new:65536"), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(add_at("new:7000"), PGRAFT_OUTCOME_DONE);
	CHECK_INT(check_of((PgraftRequestKind) 99, 1), PGRAFT_OUTCOME_INVALID);
}

TEST(an_id_or_address_in_use_is_a_duplicate_and_an_unknown_id_unknown)
{
	cluster_of(3);
	CHECK_INT(check_of(PGRAFT_REQUEST_ADD_NODE, 3), PGRAFT_OUTCOME_DUPLICATE);
	CHECK_INT(add_at("node1:7000"), PGRAFT_OUTCOME_DUPLICATE);
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 4), PGRAFT_OUTCOME_UNKNOWN);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 4), PGRAFT_OUTCOME_UNKNOWN);
}

TEST(the_last_voter_and_one_whose_rest_is_no_majority_are_not_removed)
{
	cluster_of(1);
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 1), PGRAFT_OUTCOME_STATE);
	cluster_of(3);
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 1), PGRAFT_OUTCOME_DONE);
	view.servers[2].reachable = false;
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 3), PGRAFT_OUTCOME_DONE);
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 2), PGRAFT_OUTCOME_STATE);
	view.servers[1].role = PGRAFT_SPARE;
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 2), PGRAFT_OUTCOME_DONE);
}

TEST(without_a_majority_nothing_is_possible)
{
	cluster_of(3);
	view.quorum = false;
	CHECK_INT(set("cluster_name", "a"), PGRAFT_OUTCOME_NO_LEADER);
	CHECK_INT(check_of(PGRAFT_REQUEST_ADD_NODE, 4), PGRAFT_OUTCOME_NO_LEADER);
	CHECK_INT(check_of(PGRAFT_REQUEST_REMOVE_NODE, 3), PGRAFT_OUTCOME_NO_LEADER);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_NO_LEADER);
}

TEST(leadership_goes_only_to_a_voter_that_is_there_streams_and_has_caught_up)
{
	cluster_of(3);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 1), PGRAFT_OUTCOME_INVALID);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_DONE);
	view.servers[1].reachable = false;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
	cluster_of(3);
	view.servers[1].wants_rejoin = true;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
	cluster_of(3);
	view.servers[1].match_index = 99;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
	cluster_of(3);
	view.servers[1].lag_bytes = -1;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
	view.servers[1].lag_bytes = PGRAFT_MOST_TRANSFER_LAG + 1;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
	view.servers[1].lag_bytes = PGRAFT_MOST_TRANSFER_LAG;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_DONE);
	view.servers[1].role = PGRAFT_STANDBY;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
}

TEST(leadership_stays_where_the_old_leader_would_be_needed_and_come_back_ahead)
{
	cluster_of(3);
	view.servers[2].reachable = false;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 0), PGRAFT_OUTCOME_STATE);
	cluster_of(5);
	view.servers[4].reachable = false;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_DONE);
	view.servers[3].reachable = false;
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_STATE);
	cluster_of(2);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 2), PGRAFT_OUTCOME_DONE);
}

TEST(the_best_successor_has_the_least_lag_and_then_the_longest_log)
{
	cluster_of(4);
	view.servers[1].lag_bytes = 10;
	view.servers[2].match_index = 120;
	CHECK_INT(pgraft_best_successor(&view), 3);
	view.servers[2].lag_bytes = 11;
	view.servers[3].lag_bytes = 20;
	CHECK_INT(pgraft_best_successor(&view), 2);
	view.servers[1].lag_bytes = view.servers[2].lag_bytes = view.servers[3].lag_bytes = -1;
	CHECK_INT(pgraft_best_successor(&view), 0);
	CHECK_INT(check_of(PGRAFT_REQUEST_TRANSFER, 0), PGRAFT_OUTCOME_STATE);
}

TEST(long_texts_are_cut_between_characters)
{
	char long_text[2 * PGRAFT_MESSAGE_SIZE];
	PgraftOutcome outcome;

	for (size_t i = 0; i + 2 < sizeof(long_text); i += 2)
		memcpy(long_text + i, "ü", 3);
	outcome = pgraft_outcome(PGRAFT_OUTCOME_STATE, "", "%s", long_text);
	CHECK_INT(strlen(outcome.message), PGRAFT_MESSAGE_SIZE - 2);
	CHECK_INT((unsigned char) outcome.message[PGRAFT_MESSAGE_SIZE - 3], 0xbc);
}
