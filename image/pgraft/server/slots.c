/*
 * slots.c
 *	  See slots.h.
 */
#include "postgres.h"

#include "replication/slot.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/spin.h"

#include "server/slots.h"

#define PREFIX "pgraft_node_"

void
pgraft_slot_name(int32_t node_id, char *buf, size_t size)
{
	snprintf(buf, size, PREFIX "%d", node_id);
}

static bool
next_own_slot(int *from, NameData *name, bool *active)
{
	bool found = false;

	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	while (!found && *from < max_replication_slots)
	{
		ReplicationSlot *slot = &ReplicationSlotCtl->replication_slots[(*from)++];

		if (!slot->in_use || strncmp(NameStr(slot->data.name), PREFIX, strlen(PREFIX)) != 0)
			continue;
		*name = slot->data.name;
		SpinLockAcquire(&slot->mutex);
		*active = slot->active_pid != 0;
		SpinLockRelease(&slot->mutex);
		found = true;
	}
	LWLockRelease(ReplicationSlotControlLock);
	return found;
}

static bool
is_of(const char *slot, const int32_t *node_ids, int n)
{
	char name[PGRAFT_SLOT_NAME_SIZE];

	for (int i = 0; i < n; i++)
	{
		pgraft_slot_name(node_ids[i], name, sizeof name);
		if (strcmp(slot, name) == 0)
			return true;
	}
	return false;
}

void
pgraft_slots_drop_but(const int32_t *node_ids, int n)
{
	NameData name;
	bool active;
	int from = 0;

	while (next_own_slot(&from, &name, &active))
		if (!active && !is_of(NameStr(name), node_ids, n))
			ReplicationSlotDrop(NameStr(name), true);
}

void
pgraft_slots_drop_all(void)
{
	pgraft_slots_drop_but(NULL, 0);
}

/* An invalidated slot holds no WAL any more, though PostgreSQL lets a standby stream on it: it makes way for a new one. */
static bool
is_usable(const char *name)
{
	ReplicationSlot *slot;
	bool invalidated = false;
	bool active = false;

	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	slot = SearchNamedReplicationSlot(name, false);
	if (slot != NULL)
	{
		SpinLockAcquire(&slot->mutex);
		invalidated = slot->data.invalidated != RS_INVAL_NONE;
		active = slot->active_pid != 0;
		SpinLockRelease(&slot->mutex);
	}
	LWLockRelease(ReplicationSlotControlLock);
	if (slot != NULL && invalidated && !active)
	{
		ReplicationSlotDrop(name, true);
		return false;
	}
	return slot != NULL;
}

void
pgraft_slots_create(const int32_t *node_ids, int n)
{
	char name[PGRAFT_SLOT_NAME_SIZE];

	for (int i = 0; i < n; i++)
	{
		pgraft_slot_name(node_ids[i], name, sizeof name);
		if (is_usable(name))
			continue;
		ReplicationSlotCreate(name, false, RS_PERSISTENT, false, false, false);
		ReplicationSlotRelease();
	}
}

static pid_t
slot_user(int32_t node_id)
{
	char name[PGRAFT_SLOT_NAME_SIZE];
	ReplicationSlot *slot;
	pid_t pid = 0;

	pgraft_slot_name(node_id, name, sizeof name);
	LWLockAcquire(ReplicationSlotControlLock, LW_SHARED);
	slot = SearchNamedReplicationSlot(name, false);
	if (slot != NULL)
	{
		SpinLockAcquire(&slot->mutex);
		pid = slot->active_pid;
		SpinLockRelease(&slot->mutex);
	}
	LWLockRelease(ReplicationSlotControlLock);
	return pid;
}

int64_t
pgraft_slot_lag(int32_t node_id, uint64_t flushed)
{
	pid_t pid = slot_user(node_id);

	for (int i = 0; pid != 0 && i < max_wal_senders; i++)
	{
		WalSnd *walsender = &WalSndCtl->walsnds[i];
		XLogRecPtr confirmed = InvalidXLogRecPtr;

		SpinLockAcquire(&walsender->mutex);
		if (walsender->pid == pid)
			confirmed = walsender->flush;
		SpinLockRelease(&walsender->mutex);
		if (!XLogRecPtrIsInvalid(confirmed))
			return flushed > confirmed ? (int64_t) (flushed - confirmed) : 0;
	}
	return -1;
}
