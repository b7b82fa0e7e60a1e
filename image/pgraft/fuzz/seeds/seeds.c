/*
 * seeds.c
 *	  Writes valid inputs of the binary targets, one of each kind, into the corpora: seeds <corpus directory>.  From these the fuzzer goes on.
 */
#include "fuzz/seeds/seeds.h"

static const char *corpus;

void
save_seed(const char *target, const char *name, const void *bytes, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s/seed-%s", corpus, target, name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
	{
		perror(path);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: seeds <corpus directory>\n");
		return 2;
	}
	corpus = argv[1];
	write_message_seeds();
	write_greeting_seeds();
	write_log_seeds();
	write_raft_seeds();
	return 0;
}
