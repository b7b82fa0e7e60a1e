/*
 * accept.c
 *	  A connection that came in: read HELLO, write CHALLENGE, read PROOF, and only then give the stream to whom it is for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/transport_private.h"

static void
refuse_because(PgraftConnection *c, const char *why)
{
	if (c->aborted)
		return;
	pgraft_transport_refuse(c->t, c->remote, why);
	pgraft_connection_abort(c);
}

static void
refuse(PgraftConnection *c, PgraftGreetingError error)
{
	refuse_because(c, pgraft_greeting_error_text(error));
}

/* Whoever looks whether the port is open (a scan, a load balancer, a member that suspects the leader) is only counted. */
static void
caller_gone(PgraftConnection *c)
{
	if (c->aborted)
		return;
	if (c->reading == c->greeting.hello)
	{
		(*c->t->config.silent)++;
		pgraft_connection_abort(c);
	}
	else if (c->reading < c->greeting.hello + sizeof c->greeting.hello)
		refuse_because(c, "it ended the connection within its greeting");
	else
		refuse_because(c, "it ended the connection at our challenge, as a server with another key does");
}

void
pgraft_accept_timed_out(PgraftConnection *c)
{
	refuse_because(c, "it did not greet in time");
}

static void
hand_over(PgraftTransport *t, const PgraftGreeting *greeting, uv_stream_t *stream)
{
	if (greeting->kind == PGRAFT_STREAM_PEER)
		t->config.peer_stream(t->config.arg, greeting->peer.node_id, stream);
	else
		pgraft_raft_streams_accept(t, &greeting->peer, stream);
}

static void
proof_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
	PgraftConnection *c = stream->data;
	PgraftTransport *t = c->t;
	PgraftGreetingError error;

	(void) buf;
	if (nread < 0)
		caller_gone(c);
	if (!pgraft_connection_advance(c, nread))
		return;
	error = pgraft_greeting_verify(&c->greeting);
	if (error != PGRAFT_GREETING_OK)
	{
		refuse(c, error);
		return;
	}
	pgraft_learn_caller_address(c);
	t->config.peer_met(t->config.arg, &c->greeting.peer);
	hand_over(t, &c->greeting, pgraft_connection_release(c));
	free(c);
}

static void
challenge_written(uv_write_t *write, int status)
{
	PgraftConnection *c = write->data;

	if (c->aborted)
		return;
	if (status != 0)
		pgraft_connection_abort(c);
	else
		pgraft_connection_read(c, c->greeting.proof, sizeof c->greeting.proof, proof_read);
}

static void
hello_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *unused)
{
	PgraftConnection *c = stream->data;
	PgraftGreetingError error;
	uv_buf_t buf = uv_buf_init((char *) c->greeting.challenge, sizeof c->greeting.challenge);

	(void) unused;
	if (nread < 0)
		caller_gone(c);
	if (!pgraft_connection_advance(c, nread))
		return;
	error = pgraft_greeting_challenge(&c->greeting);
	if (error != PGRAFT_GREETING_OK)
		refuse(c, error);
	else if (uv_write(&c->write, stream, &buf, 1, challenge_written) != 0)
		pgraft_connection_abort(c);
}

static void
name_remote(PgraftConnection *c)
{
	struct sockaddr_in address;
	int size = sizeof address;
	char host[64] = "an unknown address";

	if (uv_tcp_getpeername(c->tcp, (struct sockaddr *) &address, &size) == 0)
		uv_ip4_name(&address, host, sizeof host);
	snprintf(c->remote, sizeof c->remote, "%s", host);
}

/* This one included. */
static int
pending_of_host(const PgraftTransport *t, const char *host)
{
	int n = 0;

	for (const PgraftConnection *c = t->connections; c != NULL; c = c->next)
		n += c->incoming && !c->aborted && strcmp(c->remote, host) == 0;
	return n;
}

void
pgraft_accept(uv_stream_t *listener, int status)
{
	PgraftTransport *t = listener->data;
	PgraftConnection *c;

	if (status != 0 || t->closing)
		return;
	c = pgraft_connection_new(t);
	if (c == NULL)
		return;
	c->incoming = true;
	t->n_incoming++;
	if (pgraft_connection_open(c) != 0 || uv_accept(listener, (uv_stream_t *) c->tcp) != 0)
	{
		pgraft_connection_abort(c);
		return;
	}
	name_remote(c);
	if (t->n_incoming > PGRAFT_MAX_PENDING_GREETINGS || pending_of_host(t, c->remote) > PGRAFT_MAX_PENDING_OF_HOST)
	{
		refuse_because(c, "too many greetings at a time");
		return;
	}
	pgraft_connection_tune(c->t, c->tcp);
	pgraft_connection_read(c, c->greeting.hello, sizeof c->greeting.hello, hello_read);
}
