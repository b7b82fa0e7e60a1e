/*
 * member_process.h
 *	  What the members of these tests have in common: keys and addresses on the loopback, commands on standard input, the end.
 *
 * Included once by each program, which defines obey().
 */
#ifndef MEMBER_PROCESS_H
#define MEMBER_PROCESS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

#include "hmac_sha256.h"
#include "net/consensus.h"
#include "net/files.h"

static char line[256];
static size_t line_size;

/* One command, without its line end. */
static void obey(const char *command);

static bool
hmac(const uint8_t *key, size_t key_size, const uint8_t *const parts[], const size_t sizes[], int n, uint8_t *out)
{
	hmac_sha256(key, key_size, parts, sizes, n, out);
	return true;
}

static bool
random_bytes(uint8_t *out, size_t size)
{
	return getrandom(out, size, 0) == (ssize_t) size;
}

static const PgraftCrypto crypto = {.hmac = hmac, .random = random_bytes};

static void
log_line(const char *message)
{
	fprintf(stderr, "%s\n", message);
}

static void
fatal(const char *message)
{
	log_line(message);
	_exit(1);
}

static void
commands_came(uv_poll_t *poll, int poll_status, int events)
{
	char c;

	(void) poll;
	(void) poll_status;
	(void) events;
	if (read(STDIN_FILENO, &c, 1) != 1)
		_exit(0);
	if (c != '\n')
	{
		if (line_size == sizeof line - 1)
			fatal("a command is too long");
		line[line_size++] = c;
		return;
	}
	line[line_size] = '\0';
	line_size = 0;
	obey(line);
}

static void
give_token(const char *data_dir)
{
	char path[1024];

	snprintf(path, sizeof path, "%s/formation.consumed", data_dir);
	if (pgraft_file_exists(path))
		return;
	snprintf(path, sizeof path, "%s/formation.token", data_dir);
	if (pgraft_make_directory(data_dir) != 0 || pgraft_write_durably(path, "token\n", 6) != 0)
		fatal("could not write the formation token");
}

/* A key of one letter. */
static void
set_key(PgraftKey *key, int letter)
{
	key->size = 32;
	memset(key->bytes, letter, key->size);
}

/* The first n_members form the group; node i listens on port 7000 + i. */
static void
configure_loopback(PgraftConsensusConfig *config, int n_members)
{
	config->initial_cluster.n = n_members;
	for (int i = 0; i < config->initial_cluster.n; i++)
	{
		snprintf(config->initial_cluster.nodes[i].name, PGRAFT_NAME_SIZE, "node%d", i + 1);
		snprintf(config->initial_cluster.nodes[i].address, PGRAFT_ADDRESS_SIZE, "127.0.0.1:%d", 7001 + i);
	}
	strcpy(config->listen_host, "127.0.0.1");
	config->listen_port = (uint16_t) (7000 + config->self.node_id);
	config->keys.n = 1;
	set_key(&config->keys.key[0], 'k');
	config->crypto = &crypto;
}

#endif
