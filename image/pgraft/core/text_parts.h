/*
 * text_parts.h
 *	  Reading the numbers of state files, strictly: digits only, where sscanf takes blanks, signs and prefixes, and any number that is too large.
 */
#ifndef PGRAFT_TEXT_PARTS_H
#define PGRAFT_TEXT_PARTS_H

#include <stdbool.h>
#include <stdint.h>

static inline int
pgraft_digit_value(char c, unsigned base)
{
	int value = -1;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	return value < (int) base ? value : -1;
}

/* Digits only, at least one, no more than max in value; moves *text behind them. */
static inline bool
pgraft_take_number(const char **text, unsigned base, uint64_t max, uint64_t *value)
{
	const char *p = *text;
	int digit;

	*value = 0;
	while ((digit = pgraft_digit_value(*p, base)) >= 0)
	{
		if (*value > (max - (unsigned) digit) / base)
			return false;
		*value = *value * base + (unsigned) digit;
		p++;
	}
	if (p == *text)
		return false;
	*text = p;
	return true;
}

static inline bool
pgraft_take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/* A WAL position as PostgreSQL writes it: 16/B374D848. */
static inline bool
pgraft_take_lsn(const char **text, uint64_t *lsn)
{
	uint64_t high;
	uint64_t low;

	if (!pgraft_take_number(text, 16, UINT32_MAX, &high) || !pgraft_take_char(text, '/') ||
		!pgraft_take_number(text, 16, UINT32_MAX, &low))
		return false;
	*lsn = high << 32 | low;
	return true;
}

#endif
