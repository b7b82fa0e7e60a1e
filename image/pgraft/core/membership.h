/*
 * membership.h
 *	  Changing who belongs to the cluster: the next step of a change, and which changes are refused, as pure functions of what the leader knows.
 *
 * Nothing is remembered that cannot be lost with the leader: what has to be done follows from libraft's configuration, the replicated state and what
 * the servers say of themselves, so that the next leader goes on where the last one ended.  A server becomes a spare (known to everybody, gets no
 * log), is invited and makes its Raft state, becomes a standby (gets the log), then a voter.
 *
 * The rules R4, R13 and R14 of safety.md are in here.
 */
#ifndef PGRAFT_MEMBERSHIP_H
#define PGRAFT_MEMBERSHIP_H

#include "core/request.h"
#include "core/state_machine.h"
#include "core/types.h"

typedef enum PgraftMemberRole
{
	PGRAFT_SPARE = 1,
	PGRAFT_STANDBY,
	PGRAFT_VOTER
} PgraftMemberRole;

/* A server of libraft's configuration. */
typedef struct PgraftServer
{
	int32_t node_id;
	char address[PGRAFT_ADDRESS_SIZE];
	PgraftMemberRole role;
	bool reachable;		  /* heard lately; true for the leader itself */
	uint64_t match_index; /* of its log, as far as this leader knows */
	int64_t lag_bytes;	  /* WAL of the primary that it has not flushed yet; -1: it does not stream */
	bool wants_rejoin;	  /* its data has to be rewound or cloned first */
} PgraftServer;

/* What a server, member or not, says of itself. */
typedef struct PgraftSeen
{
	bool fresh; /* said lately: otherwise the next four are nothing */
	bool formed;
	bool same_group; /* or of a group whose id it does not know yet */
	uint64_t system_identifier;
	char incarnation[PGRAFT_INCARNATION_SIZE];
	char address[PGRAFT_ADDRESS_SIZE];	  /* where this server is connected to it; "": it is not */
	char advertised[PGRAFT_ADDRESS_SIZE]; /* where it says that it is; "": it has not said so yet */
	char refusal[PGRAFT_DETAIL_SIZE];	  /* why it is not; "": not known */
	int64_t orphaned_ms; /* so long this leader has seen it in the state, but not in the configuration */
} PgraftSeen;

typedef enum PgraftChangeKind
{
	PGRAFT_CHANGE_NONE = 0,
	PGRAFT_CHANGE_ADD,
	PGRAFT_CHANGE_REMOVE
} PgraftChangeKind;

typedef struct PgraftChange
{
	PgraftChangeKind kind;
	int32_t node_id;
	char address[PGRAFT_ADDRESS_SIZE]; /* ADD */
	bool asked;						   /* by somebody; otherwise the leader mends what it found */
	int64_t
		deadline_ms; /* asked, ADD: the server must have been heard by then; moved on whenever it is, once it is configured */
} PgraftChange;

typedef struct PgraftMembershipView
{
	int64_t now_ms;
	int32_t self;
	uint64_t system_identifier;
	bool
		settled; /* R14: serves as the leader of this term, all of the configuration is committed, nothing of ours is on its way */
	bool quorum;				  /* a majority of the voters answers */
	uint64_t configuration_index; /* committed */
	uint64_t barrier_index;		  /* R13: the configuration under which the newest barrier was reached; 0: none */
	int32_t barrier_node;		  /* the newcomer that has reached it too; 0: none */
	int n_servers;
	PgraftServer servers[PGRAFT_MAX_NODES];
	PgraftSeen seen[PGRAFT_MAX_NODES + 1]; /* by node id */
	const PgraftState *state;
} PgraftMembershipView;

typedef enum PgraftStepKind
{
	PGRAFT_STEP_NONE = 0,	   /* wait */
	PGRAFT_STEP_CONNECT,	   /* to the address of the change */
	PGRAFT_STEP_FORGET_MEMBER, /* commit that its name and incarnation are gone */
	PGRAFT_STEP_ADD, /* as a spare; what the state may still have of an earlier member of that id is forgotten right before */
	PGRAFT_STEP_INVITE,			/* to make its Raft state */
	PGRAFT_STEP_ASSIGN_STANDBY, /* the log is sent to it */
	PGRAFT_STEP_WANT_BARRIER,	/* under the configuration of now, for the server as well if it is to be a voter */
	PGRAFT_STEP_ASSIGN_VOTER,
	PGRAFT_STEP_REMOVE,
	PGRAFT_STEP_DONE, /* nothing is left to be done */
	PGRAFT_STEP_FAIL  /* given up, see outcome */
} PgraftStepKind;

typedef struct PgraftStep
{
	PgraftStepKind kind;
	int32_t node_id;	   /* of the change; WANT_BARRIER: the newcomer, 0 if there is none */
	PgraftOutcome outcome; /* FAIL */
} PgraftStep;

/* How long a server that is to be added may take to be heard. */
#define PGRAFT_MEET_DEADLINE_MS 10000

/* How long one that was removed because of a loss is waited for, until its member entry is forgotten. */
#define PGRAFT_ORPHAN_MS 60000

/* The next step of a change.  FAIL only for one that was asked for: what is mended waits. */
extern PgraftStep pgraft_membership_step(const PgraftMembershipView *view, const PgraftChange *change);

/* What the leader can go on to mend now, without being asked; kind NONE: nothing. */
extern PgraftChange pgraft_membership_mend(const PgraftMembershipView *view);

extern const PgraftServer *pgraft_view_server(const PgraftMembershipView *view, int32_t node_id);

/* Do the voters that answer, and stream from this leader, remain a majority when this one is gone? */
extern bool pgraft_majority_without(const PgraftMembershipView *view, int32_t node_id);

#endif
