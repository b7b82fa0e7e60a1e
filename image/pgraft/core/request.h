/*
 * request.h
 *	  What the changing SQL functions ask for, and what came of it: plain values, which travel from the server where they were asked to the leader.
 */
#ifndef PGRAFT_REQUEST_H
#define PGRAFT_REQUEST_H

#include "core/types.h"

#define PGRAFT_MESSAGE_SIZE 256 /* of an outcome's texts, including the NUL */

typedef enum PgraftRequestKind
{
	PGRAFT_REQUEST_SET_CONFIG = 1,
	PGRAFT_REQUEST_ADD_NODE = 2,
	PGRAFT_REQUEST_REMOVE_NODE = 3,
	PGRAFT_REQUEST_TRANSFER = 4,
	PGRAFT_REQUEST_EVENT = 5 /* of the asking server; nobody waits for it but its own queue */
} PgraftRequestKind;

/* Unused fields are zero. */
typedef struct PgraftRequest
{
	PgraftRequestKind kind;
	int32_t node_id;				   /* ADD, REMOVE, TRANSFER (0: whoever suits best); EVENT: of whom */
	char key[PGRAFT_NAME_SIZE];		   /* SET_CONFIG */
	char value[PGRAFT_VALUE_SIZE];	   /* SET_CONFIG; EVENT: its detail */
	char address[PGRAFT_ADDRESS_SIZE]; /* ADD: host:port of Raft */
	int64_t at_ms;					   /* EVENT: Unix time */
	uint64_t term;					   /* EVENT */
	int32_t event_type;				   /* EVENT: PgraftEventType */
} PgraftRequest;

/* Each is one SQLSTATE. */
typedef enum PgraftOutcomeCode
{
	PGRAFT_OUTCOME_DONE = 1,
	PGRAFT_OUTCOME_INVALID,	  /* invalid_parameter_value: no change could ever make it right */
	PGRAFT_OUTCOME_UNKNOWN,	  /* undefined_object: no such member */
	PGRAFT_OUTCOME_DUPLICATE, /* duplicate_object: the id or the address is a member's */
	PGRAFT_OUTCOME_STATE,	  /* object_not_in_prerequisite_state */
	PGRAFT_OUTCOME_BUSY,	  /* object_in_use: another change is under way */
	PGRAFT_OUTCOME_NO_LEADER, /* cannot_connect_now: no leader, or no majority */
	PGRAFT_OUTCOME_UNSURE	  /* statement_completion_unknown: it may have been made, or may yet be */
} PgraftOutcomeCode;

typedef struct PgraftOutcome
{
	PgraftOutcomeCode code;
	uint64_t index;					   /* DONE: visible once the log is applied up to here */
	int32_t leader_id;				   /* DONE of TRANSFER: the new leader */
	char message[PGRAFT_MESSAGE_SIZE]; /* otherwise: what is wrong, with the value */
	char hint[PGRAFT_MESSAGE_SIZE];	   /* what to do; "" if there is nothing to say */
} PgraftOutcome;

#endif
