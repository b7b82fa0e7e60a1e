/*
 * cluster_spec.h
 *	  Reading pgraft.initial_cluster, addresses and names: text from a configuration file.
 */
#ifndef PGRAFT_CLUSTER_SPEC_H
#define PGRAFT_CLUSTER_SPEC_H

#include "core/types.h"

typedef struct PgraftSpecNode
{
	char name[PGRAFT_NAME_SIZE];
	char address[PGRAFT_ADDRESS_SIZE]; /* host:port */
} PgraftSpecNode;

typedef struct PgraftClusterSpec
{
	int n; /* node i of the cluster is nodes[i - 1] */
	PgraftSpecNode nodes[PGRAFT_MAX_NODES];
} PgraftClusterSpec;

/*
 * 'primary=pgraft-primary:7001,replica1=pgraft-replica1:7002'.  Spaces around names and addresses are allowed; an empty
 * text gives n = 0.  On error returns false and writes what is wrong, with the offending piece, into err (err_size bytes).
 * Errors: more than PGRAFT_MAX_NODES, a name or an address twice, a bad name, a bad address.
 */
extern bool pgraft_spec_parse(const char *text, PgraftClusterSpec *spec, char *err, size_t err_size);

/* A name: 1 to 63 of [A-Za-z0-9_-], beginning with a letter. */
extern bool pgraft_name_valid(const char *name);

/* An incarnation, or a Raft group's id: exactly 32 hexadecimal digits. */
extern bool pgraft_incarnation_valid(const char *incarnation);

/* A DNS name or a dotted quad: 1 to 253 of [A-Za-z0-9.-]. */
extern bool pgraft_host_valid(const char *host);

/*
 * Split host:port.  host (host_size bytes): a DNS name of 1 to 253 of [A-Za-z0-9.-] or a dotted quad; port 1 to 65535,
 * digits only.  false with a reason in err.  IPv6 is not supported by libraft's addresses: said in the reason.
 */
extern bool pgraft_address_parse(const char *text, char *host, size_t host_size, uint16_t *port, char *err,
								 size_t err_size);

#endif
