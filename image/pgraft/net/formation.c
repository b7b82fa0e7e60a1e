/*
 * formation.c
 *	  See formation.h.
 */
#include "net/formation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cluster_spec.h"
#include "core/codec.h"
#include "net/files.h"

bool
pgraft_formation_init(PgraftFormation *f, const char *data_dir)
{
	if (strlen(data_dir) > sizeof f->raft_dir - 64)
		return false;
	snprintf(f->data_dir, sizeof f->data_dir, "%s", data_dir);
	snprintf(f->raft_dir, sizeof f->raft_dir, "%s/raft", data_dir);
	snprintf(f->formed_path, sizeof f->formed_path, "%s/formed", data_dir);
	snprintf(f->token_path, sizeof f->token_path, "%s/formation.token", data_dir);
	snprintf(f->consumed_path, sizeof f->consumed_path, "%s/formation.consumed", data_dir);
	snprintf(f->removed_path, sizeof f->removed_path, "%s/removed", data_dir);
	snprintf(f->recover_path, sizeof f->recover_path, "%s/recover", data_dir);
	snprintf(f->promised_path, sizeof f->promised_path, "%s/promised", data_dir);
	return true;
}

/*
 * libraft takes a directory without its two metadata files for a new server, which may vote; one that was formed has forgotten its votes then.
 */
static bool
has_term(const PgraftFormation *f)
{
	char path[sizeof f->raft_dir + 16];

	for (int i = 1; i <= 2; i++)
	{
		snprintf(path, sizeof path, "%s/metadata%d", f->raft_dir, i);
		if (pgraft_file_exists(path))
			return true;
	}
	return false;
}

/* The number in the line that begins with this key; 0 if there is none. */
static uint64_t
number_in(const char *text, const char *key)
{
	size_t size = strlen(key);

	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n'))
	{
		line += *line == '\n';
		if (strncmp(line, key, size) == 0)
		{
			char *end;
			unsigned long long value = strtoull(line + size, &end, 10);

			return line[size] >= '0' && line[size] <= '9' && *end == '\n' ? value : 0;
		}
	}
	return 0;
}

static void
copy_group(const char *text, char *group_id)
{
	static const char key[] = "group_id=";
	const char *line = strstr(text, key);

	group_id[0] = '\0';
	if (line != NULL)
		sscanf(line + sizeof key - 1, "%32[0-9a-fA-F]", group_id);
}

#define CHECK_FORMAT "check=%08" PRIx32 "\n"
#define CHECK_SIZE	 15

/* Its length.  The first line has the checksum of what follows. */
static int
describe(const PgraftFormed *formed, char *whole, size_t whole_size)
{
	char *text = whole + CHECK_SIZE;
	size_t size = whole_size - CHECK_SIZE;
	char first[CHECK_SIZE + 1];
	int n = snprintf(text, size, "node_id=%d\n", formed->node_id);

	if (formed->joined_at != 0)
		n += snprintf(text + n, size - (size_t) n, "joined_at=%" PRIu64 "\njoining=%s\n", formed->joined_at,
					  formed->joining ? "yes" : "no");
	if (formed->group_id[0] != '\0')
		n += snprintf(text + n, size - (size_t) n, "group_id=%s\n", formed->group_id);
	if (formed->promises)
		n += snprintf(text + n, size - (size_t) n, "promises=yes\n");
	snprintf(first, sizeof first, CHECK_FORMAT, pgraft_crc32((const uint8_t *) text, (size_t) n));
	memcpy(whole, first, CHECK_SIZE);
	return CHECK_SIZE + n;
}

/* A single bit decides whether a server that joins may vote (R4): what was not written like this is not believed.  An older pgraft wrote no check. */
static bool
is_as_written(const char *text, const PgraftFormed *formed)
{
	char whole[256];

	describe(formed, whole, sizeof whole);
	return (strcmp(text, whole) == 0 || strcmp(text, whole + CHECK_SIZE) == 0) &&
		   (formed->group_id[0] == '\0' || pgraft_incarnation_valid(formed->group_id));
}

/* Whose state it is and whether it may vote is not known any more: it can be added anew. */
static PgraftFormationState
damaged(const PgraftFormation *f, char *err, size_t err_size)
{
	snprintf(err, err_size, "\"%s\" is damaged", f->formed_path);
	return PGRAFT_FORMATION_LOST;
}

