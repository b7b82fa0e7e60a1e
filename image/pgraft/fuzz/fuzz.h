/*
 * fuzz.h
 *	  What all fuzz targets share.  A target is one file: LLVMFuzzerTestOneInput reads its input as one reader of the extension would, and says
 *	  with HOLDS what has to be true of whatever was accepted; the sanitizers see to the rest.
 */
#ifndef PGRAFT_FUZZ_H
#define PGRAFT_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/types.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run, and libFuzzer keeps the input, unless the condition is true. */
#define HOLDS(condition) \
	do \
	{ \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* The input, taken from its beginning; what is not there is zero. */
typedef struct FuzzInput
{
	const uint8_t *data;
	size_t size;
} FuzzInput;

static inline uint8_t
take_u8(FuzzInput *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

static inline uint16_t
take_u16(FuzzInput *in)
{
	uint16_t low = take_u8(in);

	return (uint16_t) (low | take_u8(in) << 8);
}

/* As many bytes as there are, n at most. */
static inline FuzzInput
take_part(FuzzInput *in, size_t n)
{
	FuzzInput part = {.data = in->data, .size = n < in->size ? n : in->size};

	in->data += part.size;
	in->size -= part.size;
	return part;
}

/* As a string of exactly its size, so that a read behind its end is seen; to be freed. */
static inline char *
as_text(FuzzInput in)
{
	char *text = malloc(in.size + 1);

	HOLDS(text != NULL);
	if (in.size > 0)
		memcpy(text, in.data, in.size);
	text[in.size] = '\0';
	return text;
}

/* The file's whole content. */
static inline void
put_file(const char *path, FuzzInput content)
{
	FILE *file = fopen(path, "wb");

	HOLDS(file != NULL && fwrite(content.data, 1, content.size, file) == content.size && fclose(file) == 0);
}

/* Not by memcmp: what lies between the fields is nobody's. */
static inline bool
links_equal(const PgraftPromotion *a, const PgraftPromotion *b, int n)
{
	for (int i = 0; i < n; i++)
		if (a[i].term != b[i].term || a[i].node_id != b[i].node_id || a[i].timeline != b[i].timeline ||
			a[i].parent != b[i].parent || a[i].fork_lsn != b[i].fork_lsn)
			return false;
	return true;
}

#endif
