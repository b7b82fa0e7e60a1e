/*
 * identity.c
 *	  See identity.h.
 */
#include "postgres.h"

#include <ctype.h>

#include "miscadmin.h"
#include "postmaster/postmaster.h"

#include "core/cluster_spec.h"
#include "net/files.h"
#include "server/identity.h"
#include "server/settings.h"

static void
trim_end(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && isspace((unsigned char) text[n - 1]))
		text[--n] = '\0';
}

static void
read_incarnation(char *incarnation)
{
	char path[MAXPGPATH];
	char text[64];

	snprintf(path, sizeof path, "%s/pgraft.incarnation", DataDir);
	if (pgraft_read_file(path, text, sizeof text) != 0)
		return;
	trim_end(text);
	if (pgraft_incarnation_valid(text))
		strcpy(incarnation, text);
}

void
pgraft_own_identity(PgraftIdentity *identity)
{
	memset(identity, 0, sizeof *identity);
	identity->node_id = pgraft_node_id;
	identity->postgres_port = (uint16_t) PostPortNumber;
	strlcpy(identity->name, pgraft_name, sizeof identity->name);
	strlcpy(identity->address, pgraft_advertise_address, sizeof identity->address);
	read_incarnation(identity->incarnation);
}

bool
pgraft_read_keys(PgraftKeys *keys, char *why, size_t why_size)
{
	char text[512];
	char fault[128];
	int rc = pgraft_read_file(pgraft_key_file, text, sizeof text);
	bool ok;

	if (rc != 0)
	{
		snprintf(why, why_size, "could not read the key file \"%.150s\": %s", pgraft_key_file, strerror(rc));
		return false;
	}
	ok = pgraft_keys_parse(text, keys, fault, sizeof fault);
	explicit_bzero(text, sizeof text);
	if (!ok)
		snprintf(why, why_size, "could not use the key file \"%.150s\": %s", pgraft_key_file, fault);
	return ok;
}
