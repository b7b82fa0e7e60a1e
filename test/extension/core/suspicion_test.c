/*
 * suspicion_test.c
 *	  What a follower concludes when a link with its leader has ended, with a clock of the test's own.
 */
#include "core/suspicion.h"

#include "check.h"

#define LEADER 2
#define TERM   7
#define CLOSED 10000

static PgraftSuspicion
suspicion(void)
{
	PgraftSuspicion s = {0};

	CHECK_INT(pgraft_suspicion_raise(&s, LEADER, TERM, CLOSED), PGRAFT_ASK);
	return s;
}

static PgraftSuspicion
judged(void)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED), PGRAFT_DEAD);
	return s;
}

TEST(without_a_suspicion_nothing_follows_from_anything)
{
	PgraftSuspicion s = {0};

	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_hear(&s, 0, 0, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED), 0);
	CHECK(!pgraft_suspicion_over(&s, TERM, CLOSED));
}

TEST(the_end_of_a_link_alone_proves_nothing)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 60000), 0);
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, true, CLOSED + 60000), 0);
}

TEST(refused_means_dead)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED + 1), PGRAFT_DEAD);
	CHECK_INT(s.judged_ms, CLOSED + 1);
	CHECK(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 1) > 0);
}

TEST(the_end_of_the_stream_means_dead_when_its_postmaster_is_gone)
{
	PgraftSuspicion s = {0};

	CHECK_INT(pgraft_suspicion_raise_by_stream(&s, LEADER, TERM, CLOSED), PGRAFT_ASK);
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED), 0);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED + 1), PGRAFT_DEAD);
	CHECK(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 1) > 0);
}

TEST(the_end_of_the_stream_means_nothing_else)
{
	const PgraftProbeAnswer answers[] = {PGRAFT_PROBE_NO_ANSWER, PGRAFT_PROBE_UNREACHABLE, PGRAFT_PROBE_RESET};

	for (int i = 0; i < 3; i++)
	{
		PgraftSuspicion s = {0};

		CHECK_INT(pgraft_suspicion_raise_by_stream(&s, LEADER, TERM, CLOSED), PGRAFT_ASK);
		CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_ACCEPTED, CLOSED + 1), PGRAFT_UNDECIDED);
		CHECK_INT(pgraft_suspicion_answer(&s, answers[i], CLOSED + 101), PGRAFT_UNFOUNDED);
		CHECK_INT(s.leader, 0);
	}
}

TEST(a_dying_postmaster_accepts_and_is_asked_again)
{
	PgraftSuspicion s = {0};

	CHECK_INT(pgraft_suspicion_raise_by_stream(&s, LEADER, TERM, CLOSED), PGRAFT_ASK);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_ACCEPTED, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_RESET, CLOSED + 4), PGRAFT_ASK);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED + 6), PGRAFT_DEAD);
}

TEST(the_end_of_a_link_is_asked_about_whatever_the_stream_did_but_not_the_other_way_round)
{
	PgraftSuspicion s = {0};

	pgraft_suspicion_raise_by_stream(&s, LEADER, TERM, CLOSED);
	CHECK_INT(pgraft_suspicion_raise(&s, LEADER, TERM, CLOSED + 1), PGRAFT_ASK);
	CHECK_INT(pgraft_suspicion_raise_by_stream(&s, LEADER, TERM, CLOSED + 2), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_UNREACHABLE, CLOSED + 3), PGRAFT_DEAD);
}

TEST(no_answer_and_unreachable_mean_dead)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_NO_ANSWER, CLOSED + 100), PGRAFT_DEAD);
	s = suspicion();
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_UNREACHABLE, CLOSED + 1), PGRAFT_DEAD);
}

TEST(a_leader_that_lives_has_time_for_two_heartbeats_before_no_answer_means_dead)
{
	CHECK_INT(pgraft_no_answer_ms(10), 100);
	CHECK_INT(pgraft_no_answer_ms(50), 100);
	CHECK_INT(pgraft_no_answer_ms(250), 500);
}

TEST(broken_means_ask_again)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_RESET, CLOSED), PGRAFT_ASK);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_RESET, CLOSED + 2), PGRAFT_ASK);
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 2), 0);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED + 4), PGRAFT_DEAD);
}

TEST(accepted_without_a_word_of_the_leader_decides_nothing)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_ACCEPTED, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 60000), 0);
	CHECK(!pgraft_suspicion_over(&s, TERM, CLOSED + 60000));
}

TEST(accepted_and_then_broken_is_asked_again_and_may_be_dead)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_ACCEPTED, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_RESET, CLOSED + 1), PGRAFT_ASK);
	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED + 30), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED + 31), PGRAFT_DEAD);
}

TEST(a_leader_that_listens_and_is_heard_lives)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_ACCEPTED, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED + 30), PGRAFT_LIVES);
	CHECK_INT(s.leader, 0);
}

