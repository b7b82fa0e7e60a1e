/*
 * slots.h
 *	  One physical replication slot per other member (safety.md R10): a slot has one active user, so that nobody confirms twice.
 */
#ifndef PGRAFT_SLOTS_H
#define PGRAFT_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#define PGRAFT_SLOT_NAME_SIZE 32

extern void pgraft_slot_name(int32_t node_id, char *buf, size_t size);

/* Drops our slots: those of an earlier life would pin WAL until the disk is full.  A slot in use is left alone. */
extern void pgraft_slots_drop_all(void);

/* The same, but for the slots of these members. */
extern void pgraft_slots_drop_but(const int32_t *node_ids, int n);

/* Creates what is missing for these members, without reserving WAL. */
extern void pgraft_slots_create(const int32_t *node_ids, int n);

/*
 * Bytes of WAL that the member has not flushed yet, by the walsender on its slot and the flush position; -1 if it is not connected.
 */
extern int64_t pgraft_slot_lag(int32_t node_id, uint64_t flushed);

#endif
