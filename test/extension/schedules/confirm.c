/*
 * confirm.c
 *	  Who confirms a commit, and the WAL barrier (safety.md R10-R13): what the role worker of the primary does.
 */
#include <stdlib.h>
#include <string.h>

#include "model.h"

/* By the log; servers that were never lost have none there. */
int
known_incarnation(const Server *s, int index)
{
	const PgraftMember *member = pgraft_state_member(&s->state, index + 1);

	return member == NULL ? 0 : (int) strtol(member->incarnation, NULL, 16);
}

bool
setting_fits(const Server *s)
{
	const Setting *setting = &s->setting;

	if (setting->configuration == 0 || setting->configuration != group_configuration_index(s))
		return false;
	for (int i = 0; i < setting->n; i++)
		if (setting->incarnation[i] != known_incarnation(s, setting->index[i]))
			return false;
	return true;
}

static void
make_setting(Server *s)
{
	s->setting.configuration = group_configuration_index(s);
	s->setting.n = 0;
	for (int i = 0; i < model.n; i++)
	{
		if (!group_is_voter(s, i + 1))
			continue;
		s->setting.index[s->setting.n] = i;
		s->setting.incarnation[s->setting.n++] = known_incarnation(s, i);
	}
}

/* It takes a while until the processes that apply a setting have it (R12); {self} alone must be committed (R11). */
void
setting_turn(Server *s)
{
	raft_index newest = group_configuration_index(s);

	if (!s->serving || setting_fits(s))
		return;
	if (group_voters(s) == 1 && raft_of(s)->configuration_uncommitted_index != 0)
	{
		memset(&s->setting, 0, sizeof(s->setting));
		return;
	}
	if (s->setting_due != newest)
	{
		s->setting_due = newest;
		s->setting_at = soon(model.dice.step_ms);
	}
	else if (model.now >= s->setting_at)
	{
		s->setting_due = 0;
		make_setting(s);
	}
}

static bool
has_confirmed(const Server *s, int index, int incarnation, int lsn)
{
	return s->confirmed_by[index] == incarnation && s->confirmed[index] >= lsn;
}

bool
setting_confirms(const Server *s, int lsn)
{
	const Setting *setting = &s->setting;
	int count = 0;

	for (int i = 0; i < setting->n; i++)
		if (setting->index[i] != s->index && has_confirmed(s, setting->index[i], setting->incarnation[i], lsn))
			count++;
	return setting->configuration != 0 && s->wal.flushed >= lsn && count >= pgraft_sync_count(setting->n);
}

/* R13: a majority of the voters, and the newcomer, have flushed a position that was taken under the setting of this configuration. */
bool
wal_barrier_reached(Server *s, const Server *newcomer)
{
	int count = 0;

#ifdef MUTANT_NO_WAL_BARRIER
	return true;
#endif
	if (s->wal_barrier_for != s->setting.configuration)
	{
		s->wal_barrier_for = s->setting.configuration;
		s->wal_barrier = s->wal.flushed;
	}
	for (int i = 0; i < s->setting.n; i++)
		count += s->setting.index[i] == s->index ||
				 has_confirmed(s, s->setting.index[i], s->setting.incarnation[i], s->wal_barrier);
	if (count <= s->setting.n / 2)
		return false;
	return newcomer == NULL || has_confirmed(s, newcomer->index, newcomer->incarnation, s->wal_barrier);
}
