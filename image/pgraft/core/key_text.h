/*
 * key_text.h
 *	  The text of the file with the key that members prove to each other: lower-case hexadecimal digits, and blanks behind them.
 */
#ifndef PGRAFT_KEY_TEXT_H
#define PGRAFT_KEY_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define PGRAFT_KEY_MIN_SIZE 16

/* The number of bytes in key, which has room for size; 0: the text is no key of PGRAFT_KEY_MIN_SIZE to size bytes. */
extern size_t pgraft_key_parse(const char *text, uint8_t *key, size_t size);

#endif
