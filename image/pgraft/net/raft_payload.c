/*
 * raft_payload.c
 *	  What libraft's messages bring along, see raft_message.h: the data of entries, or of a snapshot.
 */
#include "net/raft_message.h"

#include <string.h>

#include "net/raft_configuration.h"

static bool
is_configuration(const struct raft_entry *entry)
{
	struct raft_configuration configuration;
	bool valid = pgraft_raft_configuration_decode(entry->buf.base, entry->buf.len, &configuration);

	raft_configuration_close(&configuration);
	return valid;
}

static bool
take_entries(struct raft_append_entries *append, uint8_t *payload)
{
	bool valid = true;
	size_t at = 0;

	for (unsigned i = 0; i < append->n_entries; i++)
	{
		struct raft_entry *entry = &append->entries[i];

		entry->batch = payload;
		entry->buf.base = entry->buf.len == 0 ? NULL : payload + at;
		at += pgraft_raft_padded(entry->buf.len);
		if (entry->type == RAFT_CHANGE && !is_configuration(entry))
			valid = false;
	}
	return valid;
}

bool
pgraft_raft_payload_take(struct raft_message *message, uint8_t *payload, const char **why)
{
	if (message->type == RAFT_APPEND_ENTRIES && !take_entries(&message->append_entries, payload))
	{
		*why = "an entry of a Raft message is no configuration";
		return false;
	}
	if (message->type == RAFT_INSTALL_SNAPSHOT)
		message->install_snapshot.data.base = payload;
	return true;
}

void
pgraft_raft_message_drop(struct raft_message *message)
{
	if (message->type == RAFT_APPEND_ENTRIES)
	{
		struct raft_append_entries *append = &message->append_entries;

		for (unsigned i = 0; i < append->n_entries; i++)
			if (i == 0 || append->entries[i].batch != append->entries[i - 1].batch)
				raft_free(append->entries[i].batch);
		raft_free(append->entries);
	}
	else if (message->type == RAFT_INSTALL_SNAPSHOT)
	{
		raft_configuration_close(&message->install_snapshot.conf);
		raft_free(message->install_snapshot.data.base);
	}
	memset(message, 0, sizeof *message);
}
