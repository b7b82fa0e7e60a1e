/*
 * server.h
 *	  A model server: what it has on disk, and its process.
 */
#ifndef SERVER_H
#define SERVER_H

#include <raft.h>
#include <raft/fixture.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/codec.h"
#include "core/policy.h"
#include "core/sync_names.h"

#define MAX_SERVERS	   5
#define MAX_WAL		   640
#define MAX_MESSAGES   256
#define MAX_CHUNK	   8
#define N_FAULTS	   20
#define MAX_LOG		   1024
#define MAX_HAPPENED   64
#define FIRST_RECORDS  4 /* that initdb made, the same everywhere */
#define CLIENT_RECORD  0x80000000u
#define ELECTION_MS	   200
#define HEARTBEAT_MS   40
#define ANSWER_MS	   50
#define MIN_DOWN_MS	   130 /* until nothing of the dead server's I/O is left in the fixture */
#define REJOIN_WAIT_MS 400

typedef struct Wal
{
	int n;		 /* written */
	int flushed; /* <= n */
	uint32_t record[MAX_WAL];
} Wal;

typedef enum MarkerState
{
	MARKER_NONE = 0,
	MARKER_REQUESTED, /* the data is whole */
	MARKER_WORKING,	  /* the data is neither the old nor the new */
	MARKER_DONE		  /* the data is new, but perhaps not complete */
} MarkerState;

/* The file pgraft/rejoin. */
typedef struct Marker
{
	MarkerState state;
	bool rewind;
	uint64_t term;	  /* of the primary that it is taken from */
	int until;		  /* its flush position when the work began */
	PgraftReport old; /* where the old data ended: the witness */
} Marker;

/* Who confirms a commit: the voters of one configuration, by the incarnations that the log knew. */
typedef struct Setting
{
	raft_index configuration; /* 0: nobody can confirm */
	int n;
	int index[MAX_SERVERS];
	int incarnation[MAX_SERVERS];
} Setting;

typedef enum Life
{
	LIFE_UP,
	LIFE_PAUSED,
	LIFE_DOWN
} Life;

typedef struct Server
{
	int index;
	int32_t id;

	/* on disk */
	Wal wal;
	int n_chain;
	PgraftPromotion chain[PGRAFT_MAX_PROMOTIONS];
	Marker marker;
	int incarnation;	  /* of its data: another number whenever it is lost */
	bool formed;		  /* it has Raft state; otherwise it waits to be added */
	bool to_wipe;		  /* its Raft state is to go before it starts again */
	raft_index joined_at; /* neither votes nor stands before this entry is applied */

	/* the process */
	Life life;
	int64_t wake_at; /* DOWN: started then; PAUSED: goes on then */
	unsigned run;	 /* number of its present run: what was meant for an older one is lost */
	bool in_recovery;
	uint64_t promoting_term;
	int64_t promoted_at; /* when the promotion that was asked for happens */
	uint64_t frozen_term;
	uint64_t freezing_term;
	int64_t frozen_at;
	uint64_t following_term;
	int source;		  /* index of the server that it streams from */
	unsigned session; /* of the stream */
	int64_t asked_wal_at;
	int64_t confirmed_at;
	PgraftReport report;
	int64_t answered_at;

	/* of the others, by index */
	PgraftReport heard[MAX_SERVERS];
	int64_t heard_at[MAX_SERVERS];
	int confirmed[MAX_SERVERS];
	int confirmed_by[MAX_SERVERS]; /* which incarnation did */
	Setting setting;			   /* in force, of the primary */
	raft_index setting_due;		   /* the configuration that the next one is made of; 0: none under way */
	int64_t setting_at;
	raft_index wal_barrier_for; /* the configuration that the WAL barrier was taken under; 0: none */
	int wal_barrier;
	bool serving;
	int acknowledged; /* up to this LSN nobody waits any more */

	/* a rejoin under way */
	int64_t rejoin_at;
	int64_t rejoin_since;
	int rejoin_from; /* index, -1: none chosen */
	unsigned rejoin_run;
	Wal staged;
	int n_staged_chain;
	PgraftPromotion staged_chain[PGRAFT_MAX_PROMOTIONS];

	/* Raft */
	struct raft_fsm fsm;
	struct raft_barrier barrier;
	struct raft_transfer transfer;
	struct raft_apply apply;
	struct raft_change change;
	bool change_pending;
	bool barrier_pending;
	bool transfer_pending;
	bool apply_pending;
	int64_t transferred_at;
	uint64_t barrier_sent_term;
	uint64_t barrier_term;
	PgraftState state;
} Server;

#endif
