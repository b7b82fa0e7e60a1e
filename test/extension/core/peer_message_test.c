/*
 * peer_message_test.c
 *	  Beats and answers as bytes, and what is refused; the messages of membership are in peer_membership_test.c.
 */
#include "core/peer_message.h"

#include "peer_frame.h"

static PgraftPeerMessage
beat(void)
{
	PgraftPeerMessage message;

	memset(&message, 0, sizeof(message));
	message.type = PGRAFT_PEER_BEAT;
	message.term = 7;
	message.seq = 42;
	message.sent_at_ms = 123456789;
	message.u.beat = (PgraftBeat){.term = 7, .promotion_term = 6, .flush_lsn = 0x1234567890, .commit_index = 99};
	message.u.beat.n_progress = PGRAFT_MAX_NODES;
	for (int i = 0; i < PGRAFT_MAX_NODES; i++)
		message.u.beat.progress[i] = (PgraftProgress){
			.node_id = i + 1, .match_index = UINT64_MAX - (uint64_t) i, .heard_ms = i - 1, .lag_bytes = INT64_MAX};
	return message;
}

static PgraftPeerMessage
answer(int n_links)
{
	PgraftPeerMessage message;
	PgraftReport *report = &message.u.report;

	memset(&message, 0, sizeof(message));
	message.type = PGRAFT_PEER_ANSWER;
	message.term = 7;
	message.sent_at_ms = 123456789;
	report->term = 7;
	report->end_lsn = UINT64_MAX;
	report->witness = true;
	report->n_links = n_links;
	for (int i = 0; i < n_links; i++)
		report->links[i] =
			link_of((uint64_t) i + 1, 1 + i, (uint32_t) i + 2, (uint32_t) i + 1, 0x1000000u * (uint32_t) i);
	return message;
}

TEST(a_beat_arrives_as_it_was_sent)
{
	PgraftPeerMessage sent = beat();
	PgraftPeerMessage received;
	size_t size = encode(&sent);

	CHECK(size > 0 && decode(size, &received));
	CHECK_INT(received.type, PGRAFT_PEER_BEAT);
	CHECK_INT(received.term, 7);
	CHECK_INT(received.seq, 42);
	CHECK_INT(received.sent_at_ms, 123456789);
	CHECK_INT(received.u.beat.term, 7);
	CHECK_INT(received.u.beat.promotion_term, 6);
	CHECK_INT(received.u.beat.flush_lsn, 0x1234567890);
	CHECK_INT(received.u.beat.commit_index, 99);
	CHECK_INT(received.u.beat.n_progress, PGRAFT_MAX_NODES);
	CHECK_BYTES(received.u.beat.progress, sent.u.beat.progress, sizeof(sent.u.beat.progress));
}

TEST(an_answer_arrives_with_its_report_whatever_the_number_of_links)
{
	for (int n = 0; n <= PGRAFT_REPORT_LINKS; n++)
	{
		PgraftPeerMessage sent = answer(n);
		PgraftPeerMessage received;
		size_t size = encode(&sent);

		CHECK(size > 0 && decode(size, &received));
		CHECK_INT(received.term, 7);
		CHECK_INT(received.sent_at_ms, 123456789);
		CHECK(pgraft_report_equal(&received.u.report, &sent.u.report));
	}
}

TEST(an_answer_without_a_report_has_none_at_its_other_end)
{
	static const PgraftReport none;
	PgraftPeerMessage sent = answer(3);
	PgraftPeerMessage received;
	size_t size;

	sent.u.report.term = 0;
	sent.sent_at_ms = 0;
	size = encode(&sent);
	CHECK(size > 0 && decode(size, &received));
	CHECK(pgraft_report_equal(&received.u.report, &none));
	CHECK_INT(received.sent_at_ms, 0);
}

TEST(reports_are_equal_only_if_every_value_is)
{
	PgraftReport a = answer(2).u.report;
	PgraftReport others[] = {a, a, a, a, a, a, a, a, a};

	CHECK(pgraft_report_equal(&a, &others[0]));
	others[0].term++;
	others[1].end_lsn--;
	others[2].witness = false;
	others[3].n_links--;
	others[4].links[1].term++;
	others[5].links[1].node_id++;
	others[6].links[1].timeline++;
	others[7].links[0].parent++;
	others[8].links[1].fork_lsn++;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(!pgraft_report_equal(&a, &others[i]));
	a.n_links = others[3].n_links = 1;
	a.links[1].term = 99;
	CHECK(pgraft_report_equal(&a, &others[3]));
}

TEST(what_no_server_would_say_is_not_encoded)
{
	PgraftPeerMessage message;

	message = beat();
	message.term = 0;
	CHECK_INT(encode(&message), 0);
	message = beat();
	message.sent_at_ms = 0;
	CHECK_INT(encode(&message), 0);
	message = beat();
	message.u.beat.promotion_term = 8;
	CHECK_INT(encode(&message), 0);
	for (int i = 0; i < 6; i++)
	{
		message = beat();
		if (i == 0)
			message.u.beat.n_progress = PGRAFT_MAX_NODES + 1;
		else if (i == 1)
			message.u.beat.n_progress = -1;
		else if (i == 2)
			message.u.beat.progress[8].node_id = 0;
		else if (i == 3)
			message.u.beat.progress[0].node_id = PGRAFT_MAX_NODES + 1;
		else if (i == 4)
			message.u.beat.progress[3].heard_ms = -2;
		else
			message.u.beat.progress[3].lag_bytes = -2;
		CHECK_INT(encode(&message), 0);
	}
	message = answer(0);
	message.sent_at_ms = -1;
	CHECK_INT(encode(&message), 0);
	message = answer(0);
	message.u.report.n_links = PGRAFT_REPORT_LINKS + 1;
	CHECK_INT(encode(&message), 0);
	message = answer(0);
	message.type = (PgraftPeerMessageType) 8;
	CHECK_INT(encode(&message), 0);
	message = answer(PGRAFT_REPORT_LINKS);
	CHECK_INT(pgraft_peer_message_encode(&message, frame, 40), 0);
}

