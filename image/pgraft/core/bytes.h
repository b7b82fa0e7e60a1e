/*
 * bytes.h
 *	  Bounded reading and writing of little-endian values, for codec.c, snapshot.c and greeting.c.
 *
 * Both sides remember that something went wrong and then do nothing more, so that callers check once, at the end.
 */
#ifndef PGRAFT_BYTES_H
#define PGRAFT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ByteWriter
{
	uint8_t *buf;
	size_t size;
	size_t pos;
	bool failed;
} ByteWriter;

typedef struct ByteReader
{
	const uint8_t *buf;
	size_t size;
	size_t pos;
	bool failed;
} ByteReader;

/* strnlen is not in C11. */
static inline size_t
bounded_length(const char *text, size_t size)
{
	const char *end = memchr(text, '\0', size);

	return end == NULL ? size : (size_t) (end - text);
}

static inline void
put_bytes(ByteWriter *w, const void *bytes, size_t n)
{
	if (w->failed || n > w->size - w->pos)
	{
		w->failed = true;
		return;
	}
	if (n > 0)
		memcpy(w->buf + w->pos, bytes, n);
	w->pos += n;
}

static inline void
put_uint(ByteWriter *w, uint64_t value, size_t width)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < width; i++)
		bytes[i] = (uint8_t) (value >> (8 * i));
	put_bytes(w, bytes, width);
}

static inline void
put_u8(ByteWriter *w, uint8_t value)
{
	put_uint(w, value, 1);
}

static inline void
put_u16(ByteWriter *w, uint16_t value)
{
	put_uint(w, value, 2);
}

static inline void
put_u32(ByteWriter *w, uint32_t value)
{
	put_uint(w, value, 4);
}

static inline void
put_u64(ByteWriter *w, uint64_t value)
{
	put_uint(w, value, 8);
}

/* A string of a field of field_size bytes; one without its NUL is a failure. */
static inline void
put_string(ByteWriter *w, const char *text, size_t field_size)
{
	size_t length = bounded_length(text, field_size);

	if (length >= field_size || length > UINT16_MAX)
	{
		w->failed = true;
		return;
	}
	put_u16(w, (uint16_t) length);
	put_bytes(w, text, length);
}

static inline void
get_bytes(ByteReader *r, void *out, size_t n)
{
	if (r->failed || n > r->size - r->pos)
	{
		r->failed = true;
		memset(out, 0, n);
		return;
	}
	memcpy(out, r->buf + r->pos, n);
	r->pos += n;
}

static inline uint64_t
get_uint(ByteReader *r, size_t width)
{
	uint8_t bytes[8];
	uint64_t value = 0;

	get_bytes(r, bytes, width);
	for (size_t i = 0; i < width; i++)
		value |= (uint64_t) bytes[i] << (8 * i);
	return value;
}

static inline uint8_t
get_u8(ByteReader *r)
{
	return (uint8_t) get_uint(r, 1);
}

static inline uint16_t
get_u16(ByteReader *r)
{
	return (uint16_t) get_uint(r, 2);
}

static inline uint32_t
get_u32(ByteReader *r)
{
	return (uint32_t) get_uint(r, 4);
}

static inline uint64_t
get_u64(ByteReader *r)
{
	return get_uint(r, 8);
}

static inline int32_t
get_i32(ByteReader *r)
{
	return (int32_t) get_u32(r);
}

/* Into a field of field_size bytes, the rest of it zeroed; a NUL inside the string is a failure. */
static inline void
get_string(ByteReader *r, char *field, size_t field_size)
{
	size_t length = get_u16(r);

	memset(field, 0, field_size);
	if (r->failed || length >= field_size)
	{
		r->failed = true;
		return;
	}
	get_bytes(r, field, length);
	if (bounded_length(field, field_size) != length)
		r->failed = true;
}

#endif
