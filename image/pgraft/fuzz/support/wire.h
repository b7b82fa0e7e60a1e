/*
 * wire.h
 *	  libuv's side of connections, as far as net/ uses it: what a peer sends is handed to whoever reads, in pieces of any size, and what is
 *	  written to it is kept.  The functions have libuv's names and stand before those of the library.
 */
#ifndef PGRAFT_FUZZ_WIRE_H
#define PGRAFT_FUZZ_WIRE_H

#include <uv.h>

#include "fuzz/fuzz.h"

#define WIRE_MAX	 4
#define WIRE_WRITTEN 1024

typedef struct Wire
{
	uv_stream_t *stream; /* NULL: unused */
	uv_alloc_cb alloc;
	uv_read_cb read;
	bool reading;
	uv_close_cb close; /* set: it is closing */
	bool closing;
	uv_write_t *write;
	uv_write_cb written_cb;
	uint8_t written[WIRE_WRITTEN];
	size_t n_written;
} Wire;

/* Of the stream; NULL once it is closed. */
extern Wire *wire_of(const uv_stream_t *stream);

/* The stream that was accepted last. */
extern uv_stream_t *wire_accepted(void);

/* Hand over one piece of what the peer sends, as much as is asked for and is there; false: nobody reads. */
extern bool wire_send(uv_stream_t *stream, FuzzInput *from, size_t most);

/* The peer ends the connection; does nothing if nobody reads. */
extern void wire_end(uv_stream_t *stream);

/* Let writes and closes come to their ends, as the loop would. */
extern void wire_turn(void);

/* All handles are closed. */
extern bool wire_is_still(void);

#endif
