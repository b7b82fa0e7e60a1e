/*
 * raft_configuration.h
 *	  The bytes of libraft's configurations, checked: raft_configuration_decode trusts them, see raft_message.h.
 */
#ifndef PGRAFT_RAFT_CONFIGURATION_H
#define PGRAFT_RAFT_CONFIGURATION_H

#include <raft.h>

#include <stdbool.h>
#include <stdint.h>

/* false: they are none, and the configuration is empty.  Otherwise to be closed by the caller. */
extern bool pgraft_raft_configuration_decode(const uint8_t *bytes, size_t size,
											 struct raft_configuration *configuration);

#endif
