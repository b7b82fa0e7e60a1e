/*
 * consensus_private.h
 *	  What the files of the Raft member share: consensus.c (form, join, start), turn.c (what every turn of the loop does), ticks.c,
 *	  links.c (with whom this server is linked), beats.c (beats, answers, reports), lease.c, detection.c (is the leader dead?),
 *	  presence.c (who is there beside the members),
 *	  leave.c (transfer, stop), log.c (entries in and out),
 *	  keys_in_use.c (the keys of the greetings), member_names.c (what the log says of members), members_file.c (the same for the entry point),
 *	  membership.c (changes of the configuration), requests.c (changes that are asked for).
 */
#ifndef PGRAFT_CONSENSUS_PRIVATE_H
#define PGRAFT_CONSENSUS_PRIVATE_H

#include "core/candidacy.h"
#include "net/consensus.h"
#include "net/detection.h"
#include "net/formation.h"
#include "net/io.h"
#include "net/membership.h"
#include "net/peers.h"
#include "net/presence.h"
#include "net/requests.h"

/* Beats and answers.  Whatever was heard is of one term, and forgotten when the term changes. */
typedef struct PgraftBeats
{
	uv_timer_t timer; /* runs while this server leads */
	uint64_t term;
	int32_t leader_id;		  /* of that term, as far as known */
	int64_t leading_since_ms; /* this server leads; 0: it does not */
	uint64_t seq;			  /* of the newest beat: sent, or heard */
	PgraftBeat newest;		  /* sent, or heard; term 0: none */
	PgraftPeerMessage early;  /* a beat of early_from, 0: none, that libraft does not take for the leader yet */
	int32_t early_from;
	PgraftReport own_report;
	bool reported;								/* the leader has been sent it */
	PgraftReport reports[PGRAFT_MAX_NODES + 1]; /* leader: of the others, by node id */
	int64_t answered_ms[PGRAFT_MAX_NODES + 1];	/* leader: when the newest beat was sent that they have answered */
	int64_t lease_until_ms;						/* as published */
} PgraftBeats;

typedef struct PgraftConsensus
{
	PgraftConsensusConfig config;
	PgraftFormation files;
	PgraftFormed formed;
	uv_loop_t *loop;
	bool running;	  /* libraft is started; before that there is only the network */
	bool recovering;  /* until the data's chain stands in the log of the new group */
	bool established; /* a promotion record was committed once: every voter may stand */
	char established_path[1024];
	struct raft raft;
	struct raft_io io;
	struct raft_fsm fsm;
	PgraftIo layer;
	PgraftTransport *transport;
	PgraftPeers peers;
	PgraftBeats beats;
	PgraftDetection detection;
	PgraftCandidacy candidacy;
	PgraftPresences presences;
	uint64_t group_named_term; /* in which this server, as the leader, has proposed a name of the group */
	uv_prepare_t before_poll;
	uv_check_t after_poll;
	uv_timer_t warmer;
	uv_timer_t stopper;
	unsigned tick_count;
	uint64_t commit_told;		/* leader: commit index at the last turn */
	unsigned timeout_in_use_ms; /* what libraft was last told */
	struct raft_barrier barrier;
	bool barrier_pending;
	uint64_t barrier_sent_term;
	uint64_t barrier_term; /* applied */
	struct raft_transfer transfer;
	bool transferring;
	bool stopping;
	PgraftState state;
	bool state_changed; /* since it was published last */
	PgraftRaftStatus published;
	PgraftIdentity met[PGRAFT_MAX_NODES + 1]; /* by node id; node_id 0: not met */
	bool member_pending;					  /* a MEMBER entry of ours is under way */
	PgraftMembership membership;
	PgraftRequests requests;
	bool mismatch_logged[PGRAFT_MAX_NODES + 1];
	uint32_t key_fingerprints[PGRAFT_MAX_KEYS];
	char members_text[PGRAFT_MAX_NODES * (PGRAFT_ADDRESS_SIZE + 32)]; /* of the members' file */
	int64_t members_failed_ms;										  /* when it could not be written, 0: it is there */
} PgraftConsensus;

extern PgraftConsensus pgraft_group;

