/*
 * dial.c
 *	  A connection that goes out: the last good address first, the resolver when that fails; then HELLO, CHALLENGE, PROOF.
 *
 * Docker's DNS, or any, may drop packets: a resolver request of one dead name must not hold up the others, so names are
 * resolved only after the kept address failed, in libuv's pool (which the worker makes large enough for all peers).  While such a request is out the kept
 * address is tried again: a server that was cut off most often comes back with it.  One that comes back with another says so itself
 * (addresses.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cluster_spec.h"
#include "net/clock.h"
#include "net/transport_private.h"

static void resolve(PgraftConnection *c);

static void
proof_written(uv_write_t *write, int status)
{
	PgraftConnection *c = write->data;
	PgraftTransport *t = c->t;

	if (c->aborted)
		return;
	if (status != 0)
	{
		pgraft_connection_abort(c);
		return;
	}
	pgraft_keep_peer_address(c);
	t->config.peer_met(t->config.arg, &c->greeting.peer);
	c->done(c->done_arg, pgraft_connection_release(c), 0, "");
	free(c);
}

static void
challenge_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *unused)
{
	PgraftConnection *c = stream->data;
	PgraftGreetingError error;
	uv_buf_t buf = uv_buf_init((char *) c->greeting.proof, sizeof c->greeting.proof);

	(void) unused;
	if (!pgraft_connection_advance(c, nread))
		return;
	error = pgraft_greeting_answer(&c->greeting);
	if (error != PGRAFT_GREETING_OK)
	{
		c->failure = pgraft_greeting_error_text(error);
		pgraft_transport_refuse(c->t, c->address, c->failure);
		pgraft_connection_abort(c);
	}
	else if (uv_write(&c->write, stream, &buf, 1, proof_written) != 0)
		pgraft_connection_abort(c);
}

static void
hello_written(uv_write_t *write, int status)
{
	PgraftConnection *c = write->data;

	if (c->aborted)
		return;
	if (status != 0)
		pgraft_connection_abort(c);
	else
		pgraft_connection_read(c, c->greeting.challenge, sizeof c->greeting.challenge, challenge_read);
}

static void
say_hello(PgraftConnection *c)
{
	uv_buf_t buf = uv_buf_init((char *) c->greeting.hello, sizeof c->greeting.hello);

	c->deadline_ms = pgraft_now_ms() + PGRAFT_GREETING_TIMEOUT_MS;
	pgraft_connection_tune(c->t, c->tcp);
	if (pgraft_greeting_hello(&c->greeting, c->greeting.kind, c->greeting.expected_peer) != PGRAFT_GREETING_OK ||
		uv_write(&c->write, (uv_stream_t *) c->tcp, &buf, 1, hello_written) != 0)
		pgraft_connection_abort(c);
}

static void
kept_address_closed(uv_handle_t *handle)
{
	PgraftConnection *c = handle->data;

	raft_free(c->tcp);
	c->tcp = NULL;
	if (c->aborted)
		pgraft_connection_maybe_free(c);
	else
		resolve(c);
}

static void
connected(uv_connect_t *connect, int status)
{
	PgraftConnection *c = connect->data;

	if (c->aborted || uv_is_closing((uv_handle_t *) c->tcp))
		return;
	if (status != 0)
		c->failure = uv_strerror(status);
	if (status == 0)
		say_hello(c);
	else if (c->resolved)
		pgraft_connection_abort(c);
	else
		uv_close((uv_handle_t *) c->tcp, kept_address_closed);
}

static void
connect_to(PgraftConnection *c, const struct sockaddr *address)
{
	c->deadline_ms = pgraft_now_ms() + PGRAFT_CONNECT_TIMEOUT_MS;
	if (pgraft_connection_open(c) != 0 || uv_tcp_connect(&c->connect, c->tcp, address, connected) != 0)
		pgraft_connection_abort(c);
}

static void
name_resolved(uv_getaddrinfo_t *resolver, int status, struct addrinfo *found)
{
	PgraftConnection *c = resolver->data;

	c->resolving = false;
	if (status == 0)
		pgraft_keep_address(c->t, c->address, (const struct sockaddr_in *) found->ai_addr);
	if (c->aborted)
		pgraft_connection_maybe_free(c);
	else if (status != 0)
	{
		c->failure = "its host name does not resolve";
		pgraft_connection_abort(c);
	}
	else
		connect_to(c, found->ai_addr);
	uv_freeaddrinfo(found);
}

/* One request per name at a time: a resolver that hangs must not use up the pool. */
static bool
is_being_resolved(const PgraftTransport *t, const char *address)
{
	for (const PgraftConnection *c = t->connections; c != NULL; c = c->next)
		if (c->resolving && strcmp(c->address, address) == 0)
			return true;
	return false;
}

static void
resolve(PgraftConnection *c)
{
	static const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	char host[PGRAFT_ADDRESS_SIZE];
	char service[8];
	uint16_t port;
	char why[256];

	c->resolved = true;
	c->deadline_ms = pgraft_now_ms() + PGRAFT_RESOLVE_TIMEOUT_MS;
	if (is_being_resolved(c->t, c->address))
	{
		pgraft_connection_abort(c);
		return;
	}
	if (!pgraft_address_parse(c->address, host, sizeof host, &port, why, sizeof why))
	{
		c->t->config.log(why);
		pgraft_connection_abort(c);
		return;
	}
	snprintf(service, sizeof service, "%u", port);
	if (uv_getaddrinfo(c->t->loop, &c->resolver, name_resolved, host, service, &hints) != 0)
		pgraft_connection_abort(c);
	else
		c->resolving = true;
}

bool
pgraft_transport_dial(PgraftTransport *t, PgraftStreamKind kind, int32_t node_id, const char *address,
					  PgraftDialled done, void *arg)
{
	PgraftConnection *c = pgraft_connection_new(t);
	const PgraftKnownAddress *known;

	if (c == NULL)
		return false;
	c->done = done;
	c->done_arg = arg;
	c->greeting.kind = kind;
	c->greeting.expected_peer = node_id;
	snprintf(c->address, sizeof c->address, "%s", address);
	snprintf(c->remote, sizeof c->remote, "%.*s", (int) sizeof c->remote - 1, address);
	known = pgraft_known_address(t, address);
	if (known != NULL && (!known->doubtful || is_being_resolved(t, address)))
		connect_to(c, (const struct sockaddr *) &known->sockaddr);
	else
		resolve(c);
	return true;
}

static void
dialled_for_raft(void *arg, uv_stream_t *stream, int status, const char *why)
{
	struct raft_uv_connect *req = arg;

	(void) why;
	req->cb(req, stream, status);
}

int
pgraft_dial_for_raft(struct raft_uv_transport *rt, struct raft_uv_connect *req, raft_id id, const char *address,
					 raft_uv_connect_cb cb)
{
	req->cb = cb;
	return pgraft_transport_dial(rt->impl, PGRAFT_STREAM_RAFT, (int32_t) id, address, dialled_for_raft, req)
			   ? 0
			   : RAFT_NOMEM;
}
