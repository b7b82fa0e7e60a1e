/*
 * keys.c
 *	  See keys.h.
 */
#include "core/keys.h"

#include <stdio.h>
#include <string.h>

#define LINE_ENDS "\r\n"

static const char fingerprint_label[] = "pgraft key fingerprint";

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool
parse_key(const char *line, size_t length, PgraftKey *key)
{
	key->size = length / 2;
	if (length % 2 != 0 || key->size < PGRAFT_MINIMAL_KEY_SIZE || key->size > PGRAFT_KEY_SIZE)
		return false;
	for (size_t i = 0; i < key->size; i++)
	{
		int high = digit(line[2 * i]);
		int low = digit(line[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key->bytes[i] = (uint8_t) (high << 4 | low);
	}
	return true;
}

static bool
same(const PgraftKey *a, const PgraftKey *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Spaces at a line's end, and lines of nothing else, say nothing. */
static size_t
trimmed(const char *line, size_t length)
{
	while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
		length--;
	return length;
}

bool
pgraft_keys_parse(const char *text, PgraftKeys *keys, char *why, size_t why_size)
{
	memset(keys, 0, sizeof(*keys));
	for (int line = 1; *text != '\0'; line++)
	{
		size_t length = strcspn(text, LINE_ENDS);
		size_t used = trimmed(text, length);

		if (used > 0 && keys->n == PGRAFT_MAX_KEYS)
		{
			snprintf(why, why_size, "there are more than %d keys in it", PGRAFT_MAX_KEYS);
			return false;
		}
		if (used > 0 && !parse_key(text, used, &keys->key[keys->n++]))
		{
			snprintf(why, why_size, "line %d is no key of %d to %d bytes in lower-case hex", line,
					 PGRAFT_MINIMAL_KEY_SIZE, PGRAFT_KEY_SIZE);
			return false;
		}
		text += length;
		text += *text == '\r';
		text += *text == '\n';
	}
	if (keys->n == 0)
		snprintf(why, why_size, "there is no key in it");
	else if (keys->n > 1 && same(&keys->key[0], &keys->key[1]))
		snprintf(why, why_size, "it has the same key twice");
	else
		return true;
	return false;
}

bool
pgraft_keys_equal(const PgraftKeys *a, const PgraftKeys *b)
{
	bool equal = a->n == b->n;

	for (int i = 0; i < a->n && equal; i++)
		equal = same(&a->key[i], &b->key[i]);
	return equal;
}

uint32_t
pgraft_key_fingerprint(const PgraftKey *key, const PgraftCrypto *crypto)
{
	const uint8_t *parts[1] = {(const uint8_t *) fingerprint_label};
	const size_t sizes[1] = {sizeof(fingerprint_label) - 1};
	uint8_t mac[PGRAFT_MAC_SIZE];

	if (!crypto->hmac(key->bytes, key->size, parts, sizes, 1, mac))
		return 0;
	return (uint32_t) mac[0] << 24 | (uint32_t) mac[1] << 16 | (uint32_t) mac[2] << 8 | mac[3];
}
