/*
 * keys_test.c
 *	  The text of a key file, and what may be known of a key.
 */
#include "core/keys.h"

#include <stdlib.h>

#include "check.h"
#include "fixtures.h"
#include "greeting_sides.h"

#define HEX_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX_B "ff112233445566778899aabbccddeeff"

static PgraftKeys keys;
static char why[128];

static bool
parse(const char *text)
{
	strcpy(why, "");
	return pgraft_keys_parse(text, &keys, why, sizeof(why));
}

TEST(one_line_is_one_key_with_and_without_a_line_end)
{
	const char *texts[] = {HEX_A, HEX_A "\n", HEX_A "\r\n", "\n" HEX_A " \n\n"};

	for (int i = 0; i < 4; i++)
	{
		CHECK(parse(texts[i]));
		CHECK_INT(keys.n, 1);
		CHECK_INT(keys.key[0].size, 32);
		CHECK_INT(keys.key[0].bytes[1], 0x11);
		CHECK_INT(keys.key[0].bytes[31], 0xff);
	}
}

TEST(two_lines_are_two_keys_in_their_order)
{
	CHECK(parse(HEX_B "\n" HEX_A "\n"));
	CHECK_INT(keys.n, 2);
	CHECK_INT(keys.key[0].size, 16);
	CHECK_INT(keys.key[0].bytes[0], 0xff);
	CHECK_INT(keys.key[1].size, 32);
	CHECK_INT(keys.key[1].bytes[0], 0x00);
}

TEST(what_is_no_key_is_refused_with_its_line_and_without_quoting_it)
{
	static const struct
	{
		const char *text;
		const char *why;
	} bad[] = {
		{"", "there is no key in it"},
		{"\n \n", "there is no key in it"},
		{"00112233445566778899aabbccddee\n", "line 1 is no key of 16 to 64 bytes in lower-case hex"},
		{HEX_A "0\n", "line 1 is no key of 16 to 64 bytes in lower-case hex"},
		{HEX_A "\nFF112233445566778899aabbccddeeff\n", "line 2 is no key of 16 to 64 bytes in lower-case hex"},
		{HEX_A "\n\nxy112233445566778899aabbccddeeff\n", "line 3 is no key of 16 to 64 bytes in lower-case hex"},
		{HEX_A HEX_A "00\n", "line 1 is no key of 16 to 64 bytes in lower-case hex"},
		{HEX_A " " HEX_B "\n", "line 1 is no key of 16 to 64 bytes in lower-case hex"},
		{HEX_A "\n" HEX_B "\n" HEX_A "\n", "there are more than 2 keys in it"},
		{HEX_A "\n" HEX_A "\n", "it has the same key twice"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		CHECK(!parse(bad[i].text));
		CHECK_TEXT(why, bad[i].why);
	}
}

TEST(no_text_of_random_bytes_or_lengths_makes_a_key_that_is_not_in_it)
{
	for (int round = 0; round < 20000; round++)
	{
		static const char likely[] = "0123456789abcdef\r\n gX";
		size_t size = (size_t) (next_random(&seed) % 300);
		char *text = malloc(size + 1);

		for (size_t i = 0; i < size; i++)
			text[i] = likely[next_random(&seed) % (i % 70 < 66 ? 16 : sizeof(likely) - 1)];
		text[size] = '\0';
		if (parse(text))
			for (int i = 0; i < keys.n; i++)
				CHECK(keys.key[i].size >= PGRAFT_MINIMAL_KEY_SIZE && keys.key[i].size <= PGRAFT_KEY_SIZE);
		else
			CHECK(why[0] != '\0');
		free(text);
	}
}

TEST(the_same_keys_in_another_order_are_other_keys)
{
	PgraftKeys one;

	CHECK(parse(HEX_A "\n" HEX_B));
	one = keys;
	CHECK(pgraft_keys_equal(&one, &keys));
	CHECK(parse(HEX_B "\n" HEX_A));
	CHECK(!pgraft_keys_equal(&one, &keys));
	CHECK(parse(HEX_A));
	CHECK(!pgraft_keys_equal(&one, &keys));
}

TEST(a_fingerprint_is_the_beginning_of_a_mac_and_of_no_greeting)
{
	const uint8_t *parts[] = {(const uint8_t *) "pgraft key fingerprint"};
	const size_t sizes[] = {22};
	uint8_t mac[32];

	CHECK(parse(HEX_A "\n" HEX_B));
	hmac_sha256(keys.key[0].bytes, keys.key[0].size, parts, sizes, 1, mac);
	CHECK_INT(pgraft_key_fingerprint(&keys.key[0], &crypto),
			  (uint32_t) mac[0] << 24 | (uint32_t) mac[1] << 16 | (uint32_t) mac[2] << 8 | mac[3]);
	CHECK(pgraft_key_fingerprint(&keys.key[0], &crypto) != pgraft_key_fingerprint(&keys.key[1], &crypto));
	crypto_works = false;
	CHECK_INT(pgraft_key_fingerprint(&keys.key[0], &crypto), 0);
	crypto_works = true;
}
