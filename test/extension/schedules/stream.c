/*
 * stream.c
 *	  What goes between the model servers beside Raft: reports, WAL, confirmations; and the clients.
 */
#include <string.h>

#include "model.h"

bool
linked(int from, int to)
{
	return model.servers[from].life == LIFE_UP && model.servers[to].life == LIFE_UP && !model.cut[from][to];
}

/* NULL: no room, it is lost. */
static Message *
send_message(MessageType type, const Server *from, int to)
{
	for (int i = 0; i < MAX_MESSAGES; i++)
	{
		Message *m = &model.messages[i];

		if (m->type != MESSAGE_FREE)
			continue;
		m->type = type;
		m->from = from->index;
		m->to = to;
		m->to_run = model.servers[to].run;
		m->incarnation = from->incarnation;
		m->at = soon(model.dice.delay_ms);
		return m;
	}
	return NULL;
}

static void
receive_report(Server *to, const Message *m)
{
	to->heard_at[m->from] = model.now;
	if (m->term == group_term(to))
		to->heard[m->from] = m->report;
}

static void
receive_wal(Server *to, const Message *m)
{
	if (to->following_term != m->term || to->session != m->session || to->wal.n != m->lsn || to->wal.n + m->n > MAX_WAL)
		return;
	memcpy(to->wal.record + to->wal.n, m->record, (size_t) m->n * sizeof(*m->record));
	to->wal.n += m->n;
	to->asked_wal_at = 0;
}

static void
receive_confirmation(Server *to, const Message *m)
{
	if (to->in_recovery || to->promoting_term != m->term)
		return;
	if (to->confirmed_by[m->from] != m->incarnation)
		to->confirmed[m->from] = 0;
	to->confirmed_by[m->from] = m->incarnation;
	if (to->confirmed[m->from] < m->lsn)
		to->confirmed[m->from] = m->lsn;
}

static void
deliver(const Message *m)
{
	Server *to = &model.servers[m->to];

	if (!linked(m->from, m->to) || to->run != m->to_run)
		return;
	switch (m->type)
	{
		case MESSAGE_REPORT:
			receive_report(to, m);
			break;
		case MESSAGE_WAL:
			receive_wal(to, m);
			break;
		case MESSAGE_CONFIRM:
			receive_confirmation(to, m);
			break;
		case MESSAGE_FREE:
			break;
	}
}

void
stream_deliver(void)
{
	for (int i = 0; i < MAX_MESSAGES; i++)
	{
		Message *m = &model.messages[i];

		if (m->type == MESSAGE_FREE || m->at > model.now)
			continue;
		deliver(m);
		m->type = MESSAGE_FREE;
	}
}

static void
answer(Server *s)
{
	int32_t leader = group_leader_of(s);
	Message *m;

	if (!s->formed || leader == 0 || leader == s->id || model.now - s->answered_at < ANSWER_MS)
		return;
	s->answered_at = model.now;
	if (percent(model.dice.loss))
		return;
	m = send_message(MESSAGE_REPORT, s, leader - 1);
	if (m == NULL)
		return;
	m->term = group_term(s);
	m->report = s->report;
}

/* The next records from the source, as far as it has flushed them; asked for again when they do not come. */
static void
ask_for_wal(Server *s)
{
	Server *source = &model.servers[s->source];
	Message *m;
	int n;

	if (s->asked_wal_at != 0 && model.now - s->asked_wal_at < model.dice.delay_ms + ANSWER_MS)
		return;
	if (!linked(s->source, s->index) || !linked(s->index, s->source))
		return;
	if (source->in_recovery || source->promoting_term != s->following_term)
		return;
	if (!is_beginning(&s->wal, s->wal.n, &source->wal))
	{
		fail("server %d streams onto another history: from server %d at %d", s->id, source->id, s->wal.n);
		return;
	}
	n = source->wal.flushed - s->wal.n;
	if (n <= 0 || (m = send_message(MESSAGE_WAL, source, s->index)) == NULL)
		return;
	m->term = s->following_term;
	m->session = s->session;
	m->lsn = s->wal.n;
	m->n = n > MAX_CHUNK ? MAX_CHUNK : n;
	memcpy(m->record, source->wal.record + m->lsn, (size_t) m->n * sizeof(*m->record));
	s->asked_wal_at = model.now;
}

/* R3: data that is not whole confirms nothing. */
static void
confirm(Server *s)
{
	Message *m;

	if (!data_is_whole(s))
		return;
	if (model.now - s->confirmed_at < 10 || (m = send_message(MESSAGE_CONFIRM, s, s->source)) == NULL)
		return;
	s->confirmed_at = model.now;
	m->term = s->following_term;
#ifdef MUTANT_CONFIRM_UNFLUSHED
	m->lsn = s->wal.n;
#else
	m->lsn = s->wal.flushed;
#endif
}

void
stream_turn(Server *s)
{
	if (percent(model.dice.flush))
		s->wal.flushed = s->wal.n;
	answer(s);
	if (s->following_term == 0 || !s->in_recovery)
		return;
	ask_for_wal(s);
	confirm(s);
}

/* Somebody writes to whoever takes it, and those who wait are told once enough servers have it. */
void
client_turn(Server *s)
{
	if (s->in_recovery)
		return;
	while (s->acknowledged < s->wal.n && setting_confirms(s, s->acknowledged + 1))
	{
		s->acknowledged++;
		if (s->wal.record[s->acknowledged - 1] & CLIENT_RECORD)
			note_acknowledged(s, s->acknowledged);
	}
	if (!s->serving || s->wal.n >= MAX_WAL - MAX_HAPPENED || !percent(model.dice.write))
		return;
	if (model.dice.lease_holds && !role_has_lease(s, 0))
		return;
	s->wal.record[s->wal.n++] = CLIENT_RECORD | model.next_record++;
}
