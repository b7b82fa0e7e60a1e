/*
 * transport.c
 *	  See transport.h.  Here: the listener, time-outs, closing; connection.c is one connection, dial.c and accept.c its two directions.
 */
#include "net/transport_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/clock.h"

#define SWEEP_INTERVAL_MS 100
#define LISTEN_BACKLOG	  64

void
pgraft_transport_maybe_closed(PgraftTransport *t)
{
	if (t->closing && t->open_handles == 0 && t->connections == NULL && t->n_raft_streams == 0 && t->close_cb != NULL)
	{
		raft_uv_transport_close_cb cb = t->close_cb;

		t->close_cb = NULL;
		cb(&t->raft);
	}
}

void
pgraft_transport_refuse(PgraftTransport *t, const char *remote, const char *why)
{
	uint64_t unlogged;
	bool crowd;
	char message[256];

	(*t->config.refusals)++;
	if (!pgraft_refusals_note(&t->refusals, remote, pgraft_now_ms(), &unlogged, &crowd))
		return;
	snprintf(message, sizeof message, "connection with %s refused: %s (%llu more%s since the last such line)", remote,
			 why, (unsigned long long) unlogged, crowd ? " of many hosts" : "");
	t->config.log(message);
}

static void
sweep(uv_timer_t *timer)
{
	PgraftTransport *t = timer->data;
	int64_t now = pgraft_now_ms();
	PgraftConnection *next;

	for (PgraftConnection *c = t->connections; c != NULL; c = next)
	{
		next = c->next;
		if (now < c->deadline_ms)
			continue;
		if (c->incoming)
			pgraft_accept_timed_out(c);
		else
			pgraft_connection_abort(c);
	}
}

static int
init(struct raft_uv_transport *rt, raft_id id, const char *address)
{
	(void) rt;
	(void) id;
	(void) address;
	return 0;
}

static bool
listen_failed(PgraftTransport *t, const char *what, int rc)
{
	snprintf(t->raft.errmsg, sizeof t->raft.errmsg, "could not %s %s:%u: %s", what, t->config.listen_host,
			 t->config.listen_port, uv_strerror(rc));
	return false;
}

bool
pgraft_transport_listen(PgraftTransport *t)
{
	struct sockaddr_in address;
	int rc;

	rc = uv_ip4_addr(t->config.listen_host, t->config.listen_port, &address);
	if (rc != 0)
		return listen_failed(t, "understand the listen address", rc);
	uv_tcp_init(t->loop, &t->listener);
	uv_timer_init(t->loop, &t->sweeper);
	t->listener.data = t->sweeper.data = t;
	t->listening = true;
	t->open_handles = 2;
	rc = uv_tcp_bind(&t->listener, (const struct sockaddr *) &address, 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *) &t->listener, LISTEN_BACKLOG, pgraft_accept);
	if (rc != 0)
		return listen_failed(t, "listen on", rc);
	uv_timer_start(&t->sweeper, sweep, SWEEP_INTERVAL_MS, SWEEP_INTERVAL_MS);
	return true;
}

/* libraft is ready to be told what its peers send; the streams themselves it does not get. */
static int
admit_raft(struct raft_uv_transport *rt, raft_uv_accept_cb cb)
{
	PgraftTransport *t = rt->impl;

	(void) cb;
	t->raft_started = true;
	return 0;
}

static void
handle_closed(uv_handle_t *handle)
{
	PgraftTransport *t = handle->data;

	t->open_handles--;
	pgraft_transport_maybe_closed(t);
}

static void
close_transport(struct raft_uv_transport *rt, raft_uv_transport_close_cb cb)
{
	PgraftTransport *t = rt->impl;
	PgraftConnection *next;

	t->closing = true;
	t->close_cb = cb;
	if (t->listening)
	{
		uv_close((uv_handle_t *) &t->listener, handle_closed);
		uv_close((uv_handle_t *) &t->sweeper, handle_closed);
	}
	for (PgraftConnection *c = t->connections; c != NULL; c = next)
	{
		next = c->next;
		pgraft_connection_abort(c);
	}
	pgraft_raft_streams_close(t);
	pgraft_transport_maybe_closed(t);
}

PgraftTransport *
pgraft_transport_new(uv_loop_t *loop, const PgraftTransportConfig *config)
{
	PgraftTransport *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->loop = loop;
	t->config = *config;
	t->raft.version = 1;
	t->raft.impl = t;
	t->raft.init = init;
	t->raft.listen = admit_raft;
	t->raft.connect = pgraft_dial_for_raft;
	t->raft.close = close_transport;
	return t;
}

void
pgraft_transport_use_keys(PgraftTransport *t, const PgraftKeys *keys)
{
	t->config.keys = *keys;
}

static void
free_stream(uv_handle_t *handle)
{
	raft_free(handle);
}

void
pgraft_stream_close(uv_stream_t **stream)
{
	uv_close((uv_handle_t *) *stream, free_stream);
	*stream = NULL;
}

struct raft_uv_transport *
pgraft_transport_raft(PgraftTransport *t)
{
	return &t->raft;
}
