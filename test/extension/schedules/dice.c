/*
 * dice.c
 *	  Random numbers, the schedule's temper, and what is said of it.
 */
#include <stdarg.h>
#include <stdio.h>

#include "model.h"

#include "fixtures.h"

int
below(int n)
{
	return (int) (next_random(&model.seed) % (uint64_t) n);
}

bool
percent(int p)
{
	return below(100) < p;
}

int64_t
soon(int max_ms)
{
	return model.now + 1 + below(max_ms);
}

static int
one_of(const int *values, int n)
{
	return values[below(n)];
}

#define ONE_OF(...) one_of((const int[]){__VA_ARGS__}, (int) (sizeof((const int[]){__VA_ARGS__}) / sizeof(int)))

/* Some kinds of faults are left out of a schedule, so that the others come to what they lead to. */
void
draw_dice(void)
{
	Dice *dice = &model.dice;

	model.n_first = ONE_OF(3, 3, 3, 3, 3, 3, 5, 5, 4, 2);
	model.n = model.n_first;
	if (model.n < MAX_SERVERS && percent(30))
		model.n++;
	dice->lazy = ONE_OF(0, 20, 50, 85);
	dice->delay_ms = ONE_OF(4, 20, 60, 150);
	dice->loss = ONE_OF(0, 5, 30);
	dice->flush = ONE_OF(100, 70, 30, 10);
	dice->step_ms = ONE_OF(5, 20, 80, 200);
	dice->rejoin_ms = ONE_OF(20, 60, 150);
	dice->write = ONE_OF(20, 40, 70);
	dice->fault = ONE_OF(10, 20, 40, 80);
	dice->lease_holds = percent(50);
	for (int i = 0; i < N_FAULTS; i++)
		dice->weight[i] = ONE_OF(0, 0, 1, 4);
}

void
trace(const char *format, ...)
{
	va_list args;

	if (!model.trace)
		return;
	printf("%6d ms  ", (int) model.now);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void
fail(const char *format, ...)
{
	va_list args;

	if (model.failure[0] != '\0')
		return;
	va_start(args, format);
	(void) vsnprintf(model.failure, sizeof(model.failure), format, args);
	va_end(args);
	trace("FAILED: %s", model.failure);
}
