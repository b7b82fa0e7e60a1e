/*
 * io_storage.c
 *	  See io.h.  Here: what libraft keeps on disk, and what is promised with it (promises.h).
 */
#include <stdio.h>
#include <string.h>

#include "net/io_private.h"

static void
die(const char *what, int rc, const struct raft_io *io)
{
	char message[RAFT_ERRMSG_BUF_SIZE + 128];

	snprintf(message, sizeof message, "could not %s: %s (%s)", what, raft_strerror(rc), io->errmsg);
	pgraft_io_layer->fatal(message);
}

/* After libraft's files have it. */
static void
promise(PgraftPromise promised)
{
	PgraftPromises *promises = &pgraft_io_layer->promises;
	char message[128];
	int rc;

	if (!promises->open || memcmp(&promised, &promises->kept, sizeof promised) == 0)
		return;
	rc = pgraft_promises_keep(promises, &promised);
	if (rc == 0)
		return;
	snprintf(message, sizeof message, "could not write down what it has promised: %s", strerror(rc));
	pgraft_io_layer->fatal(message);
}

static void
promise_last(raft_index last)
{
	PgraftPromise promised = pgraft_io_layer->promises.kept;

	promised.last = last;
	promise(promised);
}

/*
 * libraft stores the term anew with each vote that it grants, also one that it grants again: that would take the vote from the disk for a moment,
 * in which a crash lets this member vote a second time.
 */
static int
set_term(struct raft_io *io, raft_term term)
{
	PgraftIo *layer = pgraft_io_layer;
	int rc;

	if (term == layer->stored_term)
		return 0;
	rc = layer->original.set_term(io, term);
	if (rc != 0)
		die("write the Raft term", rc, io);
	layer->stored_term = term;
	layer->stored_vote = 0;
	promise((PgraftPromise){.term = term, .last = layer->promises.kept.last});
	return rc;
}

static int
set_vote(struct raft_io *io, raft_id id)
{
	PgraftIo *layer = pgraft_io_layer;
	PgraftPromise promised = layer->promises.kept;
	int rc;

	if (id == layer->stored_vote)
		return 0;
	rc = layer->original.set_vote(io, id);
	if (rc != 0)
		die("write the Raft vote", rc, io);
	layer->stored_vote = id;
	promised.vote = id;
	promise(promised);
	if (id == layer->self)
		layer->counters.elections++;
	return rc;
}

typedef struct PgraftAppend
{
	struct PgraftAppend *next;
	struct raft_io_append *req;
	raft_io_append_cb done;
	raft_index last; /* that it makes durable, less than its own last one when the log was cut off meanwhile */
	raft_index first;
	const struct raft_entry *entries;
	unsigned n;
} PgraftAppend;

static PgraftAppend *
take_append(const struct raft_io_append *req)
{
	for (PgraftAppend **a = &pgraft_io_layer->appends; *a != NULL; a = &(*a)->next)
		if ((*a)->req == req)
		{
			PgraftAppend *taken = *a;

			*a = taken->next;
			return taken;
		}
	return NULL;
}

static void
appended(struct raft_io_append *req, int status)
{
	PgraftAppend *a = take_append(req);
	raft_io_append_cb done = a->done;

	if (status == 0 && a->last > pgraft_io_layer->promises.kept.last)
		promise_last(a->last);
	raft_free(a);
	done(req, status);
}

static int
append(struct raft_io *io, struct raft_io_append *req, const struct raft_entry entries[], unsigned n,
	   raft_io_append_cb cb)
{
	PgraftAppend *a = raft_malloc(sizeof *a);
	int rc;

	if (a == NULL)
		die("append to the Raft log", RAFT_NOMEM, io);
	*a = (PgraftAppend){.next = pgraft_io_layer->appends,
						.req = req,
						.done = cb,
						.last = pgraft_io_layer->log_end + n,
						.first = pgraft_io_layer->log_end + 1,
						.entries = entries,
						.n = n};
	pgraft_io_layer->appends = a;
	rc = pgraft_io_layer->original.append(io, req, entries, n, appended);
	if (rc != 0)
		die("append to the Raft log", rc, io);
	pgraft_io_layer->log_end += n;
	pgraft_io_layer->counters.entries_appended += n;
	return rc;
}

