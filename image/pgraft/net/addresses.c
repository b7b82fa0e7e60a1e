/*
 * addresses.c
 *	  The last good address of each peer: where it answered, where its name leads, or where it called from.
 */
#include <stdio.h>
#include <string.h>

#include "core/cluster_spec.h"
#include "net/transport_private.h"

static PgraftKnownAddress *
find(PgraftTransport *t, const char *address)
{
	for (size_t i = 0; i < sizeof t->known / sizeof t->known[0]; i++)
		if (strcmp(t->known[i].address, address) == 0)
			return &t->known[i];
	return NULL;
}

const PgraftKnownAddress *
pgraft_known_address(PgraftTransport *t, const char *address)
{
	return address[0] == '\0' ? NULL : find(t, address);
}

void
pgraft_keep_address(PgraftTransport *t, const char *address, const struct sockaddr_in *sockaddr)
{
	PgraftKnownAddress *known = find(t, address);

	if (known == NULL)
		known = find(t, "");
	if (known == NULL)
		known = &t->known[0];
	known->sockaddr = *sockaddr;
	known->doubtful = false;
	snprintf(known->address, sizeof known->address, "%s", address);
}

void
pgraft_doubt_address(PgraftTransport *t, const char *address)
{
	PgraftKnownAddress *known = find(t, address);

	if (known != NULL)
		known->doubtful = true;
}

static bool
is_called_from(const PgraftConnection *c, struct sockaddr_in *sockaddr)
{
	int size = sizeof *sockaddr;

	return uv_tcp_getpeername(c->tcp, (struct sockaddr *) sockaddr, &size) == 0 && sockaddr->sin_family == AF_INET;
}

void
pgraft_keep_peer_address(PgraftConnection *c)
{
	struct sockaddr_in sockaddr;

	if (is_called_from(c, &sockaddr))
		pgraft_keep_address(c->t, c->address, &sockaddr);
}

/* Whoever waits for the name of a server that has just called dials anew, where it called from. */
static void
end_resolving(PgraftTransport *t, const char *address)
{
	for (PgraftConnection *c = t->connections; c != NULL; c = c->next)
		if (c->resolving && strcmp(c->address, address) == 0)
			pgraft_connection_abort(c);
}

/*
 * The host that a peer has called from, the port that it listens on: its address most likely, unless there is a translation of addresses between,
 * which the greeting finds out.  So it replaces no address that is good.  A server that was cut off and has begun anew meanwhile knows none, and its
 * first requests of the resolver may hang for seconds.
 */
void
pgraft_learn_caller_address(PgraftConnection *c)
{
	const char *address = c->greeting.peer.address;
	const PgraftKnownAddress *known = pgraft_known_address(c->t, address);
	struct sockaddr_in sockaddr;
	char host[PGRAFT_ADDRESS_SIZE];
	char why[256];
	uint16_t port;

	if ((known != NULL && !known->doubtful) || !is_called_from(c, &sockaddr) ||
		!pgraft_address_parse(address, host, sizeof host, &port, why, sizeof why))
		return;
	sockaddr.sin_port = htons(port);
	pgraft_keep_address(c->t, address, &sockaddr);
	end_resolving(c->t, address);
}
