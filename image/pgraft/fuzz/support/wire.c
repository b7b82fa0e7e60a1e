/*
 * wire.c
 *	  See wire.h.
 */
#include "fuzz/support/wire.h"

static Wire wires[WIRE_MAX];
static uv_stream_t *accepted;

Wire *
wire_of(const uv_stream_t *stream)
{
	for (int i = 0; i < WIRE_MAX; i++)
		if (stream != NULL && wires[i].stream == stream)
			return &wires[i];
	return NULL;
}

/* Of a handle that must be there. */
static Wire *
open_wire(const void *handle)
{
	Wire *wire = wire_of(handle);

	HOLDS(wire != NULL && !wire->closing);
	return wire;
}

uv_stream_t *
wire_accepted(void)
{
	return accepted;
}

bool
wire_send(uv_stream_t *stream, FuzzInput *from, size_t most)
{
	Wire *wire = wire_of(stream);
	uv_buf_t buf = {0};
	FuzzInput piece;

	if (wire == NULL || wire->closing || !wire->reading || from->size == 0)
		return false;
	wire->alloc((uv_handle_t *) stream, 65536, &buf);
	HOLDS(buf.base != NULL && buf.len > 0);
	piece = take_part(from, most < buf.len ? most : buf.len);
	memcpy(buf.base, piece.data, piece.size);
	wire->read(stream, (ssize_t) piece.size, &buf);
	return true;
}

void
wire_end(uv_stream_t *stream)
{
	Wire *wire = wire_of(stream);
	uv_buf_t none = {0};

	if (wire != NULL && !wire->closing && wire->reading)
		wire->read(stream, UV_EOF, &none);
}

void
wire_turn(void)
{
	for (int i = 0; i < WIRE_MAX; i++)
	{
		Wire *wire = &wires[i];
		uv_stream_t *stream = wire->stream;
		uv_close_cb close = wire->close;

		if (wire->write != NULL)
		{
			uv_write_t *write = wire->write;

			wire->write = NULL;
			wire->written_cb(write, wire->closing ? UV_ECANCELED : 0);
		}
		if (stream == NULL || !wire->closing)
			continue;
		close = wire->close;
		memset(wire, 0, sizeof *wire);
		close((uv_handle_t *) stream);
	}
}

bool
wire_is_still(void)
{
	for (int i = 0; i < WIRE_MAX; i++)
		if (wires[i].stream != NULL)
			return false;
	return true;
}

int
uv_tcp_init(uv_loop_t *loop, uv_tcp_t *tcp)
{
	int i = 0;

	while (i < WIRE_MAX && wires[i].stream != NULL)
		i++;
	if (i == WIRE_MAX)
		return UV_EMFILE;
	memset(tcp, 0, sizeof *tcp);
	wires[i] = (Wire){.stream = (uv_stream_t *) tcp};
	return 0;
}

int
uv_accept(uv_stream_t *listener, uv_stream_t *stream)
{
	(void) open_wire(stream);
	accepted = stream;
	return 0;
}

int
uv_read_start(uv_stream_t *stream, uv_alloc_cb alloc, uv_read_cb read)
{
	Wire *wire = open_wire(stream);

	wire->alloc = alloc;
	wire->read = read;
	wire->reading = true;
	return 0;
}

int
uv_read_stop(uv_stream_t *stream)
{
	Wire *wire = wire_of(stream);

	HOLDS(wire != NULL);
	wire->reading = false;
	return 0;
}

int
uv_write(uv_write_t *req, uv_stream_t *stream, const uv_buf_t bufs[], unsigned n, uv_write_cb cb)
{
	Wire *wire = open_wire(stream);

	for (unsigned i = 0; i < n; i++)
	{
		HOLDS(bufs[i].len <= sizeof wire->written - wire->n_written);
		memcpy(wire->written + wire->n_written, bufs[i].base, bufs[i].len);
		wire->n_written += bufs[i].len;
	}
	HOLDS(wire->write == NULL);
	wire->write = req;
	wire->written_cb = cb;
	return 0;
}

void
uv_close(uv_handle_t *handle, uv_close_cb cb)
{
	Wire *wire = open_wire(handle);

	wire->closing = true;
	wire->reading = false;
	wire->close = cb;
}

int
uv_is_closing(const uv_handle_t *handle)
{
	const Wire *wire = wire_of((const uv_stream_t *) handle);

	HOLDS(wire != NULL);
	return wire->closing;
}

int
uv_tcp_getpeername(const uv_tcp_t *tcp, struct sockaddr *name, int *size)
{
	return uv_ip4_addr("10.0.0.2", 40000, (struct sockaddr_in *) name);
}

int
uv_tcp_nodelay(uv_tcp_t *tcp, int on)
{
	return 0;
}

int
uv_fileno(const uv_handle_t *handle, uv_os_fd_t *fd)
{
	return UV_EBADF;
}
