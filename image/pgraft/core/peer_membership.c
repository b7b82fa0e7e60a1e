/*
 * peer_membership.c
 *	  The messages of peer_message.h by which servers become and cease to be members, and ask the leader for changes.
 *
 *	 PRESENT	string group_id, u8 formed, u64 configuration_index, u64 system_identifier, string incarnation
 *	 INVITE		string group_id, u64 index, string incarnation
 *	 REMOVED	string group_id, u64 index
 *	 REQUEST	u8 kind, i32 node_id, then SET_CONFIG: string key, string value; ADD_NODE: string address;
 *				EVENT: i64 at_ms, u64 term, i32 event_type, string value
 *	 OUTCOME	u8 code, u64 index, u8 leader_id, string message, string hint
 *
 * A request's values are for the leader to judge, which answers with a reason: here only what no server would send is refused.
 */
#include "core/peer_parts.h"

#include "core/cluster_spec.h"

static bool
is_id(const char *text)
{
	return bounded_length(text, PGRAFT_GROUP_SIZE) < PGRAFT_GROUP_SIZE && pgraft_incarnation_valid(text);
}

static bool
is_id_or_none(const char *text)
{
	return text[0] == '\0' || is_id(text);
}

static bool
notice_in_range(const PgraftPeerMessage *message)
{
	const PgraftMembershipNotice *notice = &message->u.notice;

	if (message->seq != 0 || notice->index == 0 || !is_id(notice->group_id))
		return false;
	return message->type == PGRAFT_PEER_INVITE ? is_id(notice->incarnation) : notice->incarnation[0] == '\0';
}

static bool
request_in_range(const PgraftRequest *request)
{
	switch (request->kind)
	{
		case PGRAFT_REQUEST_SET_CONFIG:
		case PGRAFT_REQUEST_ADD_NODE:
		case PGRAFT_REQUEST_REMOVE_NODE:
		case PGRAFT_REQUEST_TRANSFER:
			return true;
		case PGRAFT_REQUEST_EVENT:
			return request->event_type > 0;
	}
	return false;
}

static bool
outcome_in_range(const PgraftOutcome *outcome)
{
	return outcome->code >= PGRAFT_OUTCOME_DONE && outcome->code <= PGRAFT_OUTCOME_UNSURE && outcome->leader_id >= 0 &&
		   outcome->leader_id <= PGRAFT_MAX_NODES;
}

bool
pgraft_peer_membership_in_range(const PgraftPeerMessage *message)
{
	switch (message->type)
	{
		case PGRAFT_PEER_PRESENT:
			return message->seq == 0 && is_id_or_none(message->u.presence.group_id) &&
				   is_id_or_none(message->u.presence.incarnation);
		case PGRAFT_PEER_INVITE:
		case PGRAFT_PEER_REMOVED:
			return notice_in_range(message);
		case PGRAFT_PEER_REQUEST:
			return message->seq > 0 && request_in_range(&message->u.request);
		case PGRAFT_PEER_OUTCOME:
			return message->seq > 0 && outcome_in_range(&message->u.outcome);
		case PGRAFT_PEER_BEAT:
		case PGRAFT_PEER_ANSWER:
			break;
	}
	return false;
}

static void
put_presence(ByteWriter *w, const PgraftPresence *presence)
{
	put_string(w, presence->group_id, sizeof(presence->group_id));
	put_u8(w, presence->formed ? 1 : 0);
	put_u64(w, presence->configuration_index);
	put_u64(w, presence->system_identifier);
	put_string(w, presence->incarnation, sizeof(presence->incarnation));
}

static void
get_presence(ByteReader *r, PgraftPresence *presence)
{
	uint8_t formed;

	get_string(r, presence->group_id, sizeof(presence->group_id));
	formed = get_u8(r);
	if (formed > 1)
		r->failed = true;
	presence->formed = formed == 1;
	presence->configuration_index = get_u64(r);
	presence->system_identifier = get_u64(r);
	get_string(r, presence->incarnation, sizeof(presence->incarnation));
}