/* libraft's terms and ours (core/types.h). */
static inline uint64_t
pgraft_term(raft_term term)
{
	return term == 0 ? 0 : term - 1;
}

/* libraft's ticks, before a leader's are thinned out. */
#define PGRAFT_TICK_MS 10

/* A tick that a leader sees is a heartbeat for all to whom it has sent nothing for so long. */
#define PGRAFT_LEAST_SILENCE_MS 1

/* turn.c: from now on, look at libraft before and after each wait of the loop. */
extern void pgraft_turns_begin(PgraftConsensus *g);

/* ticks.c: the pass_tick hook of the io layer; at each turn. */
extern bool pgraft_pass_tick(void *arg);
extern void pgraft_tell_commits(PgraftConsensus *g);

/* The election timeout that the state asks for; was a peer heard within that timeout? */
extern void pgraft_adjust_timeout(PgraftConsensus *g);
extern bool pgraft_heard_lately(const PgraftConsensus *g, raft_id id, int64_t now);

/* turn.c: the barrier's term counts from now on. */
extern void pgraft_barrier_passed(PgraftConsensus *g);

/* Is it in libraft's newest configuration? */
extern bool pgraft_is_configured(const PgraftConsensus *g, int32_t node_id);

/* links.c: at the start, listen, and be linked with whoever it takes (libraft comes when there is state for it); and at each turn. */
extern void pgraft_links_begin(PgraftConsensus *g);
extern void pgraft_links_turn(PgraftConsensus *g);

/* beats.c: at the start, at each turn, what comes over the links, and what it has to say for the status. */
extern void pgraft_beats_init(PgraftConsensus *g);
extern void pgraft_beats_turn(PgraftConsensus *g);
extern void pgraft_beats_came(PgraftConsensus *g, int32_t from, const PgraftPeerMessage *message);
extern void pgraft_beats_linked_to(PgraftConsensus *g, int32_t node_id);
extern void pgraft_beats_describe(const PgraftConsensus *g, PgraftRaftStatus *status);

/* lease.c */
extern void pgraft_lease_turn(PgraftConsensus *g);

/* consensus.c: start libraft on the state that an invitation allows; the chain of a recovered group is committed; end the worker. */
extern void pgraft_consensus_join(PgraftConsensus *g, const PgraftMembershipNotice *invitation);
extern void pgraft_consensus_recovered(PgraftConsensus *g);
extern void pgraft_consensus_fatal(const char *what, const char *why);

extern void pgraft_log_init_fsm(void);

/*
 * Publish the state if it has changed.  Not after each entry: a worker that starts anew applies its whole log, and nobody should act on what
 * was so once.
 */
extern void pgraft_log_publish(void);
extern void pgraft_member_names_remember(void *arg, const PgraftIdentity *peer);
extern void pgraft_member_names_propose(void);

/* leave.c: give leadership to a voter because somebody asked for it; at each turn; log.c: its entry is committed, or not. */
extern void pgraft_hand_over_begin(PgraftConsensus *g, int32_t to);
extern void pgraft_hand_over_turn(PgraftConsensus *g);
extern void pgraft_hand_over_committed(PgraftConsensus *g, bool committed);

/* keys_in_use.c: at the start, and what it has to say for the status. */
extern void pgraft_keys_begin(PgraftConsensus *g);
extern void pgraft_keys_describe(const PgraftConsensus *g, PgraftRaftStatus *status);

/* members_file.c: keep <data_dir>/members as it should be. */
extern void pgraft_members_file_turn(PgraftConsensus *g);

/* Tickets of proposals that the member makes itself. */
#define PGRAFT_TICKET_MEMBER	UINT64_MAX
#define PGRAFT_TICKET_LEADER	(UINT64_MAX - 1)
#define PGRAFT_TICKET_FORGET	(UINT64_MAX - 2)
#define PGRAFT_TICKET_RECOVERED (UINT64_MAX - 3)
#define PGRAFT_TICKET_TRANSFER	(UINT64_MAX - 5)
#define PGRAFT_TICKET_NOTE		(UINT64_MAX - 4) /* whatever becomes of it */

/* And of requests that it does as the leader: this bit is set, and the rest counts. */
#define PGRAFT_TICKET_REQUEST (UINT64_C(1) << 62)

#endif
