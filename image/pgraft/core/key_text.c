/*
 * key_text.c
 *	  See key_text.h.
 */
#include "core/key_text.h"

#include <string.h>

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

size_t
pgraft_key_parse(const char *text, uint8_t *key, size_t size)
{
	size_t digits = strspn(text, "0123456789abcdef");
	size_t n = digits / 2;

	if (text[digits + strspn(text + digits, " \t\r\n")] != '\0')
		return 0;
	if (digits % 2 != 0 || n < PGRAFT_KEY_MIN_SIZE || n > size)
		return 0;
	for (size_t i = 0; i < n; i++)
		key[i] = (uint8_t) (digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
	return n;
}