bool
pgraft_io_is_being_written(raft_index index, raft_term term)
{
	for (const PgraftAppend *a = pgraft_io_layer->appends; a != NULL; a = a->next)
		if (index >= a->first && index - a->first < a->n && a->entries[index - a->first].term == term)
			return true;
	return false;
}

/* Before the log ends sooner: what is on its way to the disk counts no further, either. */
static void
promise_no_more_than(raft_index last)
{
	for (PgraftAppend *a = pgraft_io_layer->appends; a != NULL; a = a->next)
		if (a->last > last)
			a->last = last;
	if (pgraft_io_layer->promises.kept.last > last)
		promise_last(last);
}

static int
truncate_log(struct raft_io *io, raft_index index)
{
	int rc;

	promise_no_more_than(index - 1);
	pgraft_io_layer->log_end = index - 1;
	rc = pgraft_io_layer->original.truncate(io, index);
	if (rc != 0)
		die("truncate the Raft log", rc, io);
	return rc;
}

static void
snapshot_stored(struct raft_io_snapshot_put *req, int status)
{
	raft_io_snapshot_put_cb cb = pgraft_io_layer->snapshot_stored;

	pgraft_io_layer->snapshot_stored = NULL;
	if (status != 0 && status != RAFT_CANCELED)
		die("write a Raft snapshot", status, &pgraft_io_layer->original);
	if (status == 0 && pgraft_io_layer->snapshot_end > pgraft_io_layer->promises.kept.last)
		promise_last(pgraft_io_layer->snapshot_end);
	cb(req, status);
}

/* libraft writes one snapshot at a time.  One that leaves nothing of the log is another server's, in place of it. */
static int
snapshot_put(struct raft_io *io, unsigned trailing, struct raft_io_snapshot_put *req,
			 const struct raft_snapshot *snapshot, raft_io_snapshot_put_cb cb)
{
	int rc;

	pgraft_io_layer->snapshot_stored = cb;
	pgraft_io_layer->snapshot_end = trailing == 0 ? snapshot->index : 0;
	if (trailing == 0)
	{
		promise_no_more_than(snapshot->index);
		pgraft_io_layer->log_end = snapshot->index;
	}
	rc = pgraft_io_layer->original.snapshot_put(io, trailing, req, snapshot, snapshot_stored);
	if (rc != 0)
		die("write a Raft snapshot", rc, io);
	return rc;
}

/* Is the newest configuration in what was loaded one with this server as its only voter? */
static bool
is_only_voter(const struct raft_snapshot *snapshot, const struct raft_entry *entries, size_t n)
{
	struct raft_configuration decoded;
	const struct raft_configuration *newest = snapshot != NULL ? &snapshot->configuration : NULL;
	unsigned voters = 0;
	bool self = false;

	raft_configuration_init(&decoded);
	while (n > 0 && entries[n - 1].type != RAFT_CHANGE)
		n--;
	if (n > 0)
	{
		if (raft_configuration_decode(&entries[n - 1].buf, &decoded) != 0)
			return false; /* libraft decodes it again, and reports it */
		newest = &decoded;
	}
	for (unsigned i = 0; newest != NULL && i < newest->n; i++)
	{
		if (newest->servers[i].role != RAFT_VOTER)
			continue;
		voters++;
		self = self || newest->servers[i].id == pgraft_io_layer->self;
	}
	raft_configuration_close(&decoded);
	return self && voters == 1;
}

/* Begins with the metadata on disk: without them the directory would be taken for one whose state is lost. */
static int
begin_to_join(struct raft_io *io, raft_term *term)
{
	*term = 1;
	return set_term(io, *term);
}

