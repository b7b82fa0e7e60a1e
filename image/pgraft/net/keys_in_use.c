/*
 * keys_in_use.c
 *	  The keys with which greetings are made, and what everybody may know of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "net/consensus_private.h"

void
pgraft_keys_begin(PgraftConsensus *g)
{
	const PgraftKeys *keys = &g->config.keys;

	memset(g->key_fingerprints, 0, sizeof g->key_fingerprints);
	for (int i = 0; i < keys->n; i++)
		g->key_fingerprints[i] = pgraft_key_fingerprint(&keys->key[i], g->config.crypto);
}

void
pgraft_keys_describe(const PgraftConsensus *g, PgraftRaftStatus *status)
{
	status->n_keys = g->config.keys.n;
	memcpy(status->key_fingerprints, g->key_fingerprints, sizeof status->key_fingerprints);
}

static void
say_keys(const PgraftConsensus *g)
{
	const uint32_t *fingerprints = g->key_fingerprints;
	char message[128];

	if (g->config.keys.n == 1)
		snprintf(message, sizeof message, "the key %08" PRIx32 " is in use, and no other is accepted", fingerprints[0]);
	else
		snprintf(message, sizeof message, "the key %08" PRIx32 " is in use, and %08" PRIx32 " is accepted as well",
				 fingerprints[0], fingerprints[1]);
	g->config.hooks.log(message);
}

void
pgraft_consensus_use_keys(const PgraftKeys *keys)
{
	PgraftConsensus *g = &pgraft_group;

	if (pgraft_keys_equal(keys, &g->config.keys))
		return;
	g->config.keys = *keys;
	pgraft_keys_begin(g);
	if (g->transport != NULL)
		pgraft_transport_use_keys(g->transport, keys);
	say_keys(g);
}
