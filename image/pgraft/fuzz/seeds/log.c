/*
 * log.c
 *	  Seeds: an entry of each kind, a log of all of them, a snapshot of its state, and of everything one too many.
 */
#include "fuzz/seeds/seeds.h"

#include "core/codec_parts.h"
#include "core/state_machine.h"

static PgraftState state;
static ByteWriter log_of_all;
static uint8_t log_bytes[65536];

static const char incarnation[] = "00112233445566778899aabbccddeeff";
static const PgraftPromotion links[2] = {
	{.term = 2, .node_id = 1, .timeline = 2, .parent = 1, .fork_lsn = 0x3000148},
	{.term = 5, .node_id = 2, .timeline = 3, .parent = 2, .fork_lsn = 0x5000028},
};

static void
save_entry(const char *name, const PgraftEntry *entry)
{
	static uint8_t bytes[PGRAFT_ENTRY_MAX_SIZE];
	size_t n = pgraft_entry_encode(entry, bytes, sizeof bytes);

	HOLDS(n > 0 && pgraft_state_apply(&state, entry));
	save_seed("log_entry", name, bytes, n);
	put_u16(&log_of_all, (uint16_t) n);
	put_bytes(&log_of_all, bytes, n);
}

static void
config(const char *name, const char *key, const char *value)
{
	static PgraftEntry e;

	e = (PgraftEntry){.type = PGRAFT_ENTRY_CONFIG, .at_ms = 1, .term = 1, .node_id = 1};
	strcpy(e.u.config.key, key);
	strcpy(e.u.config.value, value);
	save_entry(name, &e);
}

static void
simple(const char *name, PgraftEntryType type, uint64_t term, int32_t node_id)
{
	static PgraftEntry e;

	e = (PgraftEntry){.type = type, .at_ms = 1, .term = term, .node_id = node_id};
	if (type == PGRAFT_ENTRY_RECORD || type == PGRAFT_ENTRY_RECOVERED)
	{
		e.u.record.n_links = type == PGRAFT_ENTRY_RECORD ? 2 : 1;
		memcpy(e.u.record.links, links, sizeof links);
	}
	else if (type == PGRAFT_ENTRY_MEMBER)
	{
		e.u.member.postgres_port = 5432;
		snprintf(e.u.member.name, sizeof e.u.member.name, "replica%d", node_id);
		strcpy(e.u.member.incarnation, incarnation);
	}
	else if (type == PGRAFT_ENTRY_EVENT)
	{
		e.u.event.type = PGRAFT_EVENT_FENCED;
		strcpy(e.u.event.detail, "node 1 has lost its lease");
	}
	save_entry(name, &e);
}

static void
log_and_snapshot(void)
{
	static uint8_t snapshot[131072];
	size_t n;

	log_of_all = (ByteWriter){.buf = log_bytes, .size = sizeof log_bytes};
	pgraft_state_init(&state);
	simple("recovered", PGRAFT_ENTRY_RECOVERED, 2, 1);
	config("group", "group_id", incarnation);
	config("name", "cluster_name", "demo");
	config("failover", "failover_enabled", "false");
	simple("member", PGRAFT_ENTRY_MEMBER, 1, 1);
	simple("member2", PGRAFT_ENTRY_MEMBER, 1, 2);
	simple("leader", PGRAFT_ENTRY_LEADER, 5, 2);
	simple("transfer", PGRAFT_ENTRY_TRANSFER, 5, 2);
	put_u16(&log_of_all, 0);
	simple("intent", PGRAFT_ENTRY_INTENT, 5, 2);
	simple("record", PGRAFT_ENTRY_RECORD, 5, 2);
	simple("event", PGRAFT_ENTRY_EVENT, 5, 2);
	n = pgraft_snapshot_encode(&state, snapshot + 1, sizeof snapshot - 1);
	HOLDS(n > 0);
	snapshot[0] = 0;
	save_seed("snapshot", "whole", snapshot, n + 1);
	snapshot[10] = 2; /* the version, in place of the header's last byte */
	save_seed("snapshot", "body", snapshot + 10, n + 1 - 10);
	snapshot[10] = 1;
	save_seed("snapshot", "version-1", snapshot + 10, n + 1 - 10 - 2 - 32 - 4);
	put_u16(&log_of_all, 0);
	simple("removed", PGRAFT_ENTRY_REMOVED, 5, 1);
	HOLDS(!log_of_all.failed);
	save_seed("state_machine", "all", log_bytes, log_of_all.pos);
}

static void
put_entry(ByteWriter *w, const PgraftEntry *entry)
{
	uint8_t bytes[512];
	size_t n = pgraft_entry_encode(entry, bytes, sizeof bytes);

	HOLDS(n > 0);
	put_u16(w, (uint16_t) n);
	put_bytes(w, bytes, n);
}

/* One member more than there is room for, and a snapshot of the rest. */
static void
too_many_members(void)
{
	static PgraftEntry e;
	ByteWriter w = {.buf = log_bytes, .size = sizeof log_bytes};

	for (int32_t id = 1; id <= PGRAFT_MAX_NODES + 1; id++)
	{
		e = (PgraftEntry){.type = PGRAFT_ENTRY_MEMBER, .node_id = id};
		snprintf(e.u.member.name, sizeof e.u.member.name, "n%d", id);
		put_entry(&w, &e);
	}
	put_u16(&w, 0);
	HOLDS(!w.failed);
	save_seed("state_machine", "members", log_bytes, w.pos);
}

/* More promotions, and more events, than are kept. */
static void
too_many_promotions(void)
{
	static PgraftEntry e;
	ByteWriter w = {.buf = log_bytes, .size = sizeof log_bytes};

	for (uint64_t term = 1; term <= PGRAFT_MAX_PROMOTIONS + 1; term++)
	{
		e = (PgraftEntry){.type = PGRAFT_ENTRY_INTENT, .term = term, .node_id = 1};
		put_entry(&w, &e);
	}
	put_u16(&w, 0);
	HOLDS(!w.failed);
	save_seed("state_machine", "promotions", log_bytes, w.pos);
}

/* One link more than a record has room for; no encoder would write it. */
static void
too_many_links(void)
{
	ByteWriter w = {.buf = log_bytes, .size = sizeof log_bytes};

	put_u8(&w, 1);
	put_u8(&w, PGRAFT_ENTRY_RECORD);
	put_u64(&w, 1);
	put_u64(&w, 5);
	put_u32(&w, 1);
	put_u16(&w, PGRAFT_MAX_PROMOTIONS + 1);
	for (int i = 0; i <= PGRAFT_MAX_PROMOTIONS; i++)
		pgraft_put_promotion(&w, &links[0]);
	HOLDS(!w.failed);
	save_seed("log_entry", "too-many-links", log_bytes, w.pos);
}

void
write_log_seeds(void)
{
	log_and_snapshot();
	too_many_members();
	too_many_promotions();
	too_many_links();
}