PgraftFormationState
pgraft_formation_read(const PgraftFormation *f, PgraftFormed *formed, char *err, size_t err_size)
{
	char text[256];
	int rc = pgraft_read_file(f->formed_path, text, sizeof text);
	uint64_t id;

	memset(formed, 0, sizeof *formed);
	if (rc == ENOENT)
		return PGRAFT_FORMATION_NONE;
	if (rc == EBADMSG || rc == EFBIG)
		return damaged(f, err, err_size);
	if (rc != 0)
	{
		snprintf(err, err_size, "could not read \"%s\": %s", f->formed_path, strerror(rc));
		return PGRAFT_FORMATION_UNKNOWN;
	}
	id = number_in(text, "node_id=");
	if (id < 1 || id > INT32_MAX)
		return damaged(f, err, err_size);
	formed->node_id = (int32_t) id;
	formed->joined_at = number_in(text, "joined_at=");
	formed->joining = strstr(text, "\njoining=yes\n") != NULL;
	formed->promises = strstr(text, "\npromises=yes\n") != NULL;
	copy_group(text, formed->group_id);
	if (!is_as_written(text, formed))
		return damaged(f, err, err_size);
	if (has_term(f))
		return PGRAFT_FORMATION_WHOLE;
	snprintf(err, err_size, "the Raft state in \"%s\" is lost", f->raft_dir);
	return PGRAFT_FORMATION_LOST;
}

bool
pgraft_formation_has_token(const PgraftFormation *f)
{
	return pgraft_file_exists(f->token_path);
}

int
pgraft_formation_begin(const PgraftFormation *f)
{
	int rc = pgraft_make_directory(f->data_dir);

	if (rc == 0)
		rc = pgraft_make_directory(f->raft_dir);
	if (rc == 0)
		rc = pgraft_empty_directory(f->raft_dir);
	return rc;
}

int
pgraft_formation_commit(const PgraftFormation *f, const PgraftFormed *formed)
{
	char text[256];
	int n = describe(formed, text, sizeof text);

	return pgraft_write_durably(f->formed_path, text, (size_t) n);
}

int
pgraft_formation_consume(const PgraftFormation *f)
{
	static const char mark[] = "formed without a token\n";
	int rc = pgraft_rename_durably(f->token_path, f->consumed_path);

	if (rc != ENOENT)
		return rc;
	return pgraft_formation_consumed(f) ? 0 : pgraft_write_durably(f->consumed_path, mark, sizeof mark - 1);
}

bool
pgraft_formation_consumed(const PgraftFormation *f)
{
	return pgraft_file_exists(f->consumed_path);
}

int
pgraft_formation_give_up(const PgraftFormation *f)
{
	return pgraft_write_durably(f->removed_path, "yes\n", 4);
}

int
pgraft_formation_clear(const PgraftFormation *f)
{
	static const char *const of_the_group[] = {"formed", "established", "members", "promised"};
	char path[sizeof f->data_dir + 16];
	int rc;

	if (!pgraft_file_exists(f->removed_path))
		return 0;
	rc = pgraft_formation_consume(f);
	for (size_t i = 0; i < sizeof of_the_group / sizeof of_the_group[0] && rc == 0; i++)
	{
		snprintf(path, sizeof path, "%s/%s", f->data_dir, of_the_group[i]);
		rc = pgraft_remove_durably(path);
	}
	if (rc == 0)
		rc = pgraft_formation_begin(f);
	return rc == 0 ? pgraft_remove_durably(f->removed_path) : rc;
}

bool
pgraft_formation_recovery(const PgraftFormation *f, uint64_t *term, char *err, size_t err_size)
{
	char text[64];
	int rc = pgraft_read_file(f->recover_path, text, sizeof text);

	*term = 0;
	if (rc == ENOENT)
		return true;
	if (rc == 0)
		*term = number_in(text, "term=");
	if (rc != 0)
		snprintf(err, err_size, "could not read \"%s\": %s", f->recover_path, strerror(rc));
	else if (*term == 0 || *term > INT64_MAX)
		snprintf(err, err_size, "\"%s\" does not name a term: it must hold one line, \"term=\" and a number above 0",
				 f->recover_path);
	return rc == 0 && *term > 0 && *term <= INT64_MAX;
}

int
pgraft_formation_recovered(const PgraftFormation *f)
{
	return pgraft_remove_durably(f->recover_path);
}