static void
put_request(ByteWriter *w, const PgraftRequest *request)
{
	put_u8(w, (uint8_t) request->kind);
	put_u32(w, (uint32_t) request->node_id);
	switch (request->kind)
	{
		case PGRAFT_REQUEST_SET_CONFIG:
			put_string(w, request->key, sizeof(request->key));
			put_string(w, request->value, sizeof(request->value));
			break;
		case PGRAFT_REQUEST_ADD_NODE:
			put_string(w, request->address, sizeof(request->address));
			break;
		case PGRAFT_REQUEST_EVENT:
			put_u64(w, (uint64_t) request->at_ms);
			put_u64(w, request->term);
			put_u32(w, (uint32_t) request->event_type);
			put_string(w, request->value, sizeof(request->value));
			break;
		case PGRAFT_REQUEST_REMOVE_NODE:
		case PGRAFT_REQUEST_TRANSFER:
			break;
	}
}

static void
get_request(ByteReader *r, PgraftRequest *request)
{
	uint8_t kind = get_u8(r);

	if (kind < PGRAFT_REQUEST_SET_CONFIG || kind > PGRAFT_REQUEST_EVENT)
	{
		r->failed = true;
		return;
	}
	request->kind = (PgraftRequestKind) kind;
	request->node_id = get_i32(r);
	switch (request->kind)
	{
		case PGRAFT_REQUEST_SET_CONFIG:
			get_string(r, request->key, sizeof(request->key));
			get_string(r, request->value, sizeof(request->value));
			break;
		case PGRAFT_REQUEST_ADD_NODE:
			get_string(r, request->address, sizeof(request->address));
			break;
		case PGRAFT_REQUEST_EVENT:
			request->at_ms = (int64_t) get_u64(r);
			request->term = get_u64(r);
			request->event_type = get_i32(r);
			get_string(r, request->value, sizeof(request->value));
			break;
		case PGRAFT_REQUEST_REMOVE_NODE:
		case PGRAFT_REQUEST_TRANSFER:
			break;
	}
}

static void
put_outcome(ByteWriter *w, const PgraftOutcome *outcome)
{
	put_u8(w, (uint8_t) outcome->code);
	put_u64(w, outcome->index);
	put_u8(w, (uint8_t) outcome->leader_id);
	put_string(w, outcome->message, sizeof(outcome->message));
	put_string(w, outcome->hint, sizeof(outcome->hint));
}

static void
get_outcome(ByteReader *r, PgraftOutcome *outcome)
{
	uint8_t code = get_u8(r);

	if (code < PGRAFT_OUTCOME_DONE || code > PGRAFT_OUTCOME_UNSURE)
	{
		r->failed = true;
		return;
	}
	outcome->code = (PgraftOutcomeCode) code;
	outcome->index = get_u64(r);
	outcome->leader_id = get_u8(r);
	get_string(r, outcome->message, sizeof(outcome->message));
	get_string(r, outcome->hint, sizeof(outcome->hint));
}

void
pgraft_put_peer_membership(ByteWriter *w, const PgraftPeerMessage *message)
{
	if (message->type == PGRAFT_PEER_PRESENT)
		put_presence(w, &message->u.presence);
	else if (message->type == PGRAFT_PEER_REQUEST)
		put_request(w, &message->u.request);
	else if (message->type == PGRAFT_PEER_OUTCOME)
		put_outcome(w, &message->u.outcome);
	else
	{
		put_string(w, message->u.notice.group_id, sizeof(message->u.notice.group_id));
		put_u64(w, message->u.notice.index);
		if (message->type == PGRAFT_PEER_INVITE)
			put_string(w, message->u.notice.incarnation, sizeof(message->u.notice.incarnation));
	}
}

void
pgraft_get_peer_membership(ByteReader *r, PgraftPeerMessage *message)
{
	if (message->type == PGRAFT_PEER_PRESENT)
		get_presence(r, &message->u.presence);
	else if (message->type == PGRAFT_PEER_REQUEST)
		get_request(r, &message->u.request);
	else if (message->type == PGRAFT_PEER_OUTCOME)
		get_outcome(r, &message->u.outcome);
	else
	{
		get_string(r, message->u.notice.group_id, sizeof(message->u.notice.group_id));
		message->u.notice.index = get_u64(r);
		if (message->type == PGRAFT_PEER_INVITE)
			get_string(r, message->u.notice.incarnation, sizeof(message->u.notice.incarnation));
	}
}
