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
	bool fresh; /* said lately: otherwise the rest is nothing */
	bool formed;
	bool same_group; /* or of a group that it does not know yet */
	uint64_t system_identifier;
	char incarnation[PGRAFT_INCARNATION_SIZE];
	char address[PGRAFT_ADDRESS_SIZE]; /* where this server is connected to it */
	bool lost; /* it says again and again that it has no Raft state, though it voted or acknowledged entries before */
	char refusal[PGRAFT_DETAIL_SIZE]; /* why no link to it can be made; "": not known */
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
		deadline_ms; /* asked: by then this leader must serve, and the server to be added must have said of itself that it has no Raft state */
} PgraftChange;

typedef struct PgraftMembershipView
{
	int64_t now_ms;
	int32_t self;
	uint64_t system_identifier;
	bool
		settled; /* R14: serves as the leader of this term, no configuration uncommitted, no transfer, nothing of ours on its way into the log */
	bool quorum; /* a majority of the voters answers */
	int64_t leading_ms;			  /* so long ago it became settled first in this term */
	uint64_t configuration_index; /* committed */
	uint64_t barrier_index;		  /* R13: the configuration under which the newest barrier was reached, 0: none */
	int32_t barrier_node;		  /* and the newcomer that has reached it too; 0: none */
	int n_servers;
	PgraftServer servers[PGRAFT_MAX_NODES];
	PgraftSeen seen[PGRAFT_MAX_NODES + 1]; /* by node id */
	const PgraftState *state;
} PgraftMembershipView;

typedef enum PgraftStepKind
{
	PGRAFT_STEP_NONE = 0,		/* wait */
	PGRAFT_STEP_CONNECT,		/* to the address of the change */
	PGRAFT_STEP_FORGET_MEMBER,	/* commit that its name and incarnation are gone */
	PGRAFT_STEP_ADD,			/* as a spare */
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
	int32_t node_id;	   /* of the change; WANT_BARRIER: the newcomer, or 0 */
	PgraftOutcome outcome; /* FAIL */
} PgraftStep;

/* How long a change that was asked for waits for the server, and a new leader for those that its predecessor left half done. */
#define PGRAFT_MEET_DEADLINE_MS 10000

/* The next step of a change.  FAIL only for one that was asked for: a mend that cannot go on waits. */
extern PgraftStep pgraft_membership_step(const PgraftMembershipView *view, const PgraftChange *change);

/* What the leader mends without being asked; kind NONE: nothing.  A member that only the state knows is one of a change of kind REMOVE. */
extern PgraftChange pgraft_membership_mend(const PgraftMembershipView *view);

extern const PgraftServer *pgraft_view_server(const PgraftMembershipView *view, int32_t node_id);

#endif
