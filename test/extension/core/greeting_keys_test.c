/*
 * greeting_keys_test.c
 *	  Greetings while the key is changed: neighbouring steps understand each other, and nobody else.
 */
#include "core/greeting.h"

#include "check.h"
#include "fixtures.h"
#include "greeting_sides.h"

static const uint8_t old_key[32] = {1};
static const uint8_t new_key[32] = {2};
static const uint8_t strange_key[32] = {3};

typedef struct Step
{
	const uint8_t *first;
	const uint8_t *second; /* NULL: none */
} Step;

static const Step steps[] = {{old_key, NULL}, {old_key, new_key}, {new_key, old_key}, {new_key, NULL}};

#define N_STEPS 4

static void
take(PgraftGreeting *side, const Step *step, const PgraftIdentity *who)
{
	pgraft_greeting_init(side, &crypto, step->first, sizeof(old_key), who);
	if (step->second != NULL)
		pgraft_greeting_accept_key(side, step->second, sizeof(old_key));
}

static PgraftGreetingError
greet_between(const Step *dials, const Step *listens)
{
	crypto_works = true;
	take(&client, dials, &replica);
	take(&server, listens, &primary);
	return greet();
}

TEST(a_server_of_any_step_and_one_of_the_same_or_the_next_step_greet_both_ways)
{
	for (int i = 0; i < N_STEPS; i++)
		for (int j = i; j <= i + 1 && j < N_STEPS; j++)
		{
			CHECK_INT(greet_between(&steps[i], &steps[j]), PGRAFT_GREETING_OK);
			CHECK_INT(greet_between(&steps[j], &steps[i]), PGRAFT_GREETING_OK);
		}
}

TEST(before_the_first_step_and_after_the_last_the_other_key_is_a_strangers)
{
	CHECK_INT(greet_between(&steps[0], &steps[3]), PGRAFT_GREETING_UNAUTHENTICATED);
	CHECK_INT(greet_between(&steps[3], &steps[0]), PGRAFT_GREETING_UNAUTHENTICATED);
}

TEST(a_step_that_is_left_out_breaks_greetings)
{
	CHECK_INT(greet_between(&steps[0], &steps[2]), PGRAFT_GREETING_UNAUTHENTICATED);
	CHECK_INT(greet_between(&steps[3], &steps[1]), PGRAFT_GREETING_UNAUTHENTICATED);
}

TEST(a_stranger_is_one_at_every_step)
{
	static const Step stranger = {strange_key, NULL};

	for (int i = 0; i < N_STEPS; i++)
	{
		CHECK_INT(greet_between(&stranger, &steps[i]), PGRAFT_GREETING_UNAUTHENTICATED);
		CHECK_INT(greet_between(&steps[i], &stranger), PGRAFT_GREETING_UNAUTHENTICATED);
	}
}

TEST(a_server_takes_only_the_proof_that_was_made_with_the_key_of_its_challenge)
{
	const uint8_t *parts[] = {(const uint8_t *) "client", server.hello, server.challenge};
	const size_t sizes[] = {6, sizeof(server.hello), sizeof(server.challenge)};

	CHECK_INT(greet_between(&steps[1], &steps[1]), PGRAFT_GREETING_OK);
	hmac_sha256(new_key, sizeof(new_key), parts, sizes, 3, server.proof);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_UNAUTHENTICATED);
	hmac_sha256(old_key, sizeof(old_key), parts, sizes, 3, server.proof);
	CHECK_INT(pgraft_greeting_verify(&server), PGRAFT_GREETING_OK);
}

TEST(there_is_no_third_key)
{
	static const Step third = {strange_key, NULL};

	take(&client, &steps[1], &replica);
	pgraft_greeting_accept_key(&client, strange_key, sizeof(strange_key));
	take(&server, &third, &primary);
	CHECK_INT(greet(), PGRAFT_GREETING_UNAUTHENTICATED);
}
