/*
 * peer_membership_test.c
 *	  Presence, invitations, removals, requests and outcomes as bytes, and what is refused.
 */
#include "core/peer_message.h"

#include "peer_frame.h"

static void
fill_text(char *field, size_t size)
{
	memset(field, 'x', size - 1);
	field[size - 1] = '\0';
}

static PgraftPeerMessage
message_of(PgraftPeerMessageType type)
{
	PgraftPeerMessage message;

	memset(&message, 0, sizeof(message));
	message.type = type;
	message.term = 7;
	if (type == PGRAFT_PEER_PRESENT)
	{
		message.u.presence = (PgraftPresence){.group_id = INCARNATION_A,
											  .formed = true,
											  .configuration_index = UINT64_MAX,
											  .system_identifier = UINT64_MAX - 1,
											  .incarnation = INCARNATION_B};
	}
	else if (type == PGRAFT_PEER_INVITE)
		message.u.notice =
			(PgraftMembershipNotice){.group_id = INCARNATION_A, .index = UINT64_MAX, .incarnation = INCARNATION_B};
	else if (type == PGRAFT_PEER_REMOVED)
		message.u.notice = (PgraftMembershipNotice){.group_id = INCARNATION_A, .index = 1};
	else
		message.seq = UINT64_MAX;
	return message;
}

static PgraftPeerMessage
request_of(PgraftRequestKind kind)
{
	PgraftPeerMessage message = message_of(PGRAFT_PEER_REQUEST);
	PgraftRequest *request = &message.u.request;

	request->kind = kind;
	request->node_id = INT32_MIN;
	if (kind == PGRAFT_REQUEST_SET_CONFIG)
	{
		request->node_id = 0;
		fill_text(request->key, sizeof(request->key));
		fill_text(request->value, sizeof(request->value));
	}
	else if (kind == PGRAFT_REQUEST_ADD_NODE)
		fill_text(request->address, sizeof(request->address));
	else if (kind == PGRAFT_REQUEST_EVENT)
	{
		request->at_ms = INT64_MIN;
		request->term = UINT64_MAX;
		request->event_type = INT32_MAX;
		fill_text(request->value, sizeof(request->value));
	}
	return message;
}

static PgraftPeerMessage
outcome_of(PgraftOutcomeCode code)
{
	PgraftPeerMessage message = message_of(PGRAFT_PEER_OUTCOME);
	PgraftOutcome *outcome = &message.u.outcome;

	outcome->code = code;
	outcome->index = UINT64_MAX;
	outcome->leader_id = PGRAFT_MAX_NODES;
	fill_text(outcome->message, sizeof(outcome->message));
	fill_text(outcome->hint, sizeof(outcome->hint));
	return message;
}

#define N_MESSAGES 16

/* One of each type, kind and code. */
static PgraftPeerMessage
message_number(int i)
{
	if (i < 3)
		return message_of((PgraftPeerMessageType) (PGRAFT_PEER_PRESENT + i));
	if (i < 8)
		return request_of((PgraftRequestKind) (i - 2));
	return outcome_of((PgraftOutcomeCode) (i - 7));
}

static void
check_arrives(const PgraftPeerMessage *sent)
{
	PgraftPeerMessage received;
	size_t size = encode(sent);

	if (size == 0 || !decode(size, &received))
		CHECK_FAIL("type %d does not arrive", (int) sent->type);
	else
		CHECK_BYTES(&received, sent, sizeof(*sent));
}

TEST(every_type_kind_and_code_arrives_as_it_was_sent)
{
	for (int i = 0; i < N_MESSAGES; i++)
	{
		PgraftPeerMessage sent = message_number(i);

		check_arrives(&sent);
	}
}

TEST(a_server_without_raft_state_and_data_says_so)
{
	PgraftPeerMessage sent;

	memset(&sent, 0, sizeof(sent));
	sent.type = PGRAFT_PEER_PRESENT;
	check_arrives(&sent);
}

TEST(a_request_carries_only_what_its_kind_uses)
{
	PgraftPeerMessage sent = request_of(PGRAFT_REQUEST_REMOVE_NODE);
	PgraftPeerMessage received;
	size_t size;

	fill_text(sent.u.request.key, sizeof(sent.u.request.key));
	fill_text(sent.u.request.address, sizeof(sent.u.request.address));
	size = encode(&sent);
	CHECK(size > 0 && decode(size, &received));
	sent = request_of(PGRAFT_REQUEST_REMOVE_NODE);
	CHECK_BYTES(&received, &sent, sizeof(sent));
}

/* The change is made to a message that could be sent otherwise. */
#define CHECK_NOT_SENT(a_message, change) \
	do \
	{ \
		PgraftPeerMessage m = (a_message); \
		CHECK(encode(&m) > 0); \
		change; \
		CHECK_INT(encode(&m), 0); \
	} while (0)

