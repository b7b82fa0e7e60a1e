/*
 * raft_configuration.c
 *	  See raft_configuration.h.
 *
 * u8 1, u64 n, n times (u64 id, address and its NUL, u8 role), zeros up to a multiple of 8 bytes
 */
#include "net/raft_configuration.h"

#include "core/bytes.h"
#include "core/types.h"

#define FORMAT 1

static bool
add_server(ByteReader *r, struct raft_configuration *configuration)
{
	const char *address;
	size_t length;
	uint64_t id = get_u64(r);
	uint8_t role;

	if (r->failed)
		return false;
	address = (const char *) r->buf + r->pos;
	length = bounded_length(address, r->size - r->pos);
	if (length == r->size - r->pos || length == 0 || length >= PGRAFT_ADDRESS_SIZE)
		return false;
	r->pos += length + 1;
	role = get_u8(r);
	return !r->failed && id > 0 && id <= INT32_MAX && raft_configuration_add(configuration, id, address, role) == 0;
}

bool
pgraft_raft_configuration_decode(const uint8_t *bytes, size_t size, struct raft_configuration *configuration)
{
	ByteReader r = {.buf = bytes, .size = size};
	bool known = get_u8(&r) == FORMAT;
	uint64_t n = get_u64(&r);

	raft_configuration_init(configuration);
	if (known && !r.failed && n > 0)
	{
		while (n > 0 && add_server(&r, configuration))
			n--;
		if (n == 0)
			return true;
	}
	raft_configuration_close(configuration);
	raft_configuration_init(configuration);
	return false;
}
