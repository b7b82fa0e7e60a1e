/*
 * wal_room.c
 *	  See wal_room.h.
 *
 * PostgreSQL makes the next segment before it needs it, whole and filled with zeros, when no recycled ones are left: two of 16 MB have to fit,
 * which is the largest that initdb makes here, and half as much for what else is written there until leadership is elsewhere.
 */
#include "postgres.h"

#include <sys/statvfs.h>

#include "access/xlog.h"
#include "access/xlog_internal.h"

#include "server/wal_room.h"

#define SHORT_BYTES (48 * 1024 * 1024)
#define AMPLE_BYTES (64 * 1024 * 1024)

bool
pgraft_wal_room_is_short(bool was_short, uint64_t *bytes)
{
	struct statvfs room;
	uint64_t wanted = was_short ? AMPLE_BYTES : SHORT_BYTES;

	if (statvfs(XLOGDIR, &room) != 0)
	{
		ereport(LOG, errcode_for_file_access(), errmsg("could not look at the file system of \"%s\": %m", XLOGDIR));
		return was_short;
	}
	*bytes = (uint64_t) room.f_bavail * room.f_frsize;
	return *bytes < wanted;
}