TEST(what_no_server_would_say_is_not_encoded)
{
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_PRESENT), m.seq = 1);
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_PRESENT), m.sent_at_ms = -1);
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_PRESENT), m.u.presence.group_id[31] = '\0');
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_PRESENT), m.u.presence.group_id[32] = 'a');
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_PRESENT), m.u.presence.incarnation[0] = 'x');
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_INVITE), m.seq = 1);
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_INVITE), m.u.notice.index = 0);
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_INVITE), m.u.notice.group_id[0] = '\0');
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_INVITE), m.u.notice.incarnation[0] = '\0');
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_REMOVED), m.u.notice.index = 0);
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_REMOVED), m.u.notice.group_id[0] = '\0');
	CHECK_NOT_SENT(message_of(PGRAFT_PEER_REMOVED), m.u.notice.incarnation[0] = 'a');
	CHECK_NOT_SENT(request_of(PGRAFT_REQUEST_TRANSFER), m.seq = 0);
	CHECK_NOT_SENT(request_of(PGRAFT_REQUEST_TRANSFER), m.u.request.kind = (PgraftRequestKind) 0);
	CHECK_NOT_SENT(request_of(PGRAFT_REQUEST_TRANSFER), m.u.request.kind = (PgraftRequestKind) 6);
	CHECK_NOT_SENT(request_of(PGRAFT_REQUEST_EVENT), m.u.request.event_type = 0);
	CHECK_NOT_SENT(request_of(PGRAFT_REQUEST_SET_CONFIG), m.u.request.value[PGRAFT_VALUE_SIZE - 1] = 'x');
	CHECK_NOT_SENT(outcome_of(PGRAFT_OUTCOME_DONE), m.seq = 0);
	CHECK_NOT_SENT(outcome_of(PGRAFT_OUTCOME_DONE), m.u.outcome.code = (PgraftOutcomeCode) 0);
	CHECK_NOT_SENT(outcome_of(PGRAFT_OUTCOME_DONE), m.u.outcome.code = (PgraftOutcomeCode) 9);
	CHECK_NOT_SENT(outcome_of(PGRAFT_OUTCOME_DONE), m.u.outcome.leader_id = -1);
	CHECK_NOT_SENT(outcome_of(PGRAFT_OUTCOME_DONE), m.u.outcome.leader_id = PGRAFT_MAX_NODES + 1);
}

/* The common fields are 26 bytes: version, type, term, seq, sent_at_ms. */
#define COMMON_SIZE 26

static void
check_refused(const PgraftPeerMessage *sent, size_t offset, uint8_t value)
{
	PgraftPeerMessage received;
	size_t size = encode(sent);

	payload[offset] = value;
	if (decode(size, &received))
		CHECK_FAIL("type %d is taken with %u at %zu", (int) sent->type, value, offset);
}

TEST(the_same_is_refused_when_it_comes_in)
{
	PgraftPeerMessage present = message_of(PGRAFT_PEER_PRESENT);
	PgraftPeerMessage request = request_of(PGRAFT_REQUEST_TRANSFER);
	PgraftPeerMessage outcome = outcome_of(PGRAFT_OUTCOME_DONE);

	check_refused(&present, 10, 1);				   /* seq */
	check_refused(&present, COMMON_SIZE + 2, 'x'); /* group_id */
	check_refused(&present, COMMON_SIZE + 34, 2);  /* formed */
	check_refused(&request, COMMON_SIZE, 0);	   /* kind */
	check_refused(&request, COMMON_SIZE, 6);
	check_refused(&outcome, COMMON_SIZE, 0); /* code */
	check_refused(&outcome, COMMON_SIZE, 9);
	check_refused(&outcome, COMMON_SIZE + 9, PGRAFT_MAX_NODES + 1); /* leader_id */
}

TEST(a_message_that_is_cut_off_or_has_something_behind_it_is_refused)
{
	for (int i = 0; i < N_MESSAGES; i++)
	{
		PgraftPeerMessage sent = message_number(i);
		PgraftPeerMessage received;
		size_t size = encode(&sent);

		for (size_t cut = 0; cut < size; cut++)
			CHECK(!decode(cut, &received));
		CHECK(decode(size, &received));
		payload[size] = 0;
		CHECK(!decode(size + 1, &received));
	}
}

TEST(random_bytes_are_taken_only_for_what_they_are)
{
	uint64_t seed = 7;

	for (int round = 0; round < 100000; round++)
	{
		size_t size = 2 + next_random(&seed) % 300;

		for (size_t i = 0; i < size; i++)
			payload[i] = (uint8_t) (next_random(&seed) >> (next_random(&seed) % 9));
		payload[0] = 2;
		payload[1] = (uint8_t) (PGRAFT_PEER_PRESENT + round % 5);
		decode_and_encode_again(size);
	}
}

TEST(a_message_with_some_bytes_changed_is_refused_or_is_another_message)
{
	uint64_t seed = 8;

	for (int round = 0; round < 40000; round++)
	{
		PgraftPeerMessage sent = message_number(round % N_MESSAGES);
		size_t size = encode(&sent);

		for (uint64_t n = 1 + next_random(&seed) % 3; n > 0; n--)
			payload[next_random(&seed) % size] = (uint8_t) next_random(&seed);
		decode_and_encode_again(size);
	}
}
