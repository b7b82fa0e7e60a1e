/*
 * codec.c
 *	  The bytes of log entries, and the checksum of snapshots (snapshot.c has their bytes).
 *
 * An entry:
 *		u8 version, u8 type, i64 at_ms, u64 term, i32 node_id, then by type
 *		CONFIG	string key, string value
 *		MEMBER	u16 postgres_port, string name, string incarnation
 *		RECORD, RECOVERED	u16 n_links, n_links times (u64 term, i32 node_id, u32 timeline, u32 parent, u64 fork_lsn)
 *		EVENT	i32 type, string detail
 *		INTENT, LEADER, REMOVED, TRANSFER	nothing
 *
 * The codec knows shapes only.  Whether an entry makes sense is for the state machine to say, which does so on
 * every server.
 */
#include "core/codec.h"

#include "core/bytes.h"
#include "core/codec_parts.h"

#define ENTRY_VERSION 1

static bool
entry_in_range(const PgraftEntry *entry)
{
	if (entry->node_id <= 0)
		return false;
	switch (entry->type)
	{
		case PGRAFT_ENTRY_RECORD:
			return entry->u.record.n_links >= 1 && entry->u.record.n_links <= PGRAFT_MAX_PROMOTIONS;
		case PGRAFT_ENTRY_RECOVERED: /* of data that was never promoted: no links */
			return entry->u.record.n_links >= 0 && entry->u.record.n_links <= PGRAFT_MAX_PROMOTIONS;
		case PGRAFT_ENTRY_EVENT:
			return entry->u.event.type > 0;
		case PGRAFT_ENTRY_CONFIG:
		case PGRAFT_ENTRY_MEMBER:
		case PGRAFT_ENTRY_INTENT:
		case PGRAFT_ENTRY_LEADER:
		case PGRAFT_ENTRY_REMOVED:
		case PGRAFT_ENTRY_TRANSFER:
			return true;
	}
	return false;
}

static void
put_payload(ByteWriter *w, const PgraftEntry *entry)
{
	switch (entry->type)
	{
		case PGRAFT_ENTRY_CONFIG:
			put_string(w, entry->u.config.key, sizeof(entry->u.config.key));
			put_string(w, entry->u.config.value, sizeof(entry->u.config.value));
			break;
		case PGRAFT_ENTRY_MEMBER:
			put_u16(w, entry->u.member.postgres_port);
			put_string(w, entry->u.member.name, sizeof(entry->u.member.name));
			put_string(w, entry->u.member.incarnation, sizeof(entry->u.member.incarnation));
			break;
		case PGRAFT_ENTRY_RECORD:
		case PGRAFT_ENTRY_RECOVERED:
			put_u16(w, (uint16_t) entry->u.record.n_links);
			for (int i = 0; i < entry->u.record.n_links; i++)
				pgraft_put_promotion(w, &entry->u.record.links[i]);
			break;
		case PGRAFT_ENTRY_EVENT:
			put_u32(w, (uint32_t) entry->u.event.type);
			put_string(w, entry->u.event.detail, sizeof(entry->u.event.detail));
			break;
		case PGRAFT_ENTRY_INTENT:
		case PGRAFT_ENTRY_LEADER:
		case PGRAFT_ENTRY_REMOVED:
		case PGRAFT_ENTRY_TRANSFER:
			break;
	}
}

size_t
pgraft_entry_encode(const PgraftEntry *entry, uint8_t *buf, size_t size)
{
	ByteWriter w = {.buf = buf, .size = size};

	if (!entry_in_range(entry))
		return 0;
	put_u8(&w, ENTRY_VERSION);
	put_u8(&w, (uint8_t) entry->type);
	put_u64(&w, (uint64_t) entry->at_ms);
	put_u64(&w, entry->term);
	put_u32(&w, (uint32_t) entry->node_id);
	put_payload(&w, entry);
	return w.failed ? 0 : w.pos;
}

static void
get_links(ByteReader *r, PgraftEntry *entry)
{
	uint16_t n = get_u16(r);

	if (n > PGRAFT_MAX_PROMOTIONS)
	{
		r->failed = true;
		return;
	}
	entry->u.record.n_links = n;
	for (int i = 0; i < n && !r->failed; i++)
		pgraft_get_promotion(r, &entry->u.record.links[i]);
}

static void
get_payload(ByteReader *r, PgraftEntry *entry)
{
	switch (entry->type)
	{
		case PGRAFT_ENTRY_CONFIG:
			get_string(r, entry->u.config.key, sizeof(entry->u.config.key));
			get_string(r, entry->u.config.value, sizeof(entry->u.config.value));
			break;
		case PGRAFT_ENTRY_MEMBER:
			entry->u.member.node_id = entry->node_id;
			entry->u.member.postgres_port = get_u16(r);
			get_string(r, entry->u.member.name, sizeof(entry->u.member.name));
			get_string(r, entry->u.member.incarnation, sizeof(entry->u.member.incarnation));
			break;
		case PGRAFT_ENTRY_RECORD:
		case PGRAFT_ENTRY_RECOVERED:
			get_links(r, entry);
			break;
		case PGRAFT_ENTRY_EVENT:
			entry->u.event.type = get_i32(r);
			get_string(r, entry->u.event.detail, sizeof(entry->u.event.detail));
			break;
		case PGRAFT_ENTRY_INTENT:
		case PGRAFT_ENTRY_LEADER:
		case PGRAFT_ENTRY_REMOVED:
		case PGRAFT_ENTRY_TRANSFER:
			break;
	}
}

static bool
reject(const char **why, const char *reason)
{
	*why = reason;
	return false;
}

bool
pgraft_entry_decode(const uint8_t *buf, size_t size, PgraftEntry *entry, const char **why)
{
	ByteReader r = {.buf = buf, .size = size};
	uint8_t type;

	memset(entry, 0, sizeof(*entry));
	if (size < 2)
		return reject(why, "the entry is cut off");
	if (get_u8(&r) != ENTRY_VERSION)
		return reject(why, "the entry has an unknown version");
	type = get_u8(&r);
	if (type < PGRAFT_ENTRY_CONFIG || type > PGRAFT_ENTRY_RECOVERED)
		return reject(why, "the entry has an unknown type");
	entry->type = (PgraftEntryType) type;
	entry->at_ms = (int64_t) get_u64(&r);
	entry->term = get_u64(&r);
	entry->node_id = get_i32(&r);
	get_payload(&r, entry);
	if (r.failed)
		return reject(why, "the entry is cut off or a value in it is too long");
	if (r.pos != r.size)
		return reject(why, "the entry has trailing bytes");
	if (!entry_in_range(entry))
		return reject(why, "a value in the entry is out of range");
	return true;
}

/* CRC-32 as in IEEE 802.3 (reflected, polynomial 0xEDB88320), four bits at a time. */
uint32_t
pgraft_crc32(const uint8_t *buf, size_t size)
{
	static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
									   0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
									   0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++)
	{
		crc ^= buf[i];
		crc = (crc >> 4) ^ table[crc & 0xf];
		crc = (crc >> 4) ^ table[crc & 0xf];
	}
	return ~crc;
}
