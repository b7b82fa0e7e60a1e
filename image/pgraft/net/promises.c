/*
 * promises.c
 *	  See promises.h.
 *
 * Two lines of the same length, of which the one with the greater number counts: "number term vote last check", padded with zeros.  Both are in
 * one sector of any disk, and each is overwritten in place.
 */
#include "net/promises.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/text_parts.h"
#include "net/files.h"

#define LINES	  2
#define LINE_SIZE 101 /* four numbers of 20 digits, one of 16, and what is between them */
#define FIELDS	  "%020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %020" PRIu64 " "

/* Fowler, Noll and Vo's 1a: each step can be undone, so that no single wrong byte leaves it as it was. */
static uint64_t
check_of(const char *text, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t) text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* LINE_SIZE bytes and a NUL. */
static void
write_line(char *line, uint64_t number, const PgraftPromise *promise)
{
	const size_t size = LINE_SIZE + 1;
	int n = snprintf(line, size, FIELDS, number, promise->term, promise->vote, promise->last);

	snprintf(line + n, size - (size_t) n, "%016" PRIx64 "\n", check_of(line, (size_t) n));
}

static bool
take_field(const char **text, uint64_t *value)
{
	return pgraft_take_number(text, 10, UINT64_MAX, value) && pgraft_take_char(text, ' ');
}

/* Only as it was written. */
static bool
read_line(const char *line, uint64_t *number, PgraftPromise *promise)
{
	char written[LINE_SIZE + 1];
	const char *text = line;

	if (!take_field(&text, number) || !take_field(&text, &promise->term) || !take_field(&text, &promise->vote) ||
		!take_field(&text, &promise->last))
		return false;
	write_line(written, *number, promise);
	return memcmp(line, written, LINE_SIZE) == 0;
}

void
pgraft_promises_close(PgraftPromises *promises)
{
	if (promises->open)
		close(promises->fd);
	promises->open = false;
}

/* 0 or an errno. */
static int
open_file(PgraftPromises *promises, const char *path)
{
	promises->fd = open(path, O_RDWR | O_CLOEXEC);
	if (promises->fd < 0)
		return errno;
	promises->open = true;
	return 0;
}

int
pgraft_promises_begin(PgraftPromises *promises, const char *path)
{
	static const PgraftPromise nothing;
	char text[LINES * LINE_SIZE + 1];
	int rc;

	pgraft_promises_close(promises);
	promises->number = LINES - 1;
	promises->kept = nothing;
	for (int i = 0; i < LINES; i++)
		write_line(text + i * LINE_SIZE, (uint64_t) i, &nothing);
	rc = pgraft_write_durably(path, text, LINES * LINE_SIZE);
	return rc == 0 ? open_file(promises, path) : rc;
}

/* The newest of the lines that are as they were written. */
static bool
read_lines(PgraftPromises *promises, const char *text)
{
	bool found = false;

	for (int i = 0; i < LINES; i++)
	{
		PgraftPromise promise;
		uint64_t number;

		if (!read_line(text + i * LINE_SIZE, &number, &promise) || (found && number < promises->number))
			continue;
		found = true;
		promises->number = number;
		promises->kept = promise;
	}
	return found;
}

bool
pgraft_promises_read(PgraftPromises *promises, const char *path, char *why, size_t why_size)
{
	char text[LINES * LINE_SIZE + 2];
	int rc = pgraft_read_file(path, text, sizeof text);

	if (rc == 0 && (strlen(text) != LINES * LINE_SIZE || !read_lines(promises, text)))
		rc = EBADMSG;
	if (rc == 0)
		rc = open_file(promises, path);
	if (rc != 0)
		snprintf(why, why_size, "what it has promised cannot be told from \"%s\": %s", path,
				 rc == EBADMSG || rc == EFBIG ? "it is damaged" : strerror(rc));
	return rc == 0;
}

int
pgraft_promises_keep(PgraftPromises *promises, const PgraftPromise *promise)
{
	bool takes_back = promise->last < promises->kept.last;
	char line[LINE_SIZE + 1];
	ssize_t n;

	promises->number++;
	promises->kept = *promise;
	write_line(line, promises->number, promise);
	n = pwrite(promises->fd, line, LINE_SIZE, (off_t) (promises->number % LINES * LINE_SIZE));
	if (n != LINE_SIZE)
		return n < 0 ? errno : EIO;
	return takes_back && fdatasync(promises->fd) != 0 ? errno : 0;
}

bool
pgraft_promise_is_kept(const PgraftPromise *promised, const PgraftPromise *found, char *why, size_t why_size)
{
	if (found->term < promised->term)
		snprintf(why, why_size, "its term is %" PRIu64 ", and was %" PRIu64, found->term, promised->term);
	else if (found->term == promised->term && promised->vote != 0 && found->vote != promised->vote)
		snprintf(why, why_size, "its vote in term %" PRIu64 " is not for node %" PRIu64 " any more", found->term,
				 promised->vote);
	else if (found->last < promised->last)
		snprintf(why, why_size, "its log ends at %" PRIu64 ", and went to %" PRIu64, found->last, promised->last);
	else
		return true;
	return false;
}
