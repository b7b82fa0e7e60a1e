/*
 * sql_log.c
 *	  The SQL functions that read what stands in the Raft log, and how it grows.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/events.h"
#include "server/settings.h"
#include "server/shared.h"
#include "server/sql_text.h"

PG_FUNCTION_INFO_V1(pgraft_get_config);
PG_FUNCTION_INFO_V1(pgraft_log_get_stats);
PG_FUNCTION_INFO_V1(pgraft_get_events);

#define CONFIG_COLUMNS 2
#define EVENT_COLUMNS  5

/* Kinds of messages that libraft has; status.h has room for more. */
#define RPC_KINDS	 6
#define STAT_COLUMNS (20 + 2 * RPC_KINDS)

static void
put_setting(ReturnSetInfo *result, const char *key, const char *value)
{
	Datum values[CONFIG_COLUMNS] = {CStringGetTextDatum(key), pgraft_text_datum(value)};
	bool nulls[CONFIG_COLUMNS] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
pgraft_get_config(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char cluster_name[PGRAFT_VALUE_SIZE];
	bool failover_enabled;

	pgraft_require_shared();
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	strlcpy(cluster_name, pgraft_shared->state.cluster_name, sizeof cluster_name);
	failover_enabled = pgraft_shared->state.failover_enabled;
	LWLockRelease(pgraft_shared->lock);
	InitMaterializedSRF(fcinfo, 0);
	put_setting(result, "cluster_name", cluster_name);
	put_setting(result, "failover_enabled", failover_enabled ? "true" : "false");
	return (Datum) 0;
}

/* The one in use first; empty while there is no consensus worker that could have any. */
static Datum
fingerprints(const PgraftRaftStatus *raft)
{
	Datum texts[PGRAFT_MAX_KEYS];

	for (int i = 0; i < raft->n_keys; i++)
		texts[i] = CStringGetTextDatum(psprintf("%08x", raft->key_fingerprints[i]));
	return PointerGetDatum(construct_array_builtin(texts, raft->n_keys, TEXTOID));
}

/* Counts are of this run of the consensus worker, which applies at its start what its log has behind the newest snapshot. */
static void
fill_stats(Datum *values, const PgraftRaftStatus *raft)
{
	const PgraftCounters *counters = &raft->counters;
	int i = 0;

	values[i++] = Int64GetDatum((int64) raft->log_entries);
	values[i++] = Int64GetDatum((int64) raft->last_index);
	values[i++] = Int64GetDatum((int64) raft->commit_index);
	values[i++] = Int64GetDatum((int64) raft->last_applied);
	values[i++] = Int64GetDatum((int64) counters->entries_appended);
	values[i++] = Int64GetDatum((int64) (counters->entries_applied + raft->commit_index - raft->last_applied));
	values[i++] = Int64GetDatum((int64) counters->entries_applied);
	values[i++] = Int64GetDatum((int64) counters->errors);
	values[i++] = Int64GetDatum((int64) counters->snapshots);
	values[i++] = Int64GetDatum((int64) counters->snapshots_sent);
	values[i++] = Int64GetDatum((int64) counters->snapshots_received);
	values[i++] = Int64GetDatum((int64) raft->snapshot_index);
	values[i++] = Int64GetDatum(pgraft_snapshot_threshold);
	values[i++] = Int64GetDatum(pgraft_trailing_entries);
	for (int kind = 0; kind < RPC_KINDS; kind++)
	{
		values[i++] = Int64GetDatum((int64) counters->sent[kind]);
		values[i++] = Int64GetDatum((int64) counters->received[kind]);
	}
	values[i++] = Int64GetDatum((int64) counters->leader_suspicions);
	values[i++] = Int64GetDatum((int64) counters->leader_judged_dead);
	values[i++] = Int64GetDatum((int64) counters->longest_leader_silence_ms);
	values[i++] = Int64GetDatum((int64) counters->greetings_refused);
	values[i++] = Int64GetDatum((int64) counters->connections_silent);
	values[i++] = fingerprints(raft);
	Assert(i == STAT_COLUMNS);
}

Datum
pgraft_log_get_stats(PG_FUNCTION_ARGS)
{
	PgraftRaftStatus raft;
	TupleDesc description;
	Datum values[STAT_COLUMNS];
	bool nulls[STAT_COLUMNS] = {false};

	pgraft_require_shared();
	if (get_call_result_type(fcinfo, NULL, &description) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	pgraft_copy_raft(&raft);
	fill_stats(values, &raft);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls)));
}

/* Oldest first, by the clocks of those who saw them; those of the same moment as they stand in the log, which is nearly sorted. */
static void
sort_by_time(PgraftEvent *events, int n)
{
	for (int i = 1; i < n; i++)
	{
		PgraftEvent event = events[i];
		int to = i;

		while (to > 0 && events[to - 1].at_ms > event.at_ms)
			to--;
		memmove(events + to + 1, events + to, sizeof event * (i - to));
		events[to] = event;
	}
}

static TimestampTz
timestamp_of(int64 unix_ms)
{
	return (unix_ms - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * INT64CONST(1000)) * 1000;
}

static void
put_event(ReturnSetInfo *result, const PgraftEvent *event)
{
	char name[PGRAFT_EVENT_NAME_SIZE];
	Datum values[EVENT_COLUMNS];
	bool nulls[EVENT_COLUMNS] = {false};
	int i = 0;

	pgraft_event_name(event->type, name, sizeof name);
	values[i++] = TimestampTzGetDatum(timestamp_of(event->at_ms));
	values[i++] = CStringGetTextDatum(name);
	values[i++] = Int32GetDatum(event->node_id);
	values[i++] = Int64GetDatum((int64) event->term);
	values[i++] = pgraft_text_datum(event->detail);
	Assert(i == EVENT_COLUMNS);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
pgraft_get_events(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PgraftEvent *events = palloc(sizeof(PgraftEvent) * PGRAFT_MAX_EVENTS);
	int n;

	pgraft_require_shared();
	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	n = pgraft_shared->state.n_events;
	memcpy(events, pgraft_shared->state.events, sizeof(PgraftEvent) * n);
	LWLockRelease(pgraft_shared->lock);
	sort_by_time(events, n);
	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < n; i++)
		put_event(result, &events[i]);
	return (Datum) 0;
}
