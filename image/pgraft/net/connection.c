/*
 * connection.c
 *	  A connection while its greeting is under way.
 *
 * It ends in exactly one way: released (its stream belongs to libraft or to a link from then on) or aborted (its handle is closed, and who
 * dialled is told).  It is freed when neither a handle nor a resolver request of it is pending.
 */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/clock.h"
#include "net/transport_private.h"

/* A busy network may be silent for this long, whatever the election timeout. */
#define LEAST_USER_TIMEOUT_MS 1000

static void
begin_greeting(PgraftGreeting *greeting, const PgraftTransportConfig *config)
{
	const PgraftKeys *keys = &config->keys;

	pgraft_greeting_init(greeting, config->crypto, keys->key[0].bytes, keys->key[0].size, &config->self);
	for (int i = 1; i < keys->n; i++)
		pgraft_greeting_accept_key(greeting, keys->key[i].bytes, keys->key[i].size);
}

PgraftConnection *
pgraft_connection_new(PgraftTransport *t)
{
	PgraftConnection *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->t = t;
	c->deadline_ms = pgraft_now_ms() + PGRAFT_GREETING_TIMEOUT_MS;
	c->failure = "it did not answer in time";
	c->write.data = c->connect.data = c->resolver.data = c;
	begin_greeting(&c->greeting, &t->config);
	c->next = t->connections;
	t->connections = c;
	return c;
}

int
pgraft_connection_open(PgraftConnection *c)
{
	int rc;

	c->tcp = raft_malloc(sizeof *c->tcp);
	if (c->tcp == NULL)
		return UV_ENOMEM;
	rc = uv_tcp_init(c->t->loop, c->tcp);
	if (rc != 0)
	{
		raft_free(c->tcp);
		c->tcp = NULL;
		return rc;
	}
	c->tcp->data = c;
	return 0;
}

/*
 * A stream whose peer acknowledges nothing for as long as an election takes is given up: a server that was cut off is written to on new ones when it
 * comes back, and does not wait until the kernel repeats itself on the old ones.
 */
void
pgraft_connection_tune(const PgraftTransport *t, uv_tcp_t *tcp)
{
	int one = 1;
	int three = 3;
	unsigned user_timeout = t->config.silence_ms > LEAST_USER_TIMEOUT_MS ? t->config.silence_ms : LEAST_USER_TIMEOUT_MS;
	int fd;

	uv_tcp_nodelay(tcp, 1);
	if (uv_fileno((uv_handle_t *) tcp, &fd) != 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &one, sizeof one);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &three, sizeof three);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof user_timeout);
}

static void
unlink_connection(PgraftConnection *c)
{
	PgraftConnection **at = &c->t->connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->incoming)
		c->t->n_incoming--;
}

/* Who dialled hears of the failure once, as soon as it is one, though a resolver request may still be out. */
static void
report_failed_dial(PgraftConnection *c)
{
	PgraftDialled done = c->done;

	c->done = NULL;
	if (done != NULL)
		done(c->done_arg, NULL, c->t->closing ? RAFT_CANCELED : RAFT_NOCONNECTION, c->failure);
}

void
pgraft_connection_maybe_free(PgraftConnection *c)
{
	PgraftTransport *t = c->t;

	if (!c->aborted || c->tcp != NULL)
		return;
	report_failed_dial(c);
	if (c->resolving)
		return;
	unlink_connection(c);
	free(c);
	pgraft_transport_maybe_closed(t);
}

static void
aborted_closed(uv_handle_t *handle)
{
	PgraftConnection *c = handle->data;

	raft_free(c->tcp);
	c->tcp = NULL;
	pgraft_connection_maybe_free(c);
}

void
pgraft_connection_abort(PgraftConnection *c)
{
	if (c->aborted)
		return;
	c->aborted = true;
	if (!c->incoming && !c->resolved)
		pgraft_doubt_address(c->t, c->address);
	if (c->resolving)
		uv_cancel((uv_req_t *) &c->resolver);
	if (c->tcp == NULL)
		pgraft_connection_maybe_free(c);
	else if (!uv_is_closing((uv_handle_t *) c->tcp))
		uv_close((uv_handle_t *) c->tcp, aborted_closed);
}

uv_stream_t *
pgraft_connection_release(PgraftConnection *c)
{
	uv_stream_t *stream = (uv_stream_t *) c->tcp;

	uv_read_stop(stream);
	stream->data = NULL;
	c->tcp = NULL;
	unlink_connection(c);
	return stream;
}

static void
give_buffer(uv_handle_t *handle, size_t suggested_size, uv_buf_t *buf)
{
	PgraftConnection *c = handle->data;

	(void) suggested_size;
	*buf = uv_buf_init((char *) c->reading, (unsigned) c->missing);
}

void
pgraft_connection_read(PgraftConnection *c, uint8_t *into, size_t size, uv_read_cb cb)
{
	c->reading = into;
	c->missing = size;
	if (uv_read_start((uv_stream_t *) c->tcp, give_buffer, cb) != 0)
		pgraft_connection_abort(c);
}

/* One more read is in: true when the message is whole.  Never asks for more than the message, so what follows stays unread. */
bool
pgraft_connection_advance(PgraftConnection *c, ssize_t nread)
{
	if (c->aborted)
		return false;
	if (nread < 0)
	{
		c->failure =
			"it ended the connection during the greeting, as a server with another node id or another key does";
		pgraft_connection_abort(c);
		return false;
	}
	c->reading += nread;
	c->missing -= (size_t) nread;
	if (c->missing > 0)
		return false;
	uv_read_stop((uv_stream_t *) c->tcp);
	return true;
}
