/*
 * chain_file.c
 *	  Writing and reading the text of pgraft.chain.
 *
 * Reading is strict: a chain decides what a server may stream and whether it counts, so a line that is not a link makes
 * the whole file unusable rather than a little shorter.  For the same reason the last line must end: a file that was
 * cut off inside a number would otherwise be read as another number.  The first line has a checksum of all that follows; older
 * files, and those made by hand, have none.
 */
#include "core/chain_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/codec.h"
#include "core/text_parts.h"

#define CHAIN_FIELDS "timeline term fork_lsn parent_timeline node_id"
#define LINK_FORMAT	 "%" PRIu32 " %" PRIu64 " %" PRIX32 "/%" PRIX32 " %" PRIu32 " %" PRId32 "\n"

#define CHECK_LABEL "# " CHAIN_FIELDS ", crc32 "
#define CHECK_SIZE	8 /* digits */

static uint32_t
check_of(const char *links)
{
	return pgraft_crc32((const uint8_t *) links, strlen(links));
}

static int
write_first_line(char *buf, size_t size, uint32_t check)
{
	return snprintf(buf, size, CHECK_LABEL "%08" PRIx32 "\n", check);
}

/* The checksum is put in when what follows is there. */
size_t
pgraft_chain_format(const PgraftPromotion *links, int n, char *buf, size_t size)
{
	size_t used = 0;
	int length = write_first_line(buf, size, 0);
	const int first = length;

	for (int i = 0;; i++)
	{
		if (length < 0 || (size_t) length >= size - used)
			return 0;
		used += (size_t) length;
		if (i >= n)
			break;
		length = snprintf(buf + used, size - used, LINK_FORMAT, links[i].timeline, links[i].term,
						  (uint32_t) (links[i].fork_lsn >> 32), (uint32_t) links[i].fork_lsn, links[i].parent,
						  links[i].node_id);
	}
	snprintf(buf + sizeof CHECK_LABEL - 1, CHECK_SIZE + 1, "%08" PRIx32, check_of(buf + first));
	buf[first - 1] = '\n'; /* for the NUL */
	return used;
}

/* Of a file with a checksum: is what follows as it was written?  A comment that a bit made of that line leaves the links as they are. */
static bool
is_as_written(const char *text)
{
	char first[sizeof CHECK_LABEL + CHECK_SIZE + 1];
	const size_t length = sizeof first - 1;

	if (strncmp(text, CHECK_LABEL, sizeof CHECK_LABEL - 1) != 0)
		return true;
	if (strlen(text) < length)
		return false;
	write_first_line(first, sizeof first, check_of(text + length));
	return strncmp(text, first, length) == 0;
}

static void
skip_spaces(const char **text)
{
	while (**text == ' ' || **text == '\t')
		(*text)++;
}

/* A number and at least one space behind it. */
static bool
take_field(const char **text, uint64_t max, uint64_t *value)
{
	if (!pgraft_take_number(text, 10, max, value) || (**text != ' ' && **text != '\t'))
		return false;
	skip_spaces(text);
	return true;
}

/* Nothing but spaces or a comment up to the newline. */
static bool
is_blank(const char *line)
{
	skip_spaces(&line);
	return *line == '#' || *line == '\n';
}

/* One line up to its newline, *text behind it afterwards. */
bool
pgraft_link_take(const char **text, PgraftPromotion *link)
{
	uint64_t timeline, term, fork_lsn, parent, node_id;

	if (!take_field(text, UINT32_MAX, &timeline) || !take_field(text, UINT64_MAX, &term) ||
		!pgraft_take_lsn(text, &fork_lsn) || (**text != ' ' && **text != '\t'))
		return false;
	skip_spaces(text);
	if (!take_field(text, UINT32_MAX, &parent) || !pgraft_take_number(text, 10, INT32_MAX, &node_id))
		return false;
	skip_spaces(text);
	if (!pgraft_take_char(text, '\n'))
		return false;
	*link = (PgraftPromotion){
		.term = term,
		.node_id = (int32_t) node_id,
		.timeline = (uint32_t) timeline,
		.parent = (uint32_t) parent,
		.fork_lsn = fork_lsn,
	};
	return term > 0 && node_id > 0 && parent > 0;
}

/* Is link a possible successor of previous?  If not, writes why. */
static bool
link_follows(const PgraftPromotion *previous, const PgraftPromotion *link, int line, char *err, size_t err_size)
{
	if (link->parent >= link->timeline)
		(void) snprintf(err, err_size,
						"line %d: timeline %" PRIu32 " cannot leave timeline %" PRIu32 ", which is not older", line,
						link->timeline, link->parent);
	else if (previous != NULL && link->term <= previous->term)
		(void) snprintf(err, err_size, "line %d: term %" PRIu64 " is not newer than term %" PRIu64 " before it", line,
						link->term, previous->term);
	else if (previous != NULL && link->timeline <= previous->timeline)
		(void) snprintf(err, err_size, "line %d: timeline %" PRIu32 " is not newer than timeline %" PRIu32 " before it",
						line, link->timeline, previous->timeline);
	else
		return true;
	return false;
}

int
pgraft_chain_parse(const char *text, PgraftPromotion *links, int max, char *err, size_t err_size)
{
	int n = 0;

	if (*text == '\0')
	{
		(void) snprintf(err, err_size, "it is empty");
		return -1;
	}
	if (!is_as_written(text))
	{
		(void) snprintf(err, err_size, "its checksum is another");
		return -1;
	}
	for (int line = 1; *text != '\0'; line++)
	{
		const char *end = strchr(text, '\n');
		const char *p = text;
		PgraftPromotion link;

		if (end == NULL)
		{
			(void) snprintf(err, err_size, "line %d has no end: the file was cut off", line);
			return -1;
		}
		text = end + 1;
		if (is_blank(p))
			continue;
		if (!pgraft_link_take(&p, &link))
		{
			(void) snprintf(err, err_size, "line %d is no link: expected \"" CHAIN_FIELDS "\"", line);
			return -1;
		}
		if (!link_follows(n > 0 ? &links[n - 1] : NULL, &link, line, err, err_size))
			return -1;
		if (n >= max)
		{
			(void) snprintf(err, err_size, "line %d: more than %d links", line, max);
			return -1;
		}
		links[n++] = link;
	}
	return n;
}
