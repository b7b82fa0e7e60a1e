/*
 * key_text_test.c
 *	  The key file's text: a key, or nothing.
 */
#include "check.h"
#include "core/key_text.h"

#define SMALLEST "0123456789abcdef0123456789abcdef"

static uint8_t key[64];

TEST(a_key_is_read_and_the_blanks_behind_it_do_not_count)
{
	CHECK_INT(pgraft_key_parse(SMALLEST, key, sizeof(key)), 16);
	CHECK_INT(key[0], 0x01);
	CHECK_INT(key[15], 0xef);
	CHECK_INT(pgraft_key_parse(SMALLEST SMALLEST " \r\n", key, sizeof(key)), 32);
	CHECK_INT(pgraft_key_parse(SMALLEST SMALLEST SMALLEST SMALLEST, key, sizeof(key)), 64);
}

TEST(half_a_byte_more_is_no_key)
{
	CHECK_INT(pgraft_key_parse(SMALLEST "0", key, sizeof(key)), 0);
}

TEST(another_character_or_another_length_is_no_key)
{
	CHECK_INT(pgraft_key_parse("", key, sizeof(key)), 0);
	CHECK_INT(pgraft_key_parse("0123456789abcdef0123456789abcd", key, sizeof(key)), 0);
	CHECK_INT(pgraft_key_parse(SMALLEST SMALLEST SMALLEST SMALLEST "00", key, sizeof(key)), 0);
	CHECK_INT(pgraft_key_parse("0123456789ABCDEF0123456789ABCDEF", key, sizeof(key)), 0);
	CHECK_INT(pgraft_key_parse(" " SMALLEST, key, sizeof(key)), 0);
	CHECK_INT(pgraft_key_parse(SMALLEST " " SMALLEST, key, sizeof(key)), 0);
}
