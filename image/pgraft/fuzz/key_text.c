/*
 * key_text.c
 *	  The key file: every digit of what is taken for keys is in them, and what is refused is refused with a reason.
 */
#include "fuzz/fuzz.h"

#include "core/keys.h"

#define BLANKS " \t\r\n"

/* The text behind this key, which has to stand at its beginning. */
static const char *
skip_key(const char *text, const PgraftKey *key)
{
	char digits[2 * PGRAFT_KEY_SIZE + 1];

	HOLDS(key->size >= PGRAFT_MINIMAL_KEY_SIZE && key->size <= PGRAFT_KEY_SIZE);
	for (size_t i = 0; i < key->size; i++)
		snprintf(digits + 2 * i, 3, "%02x", key->bytes[i]);
	HOLDS(strncmp(text, digits, 2 * key->size) == 0);
	return text + 2 * key->size;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text((FuzzInput){.data = data, .size = size});
	const char *at = text;
	PgraftKeys keys;
	char why[128] = "";

	if (pgraft_keys_parse(text, &keys, why, sizeof why))
	{
		HOLDS(keys.n >= 1 && keys.n <= PGRAFT_MAX_KEYS);
		for (int i = 0; i < keys.n; i++)
			at = skip_key(at + strspn(at, BLANKS), &keys.key[i]);
		HOLDS(at[strspn(at, BLANKS)] == '\0');
	}
	else
		HOLDS(why[0] != '\0');
	free(text);
	return 0;
}