TEST(the_same_in_the_other_order)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED + 30), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_ACCEPTED, CLOSED + 31), PGRAFT_LIVES);
	CHECK_INT(s.leader, 0);
}

TEST(what_was_under_way_when_it_died_is_no_sign_of_life)
{
	PgraftSuspicion s = judged();

	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED + 19), PGRAFT_UNDECIDED);
	CHECK(!s.heard);
	CHECK(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 19) > 0);
}

TEST(a_judgement_ends_when_the_leader_is_heard)
{
	PgraftSuspicion s = judged();

	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED + 20), PGRAFT_LIVES);
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 20), 0);
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, true, CLOSED + 20), 0);
}

TEST(only_the_leader_of_that_term_ends_it)
{
	PgraftSuspicion s = judged();

	CHECK_INT(pgraft_suspicion_hear(&s, LEADER + 1, TERM, CLOSED + 50), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM - 1, CLOSED + 50), PGRAFT_UNDECIDED);
	CHECK(s.judged_ms != 0);
}

TEST(one_that_was_heard_is_not_dead_for_want_of_an_answer_but_for_a_refusal)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED + 50), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_NO_ANSWER, CLOSED + 100), PGRAFT_LIVES);
	s = suspicion();
	CHECK_INT(pgraft_suspicion_hear(&s, LEADER, TERM, CLOSED + 50), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED + 51), PGRAFT_DEAD);
}

TEST(the_end_of_the_second_link_asks_anew_unless_it_is_judged)
{
	PgraftSuspicion s = suspicion();

	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_ACCEPTED, CLOSED), PGRAFT_UNDECIDED);
	CHECK_INT(pgraft_suspicion_raise(&s, LEADER, TERM, CLOSED + 5), PGRAFT_ASK);
	CHECK(!s.accepted);
	CHECK_INT(s.since_ms, CLOSED + 5);
	CHECK_INT(pgraft_suspicion_answer(&s, PGRAFT_PROBE_REFUSED, CLOSED + 6), PGRAFT_DEAD);
	CHECK_INT(pgraft_suspicion_raise(&s, LEADER, TERM, CLOSED + 7), PGRAFT_UNDECIDED);
	CHECK_INT(s.judged_ms, CLOSED + 6);
}

TEST(it_is_over_when_the_term_changes)
{
	PgraftSuspicion s = judged();

	CHECK(!pgraft_suspicion_over(&s, TERM, CLOSED + 1));
	CHECK(pgraft_suspicion_over(&s, TERM + 1, CLOSED + 1));
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 1), 0);
	CHECK(!pgraft_suspicion_over(&s, TERM + 1, CLOSED + 1));
}

TEST(a_judgement_is_over_after_three_seconds)
{
	PgraftSuspicion s = judged();

	CHECK(!pgraft_suspicion_over(&s, TERM, CLOSED + 2999));
	CHECK(pgraft_suspicion_over(&s, TERM, CLOSED + 3000));
	CHECK_INT(pgraft_suspicion_timeout(&s, 0, false, CLOSED + 3000), 0);
}

TEST(the_voters_stand_one_by_one)
{
	PgraftSuspicion s = judged();

	for (int rank = 1; rank < 8; rank++)
	{
		CHECK_INT(pgraft_suspicion_timeout(&s, rank, false, CLOSED + rank * PGRAFT_ONE_BY_ONE_MS - 1), 0);
		CHECK(pgraft_suspicion_timeout(&s, rank, false, CLOSED + rank * PGRAFT_ONE_BY_ONE_MS) > 0);
	}
}

TEST(the_first_asks_again_soon_and_the_others_leave_time_for_votes)
{
	PgraftSuspicion s = judged();

	CHECK(pgraft_suspicion_timeout(&s, 0, true, CLOSED) <= 10);
	CHECK(pgraft_suspicion_timeout(&s, 1, true, CLOSED) >= 100);
}

TEST(a_silence_counts_when_it_has_ended)
{
	PgraftSilence silence = {0};

	pgraft_silence_hear(&silence, LEADER, TERM, 1000);
	CHECK_INT(silence.longest_ms, 0);
	pgraft_silence_hear(&silence, LEADER, TERM, 1300);
	pgraft_silence_hear(&silence, LEADER, TERM, 1350);
	CHECK_INT(silence.longest_ms, 300);
}

TEST(the_time_between_two_leaders_is_no_silence)
{
	PgraftSilence silence = {0};

	pgraft_silence_hear(&silence, LEADER, TERM, 1000);
	pgraft_silence_hear(&silence, LEADER + 1, TERM + 1, 3000);
	pgraft_silence_hear(&silence, LEADER + 1, TERM + 2, 5000);
	pgraft_silence_hear(&silence, LEADER + 1, TERM + 2, 5040);
	CHECK_INT(silence.longest_ms, 40);
}