/* Or could the files not be read now?  Of one that ends too soon libraft says no more than that. */
static bool
is_damage(int rc, const struct raft_io *io)
{
	return rc == RAFT_CORRUPT || rc == RAFT_MALFORMED || (rc == RAFT_IOERR && strstr(io->errmsg, "short read") != NULL);
}

static void
expect_undamaged(int rc, const struct raft_io *io)
{
	char why[RAFT_ERRMSG_BUF_SIZE + 64];

	if (!is_damage(rc, io))
		return;
	snprintf(why, sizeof why, "its files are damaged: %s", io->errmsg);
	pgraft_io_layer->untrusted(pgraft_io_layer->arg, why);
}

/* Reads the metadata. */
static int
init(struct raft_io *io, raft_id id, const char *address)
{
	int rc = pgraft_io_layer->original.init(io, id, address);

	expect_undamaged(rc, io);
	return rc;
}

/* Without a snapshot a log begins with its group's members; libraft asserts that. */
static void
expect_beginning(const struct raft_snapshot *snapshot, raft_index start_index, const struct raft_entry *entries,
				 size_t n)
{
	if (snapshot == NULL && n > 0 && (start_index != 1 || entries[0].type != RAFT_CHANGE))
		pgraft_io_layer->untrusted(pgraft_io_layer->arg,
								   "its files are damaged: the snapshot that its log goes on from is gone");
}

/* Is what was loaded what was written?  From here on it is what is promised. */
static void
trust(const struct raft_io *io, int rc, const PgraftPromise *loaded)
{
	char why[RAFT_ERRMSG_BUF_SIZE + 64];

	expect_undamaged(rc, io);
	if (rc != 0)
		return;
	if (pgraft_io_layer->promises.open &&
		!pgraft_promise_is_kept(&pgraft_io_layer->promises.kept, loaded, why, sizeof why))
		pgraft_io_layer->untrusted(pgraft_io_layer->arg, why);
	pgraft_io_layer->stored_term = loaded->term;
	pgraft_io_layer->stored_vote = loaded->vote;
	pgraft_io_layer->log_end = loaded->last;
	promise(*loaded);
}

/*
 * A group's only voter leads at once, and libraft leaves the term as it was: two lives of that leader would have the same term, and one
 * term would stand for two promotions.  So each of its starts is a new term.  A server that joins may have been that only voter once.
 */
static int
load(struct raft_io *io, raft_term *term, raft_id *voted_for, struct raft_snapshot **snapshot, raft_index *start_index,
	 struct raft_entry *entries[], size_t *n_entries)
{
	int rc = pgraft_io_layer->original.load(io, term, voted_for, snapshot, start_index, entries, n_entries);

	if (rc == 0)
		expect_beginning(*snapshot, *start_index, *entries, *n_entries);
	trust(io, rc,
		  &(PgraftPromise){.term = *term, .vote = *voted_for, .last = rc == 0 ? *start_index + *n_entries - 1 : 0});
	if (rc == 0 && pgraft_io_layer->joining && *term == 0)
		return begin_to_join(io, term);
	if (rc != 0 || !is_only_voter(*snapshot, *entries, *n_entries))
		return rc;
	if (pgraft_io_layer->joining)
		pgraft_io_layer->stuck_joining(pgraft_io_layer->arg);
	*term = (*term > pgraft_io_layer->least_term ? *term : pgraft_io_layer->least_term) + 1;
	*voted_for = 0;
	pgraft_io_layer->counters.elections++;
	return set_term(io, *term);
}

void
pgraft_io_wrap_storage(struct raft_io *io)
{
	io->init = init;
	io->load = load;
	io->set_term = set_term;
	io->set_vote = set_vote;
	io->append = append;
	io->truncate = truncate_log;
	io->snapshot_put = snapshot_put;
}
