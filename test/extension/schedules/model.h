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

#include "server.h"

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
	int incarnation; /* of the sender's data */
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
	int lazy;			  /* percent of its turns that a role worker misses */
	int delay_ms;		  /* longest way of a message of ours */
	int loss;			  /* percent of reports lost */
	int flush;			  /* percent of the steps in which written WAL reaches the disk */
	int step_ms;		  /* longest time of a freeze or a promotion */
	int rejoin_ms;		  /* longest time of a part of a rewind or a clone */
	int write;			  /* percent of the steps in which a client writes */
	int fault;			  /* per thousand of the steps in which something breaks */
	int weight[N_FAULTS]; /* of each kind of fault */
	bool
		lease_holds; /* false: a primary accepts commits until its role worker says otherwise (R15: durability needs no lease) */
} Dice;

typedef struct Model
{
	uint64_t seed; /* state of the random numbers */
	bool trace;
	int n;		 /* servers */
	int n_first; /* those of the first configuration; the others wait to be added */
	bool to_add[MAX_SERVERS];
	bool to_remove[MAX_SERVERS];
	int last_incarnation;
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
	int n_lost;
	int n_voters_made;
	int n_removed;
	uint32_t applied[MAX_LOG]; /* by index: the checksum of what was applied there first; 0: nothing yet */
	bool blocked;			   /* by half rewound data, at the end */
	char failure[256];		   /* what went wrong first */
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
extern void group_wipe(Server *s);
extern void group_join(Server *s);
extern struct raft *raft_of(const Server *s);

/* membership.c */
extern void membership_turn(Server *s);
extern void lose_everything(Server *s);

/* confirm.c: the synchronous setting and the WAL barrier */
extern bool setting_fits(const Server *s);
extern bool wal_barrier_reached(Server *s, const Server *newcomer);
extern void setting_turn(Server *s);
extern bool setting_confirms(const Server *s, int lsn);
extern int known_incarnation(const Server *s, int index);

/* fsm.c */
extern void fsm_init(Server *s);

/* disk.c */
extern void disk_wrap(struct raft_io *io);
extern void disk_wipe(struct raft_io *io);

/* quorum.c */
extern raft_index group_configuration_index(const Server *s);
extern bool group_is_voter(const Server *s, int32_t id);
extern int group_voters(const Server *s);
extern const Server *best_informed(void);
extern int intact_voters(const Server *view, const Server *except);
extern bool is_blocked(void);

/* role.c: the role worker */
extern void role_turn(Server *s);
extern void role_propose(Server *s, PgraftEntryType type, uint64_t term);
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
extern void note_applied(const Server *s, const uint8_t *bytes, size_t size);
extern void note_intent(const Server *s, const PgraftEntry *entry);

#endif
