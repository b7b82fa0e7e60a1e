/*
 * formation.c
 *	  See formation.h.
 */
#include "net/formation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/files.h"

bool
pgraft_formation_init(PgraftFormation *f, const char *data_dir)
{
	if (strlen(data_dir) > sizeof f->raft_dir - 64)
		return false;
	snprintf(f->raft_dir, sizeof f->raft_dir, "%s/raft", data_dir);
	snprintf(f->formed_path, sizeof f->formed_path, "%s/formed", data_dir);
	snprintf(f->token_path, sizeof f->token_path, "%s/formation.token", data_dir);
	snprintf(f->consumed_path, sizeof f->consumed_path, "%s/formation.consumed", data_dir);
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

int32_t
pgraft_formation_owner(const PgraftFormation *f, char *err, size_t err_size)
{
	char text[64];
	char *end;
	long id;
	int rc = pgraft_read_file(f->formed_path, text, sizeof text);

	if (rc == ENOENT)
		return 0;
	if (rc != 0)
	{
		snprintf(err, err_size, "could not read \"%s\": %s", f->formed_path, strerror(rc));
		return -1;
	}
	if (strncmp(text, "node_id=", 8) != 0 || (id = strtol(text + 8, &end, 10)) < 1 || id > INT32_MAX || *end != '\n')
	{
		snprintf(err, err_size, "\"%s\" does not name a node", f->formed_path);
		return -1;
	}
	if (!has_term(f))
	{
		snprintf(err, err_size, "the Raft state in \"%s\" is lost", f->raft_dir);
		return -1;
	}
	return (int32_t) id;
}

bool
pgraft_formation_has_token(const PgraftFormation *f)
{
	return pgraft_file_exists(f->token_path);
}

int
pgraft_formation_begin(const PgraftFormation *f, const char *data_dir)
{
	int rc = pgraft_make_directory(data_dir);

	if (rc == 0)
		rc = pgraft_make_directory(f->raft_dir);
	if (rc == 0)
		rc = pgraft_empty_directory(f->raft_dir);
	return rc;
}

int
pgraft_formation_commit(const PgraftFormation *f, int32_t node_id)
{
	char text[64];
	int n = snprintf(text, sizeof text, "node_id=%d\n", node_id);

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
