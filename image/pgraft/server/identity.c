/*
 * identity.c
 *	  See identity.h.
 */
#include "postgres.h"

#include <ctype.h>

#include "miscadmin.h"
#include "postmaster/postmaster.h"

#include "core/cluster_spec.h"
#include "core/key_text.h"
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

size_t
pgraft_read_key(uint8_t *key, size_t size, char *why, size_t why_size)
{
	char text[256];
	size_t n;
	int rc = pgraft_read_file(pgraft_key_file, text, sizeof text);

	if (rc != 0)
	{
		snprintf(why, why_size, "could not read the key file \"%.150s\": %s", pgraft_key_file, strerror(rc));
		return 0;
	}
	n = pgraft_key_parse(text, key, size);
	explicit_bzero(text, sizeof text);
	if (n == 0)
		snprintf(why, why_size, "the key file \"%.150s\" has no key of %d to %zu bytes in lower-case hex",
				 pgraft_key_file, PGRAFT_KEY_MIN_SIZE, size);
	return n;
}
