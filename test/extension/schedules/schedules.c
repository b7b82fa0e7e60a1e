/*
 * schedules.c
 *	  Random schedules: no acknowledged record is ever lost, and once nothing breaks any more somebody serves.
 *
 * usage: schedules --seed S [--count N] [--trace] [--only-losses]
 *
 * Runs the schedules of the seeds S, S+1, ... S+N-1; the first that fails ends it with its seed, and --seed with that one and --trace
 * plays it again.  With --only-losses a schedule that gets stuck is no failure: what a rule is for is told from what its absence blocks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define BROKEN_MS	5000
#define HEALED_MS	20000 /* a hundred election timeouts */
#define LONGEST_GAP 12

Model model;
static bool only_losses;

static void
set_up(uint64_t seed, bool with_trace)
{
	memset(&model, 0, sizeof(model));
	model.seed = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	model.trace = with_trace;
	for (int i = 0; i < 4; i++)
		(void) below(2);
	draw_dice();
	model.next_record = 1;
	for (int i = 0; i < model.n; i++)
	{
		Server *s = &model.servers[i];

		s->index = i;
		s->id = i + 1;
		s->in_recovery = true;
		s->run = 1;
		for (uint32_t k = 0; k < FIRST_RECORDS; k++)
			s->wal.record[k] = k + 1;
		s->wal.n = s->wal.flushed = FIRST_RECORDS;
	}
	model.next_record = FIRST_RECORDS + 1;
	group_open();
}

static void
step(void)
{
	int first = below(model.n);

	group_run_until(model.now + 1 + below(LONGEST_GAP));
	stream_deliver();
	for (int i = 0; i < model.n; i++)
	{
		Server *s = &model.servers[(first + i) % model.n];

		life_turn(s);
		if (s->life != LIFE_UP)
			continue;
		group_observe(s);
		role_turn(s);
		if (s->life == LIFE_UP)
			membership_turn(s);
		if (s->life != LIFE_UP)
			continue;
		stream_turn(s);
		client_turn(s);
	}
}

static void
run_schedule(void)
{
	int64_t healed_until;

	while (model.now < BROKEN_MS && model.failure[0] == '\0')
	{
		step();
		maybe_break();
	}
	healed_until = model.now + HEALED_MS;
	while (model.failure[0] == '\0' && !has_converged())
	{
		heal();
		step();
		if (model.now <= healed_until)
			continue;
		model.blocked = only_losses || is_blocked();
		if (model.blocked)
			return;
		fail("stuck: healed for %d ms, and not everybody has everything from one primary", HEALED_MS);
	}
}

static uint64_t
number(const char *text, const char *what)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*text != '\0' && *text != '-' && *end == '\0')
		return value;
	(void) fprintf(stderr, "%s must be a whole number, not \"%s\"\n", what, text);
	exit(2);
}

int
main(int argc, char **argv)
{
	uint64_t seed = 1;
	uint64_t count = 1;
	bool with_trace = false;
	uint64_t acknowledged = 0;
	uint64_t promotions = 0;
	uint64_t rejoined = 0;
	uint64_t crashes = 0;
	uint64_t blocked = 0;
	uint64_t lost = 0;
	uint64_t made = 0;
	uint64_t removed = 0;

	for (int i = 1; i < argc; i++)
	{
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = number(argv[++i], "--seed");
		else if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
			count = number(argv[++i], "--count");
		else if (strcmp(argv[i], "--trace") == 0)
			with_trace = true;
		else if (strcmp(argv[i], "--only-losses") == 0)
			only_losses = true;
		else
		{
			(void) fprintf(stderr,
						   "unknown argument \"%s\"; usage: schedules --seed S [--count N] [--trace] [--only-losses]\n",
						   argv[i]);
			return 2;
		}
	}
	for (uint64_t i = 0; i < count; i++)
	{
		set_up(seed + i, with_trace);
		run_schedule();
		group_close();
		if (model.failure[0] != '\0')
		{
			printf("seed %llu, schedule %llu: %s\n", (unsigned long long) (seed + i), (unsigned long long) (i + 1),
				   model.failure);
			return 1;
		}
		acknowledged += (uint64_t) model.n_acknowledged;
		promotions += (uint64_t) model.n_happened;
		rejoined += (uint64_t) model.n_rejoined;
		crashes += (uint64_t) model.n_crashes;
		blocked += model.blocked;
		lost += (uint64_t) model.n_lost;
		made += (uint64_t) model.n_voters_made;
		removed += (uint64_t) model.n_removed;
	}
	printf("%llu schedules: %llu records acknowledged, %llu promotions, %llu crashes, %llu rewound or cloned, "
		   "%llu blocked by data that is half rewound, %llu disks lost, %llu removed, %llu made voters\n",
		   (unsigned long long) count, (unsigned long long) acknowledged, (unsigned long long) promotions,
		   (unsigned long long) crashes, (unsigned long long) rejoined, (unsigned long long) blocked,
		   (unsigned long long) lost, (unsigned long long) removed, (unsigned long long) made);
	return 0;
}
