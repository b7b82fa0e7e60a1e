/*
 * key_text.c
 *	  The key file: every digit of what is taken for a key is in the key.
 */
#include "fuzz/fuzz.h"

#include "core/key_text.h"

#define KEY_MAX 64 /* net/transport.h */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text((FuzzInput){.data = data, .size = size});
	uint8_t key[KEY_MAX];
	char again[2 * KEY_MAX + 1];
	size_t n = pgraft_key_parse(text, key, sizeof key);

	HOLDS(n == 0 || (n >= PGRAFT_KEY_MIN_SIZE && n <= sizeof key));
	for (size_t i = 0; i < n; i++)
		snprintf(again + 2 * i, 3, "%02x", key[i]);
	if (n > 0)
	{
		HOLDS(strncmp(text, again, 2 * n) == 0);
		HOLDS(text[2 * n + strspn(text + 2 * n, " \t\r\n")] == '\0');
	}
	free(text);
	return 0;
}
