/*
 * model.h
 *	  A cluster in one process: real libraft servers in libraft's fixture, the extension's real state machine and decisions on top, and
 *	  model servers that hold WAL, stream, confirm, promote, rewind and die.
 *
 * WAL is an array of records, each with a number of its own; an LSN is a count of records.  What PostgreSQL does is here as far as it
 * matters for what is kept or lost; whatever may happen in another order in reality is left to the dice.
 */
#ifndef MODEL_H
#define MODEL_H

#include <raft.h>
#include <raft/fixture.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/policy.h"
#include "core/sync_names.h"

#define MAX_SERVERS	   5
#define MAX_WAL		   640
#define MAX_MESSAGES   256
#define MAX_CHUNK	   8
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
	bool barrier_pending;
	bool transfer_pending;
	bool apply_pending;
	int64_t transferred_at;
	uint64_t barrier_sent_term;
	uint64_t barrier_term;
	PgraftState state;
} Server;

typedef enum MessageType
{
	MESSAGE_FREE = 0,
	MESSAGE_REPORT,
	MESSAGE_WAL,
	MESSAGE_CONFIRM
} MessageType;

typedef struct Message
{
	MessageType type;
	int from;
	int to;
	unsigned to_run;
	int64_t at;
	uint64_t term;		 /* REPORT: of the sender; WAL: of the promotion */
	PgraftReport report; /* REPORT */
	unsigned session;	 /* WAL */
	int lsn;			 /* WAL: what it continues; CONFIRM: flushed so far */
	int n;
	uint32_t record[MAX_CHUNK];
} Message;

/* A promotion that happened, and the WAL that it took over: whatever was or will be acknowledged before it must be in there. */
typedef struct Happened
{
	uint64_t term;
	int32_t node_id;
	Wal wal;
} Happened;

/* How likely what is in this schedule; drawn once, so that schedules differ in kind. */
typedef struct Dice
{
	int lazy;		/* percent of its turns that a role worker misses */
	int delay_ms;	/* longest way of a message of ours */
	int loss;		/* percent of reports lost */
	int flush;		/* percent of the steps in which written WAL reaches the disk */
	int step_ms;	/* longest time of a freeze or a promotion */
	int rejoin_ms;	/* longest time of a part of a rewind or a clone */
	int write;		/* percent of the steps in which a client writes */
	int fault;		/* per thousand of the steps in which something breaks */
	int weight[16]; /* of each kind of fault */
	bool
		lease_holds; /* false: a primary accepts commits until its role worker says otherwise (R15: durability needs no lease) */
} Dice;

typedef struct Model
{
	uint64_t seed; /* state of the random numbers */
	bool trace;
	int n;
	int64_t now;
	struct raft_fixture fixture;
	Server servers[MAX_SERVERS];
	bool cut[MAX_SERVERS][MAX_SERVERS]; /* from, to */
	int64_t cut_until;
	Message messages[MAX_MESSAGES];
	Dice dice;
	bool healed;
	uint32_t next_record;
	int n_happened;
	Happened happened[MAX_HAPPENED];
	int acknowledged_end;
	uint32_t acknowledged[MAX_WAL]; /* by LSN - 1; 0: nobody was told of that record */
	int n_acknowledged;
	int n_acknowledged_healed;
	int n_rejoined;
	int n_crashes;
	bool blocked;	   /* by half rewound data, at the end */
	char failure[256]; /* what went wrong first */
} Model;

extern Model model;

/* dice.c */
extern int below(int n);
extern bool percent(int p);
extern int64_t soon(int max_ms);
extern void draw_dice(void);
extern void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* group.c: the Raft side */
extern void group_open(void);
extern void group_close(void);
extern void group_run_until(int64_t until);
extern void group_kill(Server *s);
extern void group_revive(Server *s);
extern void group_restart(Server *s);
extern void group_apply_cuts(void);
extern uint64_t group_term(const Server *s);
extern bool group_leads(const Server *s);
extern int32_t group_leader_of(const Server *s);
extern void group_propose(Server *s, const PgraftEntry *entry);
extern void group_transfer(Server *s, int32_t to);
extern void group_observe(Server *s);

/* disk.c */
extern void disk_wrap(struct raft_io *io);

/* role.c: the role worker */
extern void role_turn(Server *s);
extern bool role_has_lease(const Server *s, int64_t stall_ms);
extern void promote_now(Server *s);

/* stream.c: messages, WAL and clients */
extern bool linked(int from, int to);
extern void stream_deliver(void);
extern void stream_turn(Server *s);
extern void client_turn(Server *s);

/* life.c: crashes, restarts and rejoins */
extern void crash(Server *s, bool machine, int64_t down_ms);
extern void pause(Server *s, int64_t ms);
extern void life_turn(Server *s);
extern PgraftReport own_report(const Server *s, uint64_t term);
extern void begin_rejoin(Server *s, PgraftFit fit, uint64_t term);
extern void discard(Server *s);
extern bool data_is_whole(const Server *s);

/* faults.c */
extern void maybe_break(void);
extern void heal(void);

/* truth.c */
extern bool is_beginning(const Wal *a, int n, const Wal *b);
extern void note_promotion(const Server *s);
extern void note_acknowledged(const Server *s, int lsn);
extern bool has_converged(void);

#endif
