/*
 * state_files.c
 *	  The files of pgraft.data_dir that say whether there is Raft state (net/formation.h), whatever lies there.  What is believed is written
 *	  the same again, so that no damage is taken for another state.
 *
 * Input: a byte (odd: the file recover, even: formed) and the file's content.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cluster_spec.h"
#include "net/files.h"
#include "net/formation.h"

static PgraftFormation files;

static void
begin(void)
{
	char directory[] = "/tmp/pgraft-fuzz-XXXXXX";

	if (files.data_dir[0] != '\0')
		return;
	HOLDS(mkdtemp(directory) != NULL && pgraft_formation_init(&files, directory));
	HOLDS(pgraft_formation_begin(&files) == 0);
}

/* What the file says, read without the reader under test. */
static bool
is_text(FuzzInput content)
{
	return content.size == 0 || memchr(content.data, '\0', content.size) == NULL;
}

static void
check_formed(FuzzInput content)
{
	PgraftFormed formed;
	PgraftFormed again;
	char written[512];
	char err[1200] = "";
	PgraftFormationState state = pgraft_formation_read(&files, &formed, err, sizeof err);

	/* There is no raft/metadata: by a file that is believed the state is lost as well as by one that is not. */
	HOLDS(state == PGRAFT_FORMATION_LOST && err[0] != '\0');
	if (strstr(err, "is damaged") != NULL)
		return;
	HOLDS(is_text(content) && formed.node_id > 0);
	HOLDS(formed.group_id[0] == '\0' || pgraft_incarnation_valid(formed.group_id));
	HOLDS(pgraft_formation_commit(&files, &formed) == 0);
	HOLDS(pgraft_read_file(files.formed_path, written, sizeof written) == 0);
	/* an older pgraft wrote the same without the checksum in the first line */
	HOLDS(content.size <= strlen(written) &&
		  memcmp(written + strlen(written) - content.size, content.data, content.size) == 0);
	HOLDS(pgraft_formation_read(&files, &again, err, sizeof err) == state);
	HOLDS(again.joining == formed.joining && again.joined_at == formed.joined_at && again.promises == formed.promises);
}

static void
check_recover(FuzzInput content)
{
	char err[1200] = "";
	uint64_t term = 1;

	if (pgraft_formation_recovery(&files, &term, err, sizeof err))
		HOLDS(term > 0 && term <= INT64_MAX && is_text(content));
	else
		HOLDS(err[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FuzzInput in = {.data = data, .size = size};
	bool recover = take_u8(&in) % 2 == 1;

	begin();
	put_file(recover ? files.recover_path : files.formed_path, in);
	if (recover)
		check_recover(in);
	else
		check_formed(in);
	return 0;
}