TEST(the_same_is_refused_when_it_comes_in)
{
	PgraftPeerMessage sent = beat();
	PgraftPeerMessage received;
	size_t size = encode(&sent);
	uint8_t *const bytes = payload;

	bytes[0] = 1; /* version */
	CHECK(!decode(size, &received));
	encode(&sent);
	bytes[1] = 8; /* type */
	CHECK(!decode(size, &received));
	encode(&sent);
	bytes[2] = 5; /* term: before the promotion that it serves */
	CHECK(!decode(size, &received));
	encode(&sent);
	memset(bytes + 18, 0, 8); /* sent_at_ms */
	CHECK(!decode(size, &received));
	encode(&sent);
	bytes[25] = 0x80; /* sent_at_ms < 0 */
	CHECK(!decode(size, &received));
	encode(&sent);
	bytes[59] = PGRAFT_MAX_NODES + 1; /* n_progress */
	CHECK(!decode(size, &received));
	encode(&sent);
	bytes[60] = 0; /* of nobody */
	CHECK(!decode(size, &received));
	sent = answer(PGRAFT_REPORT_LINKS);
	size = encode(&sent);
	bytes[42] = 8; /* flags */
	CHECK(!decode(size, &received));
	encode(&sent);
	bytes[43] = PGRAFT_REPORT_LINKS + 1;
	CHECK(!decode(size, &received));
	encode(&sent);
	bytes[10] = 1; /* seq of an answer */
	CHECK(!decode(size, &received));
}

TEST(a_message_that_is_cut_off_or_has_something_behind_it_is_refused)
{
	const PgraftPeerMessage messages[] = {beat(), answer(0), answer(PGRAFT_REPORT_LINKS)};
	PgraftPeerMessage received;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
	{
		size_t size = encode(&messages[i]);

		for (size_t cut = 0; cut < size; cut++)
			CHECK(!decode(cut, &received));
		CHECK(decode(size, &received));
		frame[PGRAFT_PEER_HEADER_SIZE + size] = 0;
		CHECK(!decode(size + 1, &received));
	}
}

TEST(a_frame_is_whole_only_with_its_last_byte)
{
	PgraftPeerMessage sent = answer(PGRAFT_REPORT_LINKS);
	size_t size = encode(&sent);
	size_t found = 0;

	for (size_t n = 0; n <= size + PGRAFT_PEER_HEADER_SIZE; n++)
	{
		uint8_t *copy = exact_copy(frame, n);
		bool whole = n == size + PGRAFT_PEER_HEADER_SIZE;

		CHECK_INT(pgraft_peer_frame(copy, n, &found), whole ? PGRAFT_FRAME_WHOLE : PGRAFT_FRAME_PARTIAL);
		CHECK_INT(found, whole ? size : 0);
		free(copy);
	}
	CHECK_INT(pgraft_peer_frame(frame, sizeof(frame), &found), PGRAFT_FRAME_WHOLE);
	CHECK_INT(found, size);
}

TEST(a_length_that_no_message_has_is_impossible_as_soon_as_it_is_read)
{
	const uint8_t longest[] = {0x00, 0x06, 0, 0};
	const uint8_t too_long[] = {0x01, 0x06, 0, 0};
	const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff};
	const uint8_t none[] = {0, 0, 0, 0};
	size_t found;

	CHECK_INT(pgraft_peer_frame(longest, 4, &found), PGRAFT_FRAME_PARTIAL);
	CHECK_INT(pgraft_peer_frame(too_long, 4, &found), PGRAFT_FRAME_IMPOSSIBLE);
	CHECK_INT(pgraft_peer_frame(huge, 4, &found), PGRAFT_FRAME_IMPOSSIBLE);
	CHECK_INT(pgraft_peer_frame(none, 4, &found), PGRAFT_FRAME_IMPOSSIBLE);
}

TEST(random_bytes_are_never_read_past_their_end_nor_taken_for_what_they_are_not)
{
	uint64_t seed = 5;

	for (int round = 0; round < 100000; round++)
	{
		size_t size = next_random(&seed) % 300;
		size_t found;
		uint8_t *copy;

		for (size_t i = 0; i < size + PGRAFT_PEER_HEADER_SIZE; i++)
			frame[i] = (uint8_t) next_random(&seed);
		copy = exact_copy(frame, size);
		(void) pgraft_peer_frame(copy, size, &found);
		CHECK(found + PGRAFT_PEER_HEADER_SIZE <= size || found == 0);
		free(copy);
		if (round % 2 == 0)
		{
			frame[PGRAFT_PEER_HEADER_SIZE] = 2;
			frame[PGRAFT_PEER_HEADER_SIZE + 1] = (uint8_t) (1 + round / 2 % 2);
		}
		decode_and_encode_again(size);
	}
}

TEST(a_message_with_some_bytes_changed_is_refused_or_is_another_message)
{
	const PgraftPeerMessage messages[] = {beat(), answer(0), answer(3), answer(PGRAFT_REPORT_LINKS)};
	uint64_t seed = 6;

	for (int round = 0; round < 40000; round++)
	{
		size_t size = encode(&messages[round % 4]);

		for (uint64_t n = 1 + next_random(&seed) % 3; n > 0; n--)
			frame[PGRAFT_PEER_HEADER_SIZE + next_random(&seed) % size] = (uint8_t) next_random(&seed);
		decode_and_encode_again(size);
	}
}
