/*
 * check.h
 *	  A test is a function whose name is a sentence; TEST() registers it, so that none is forgotten in a list.
 *
 * Output, read by test/extension/core.test.ts, a line each: "run <sentence>", then "# <file>:<line>: <what differed>"
 * for every failed check, then "ok <sentence>" or "not ok <sentence>".  A "run" without an end is a crash.
 */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CHECK_MAX_TESTS 100

typedef struct CheckTest
{
	const char *name;
	void (*run)(void);
} CheckTest;

static CheckTest check_tests[CHECK_MAX_TESTS];
static int check_n_tests;
static int check_failures; /* of the test that runs */

#define TEST(sentence) \
	static void sentence(void); \
	__attribute__((constructor)) static void register_##sentence(void) \
	{ \
		check_tests[check_n_tests++] = (CheckTest){#sentence, sentence}; \
	} \
	static void sentence(void)

#define CHECK_FAIL(...) \
	(check_failures++, (void) printf("# %s:%d: ", __FILE__, __LINE__), (void) printf(__VA_ARGS__), (void) printf("\n"))

#define CHECK(condition) \
	do \
	{ \
		if (!(condition)) \
			CHECK_FAIL("%s is false", #condition); \
	} while (0)

#define CHECK_INT(actual, expected) \
	do \
	{ \
		long long check_a = (long long) (actual); \
		long long check_e = (long long) (expected); \
		if (check_a != check_e) \
			CHECK_FAIL("%s is %lld, expected %lld", #actual, check_a, check_e); \
	} while (0)

#define CHECK_TEXT(actual, expected) \
	do \
	{ \
		const char *check_a = (actual); \
		const char *check_e = (expected); \
		if (strcmp(check_a, check_e) != 0) \
			CHECK_FAIL("%s is\n#   '%s', expected\n#   '%s'", #actual, check_a, check_e); \
	} while (0)

#define CHECK_BYTES(actual, expected, size) \
	do \
	{ \
		if (memcmp((actual), (expected), (size)) != 0) \
			CHECK_FAIL("%s and %s differ", #actual, #expected); \
	} while (0)

static void
check_print_sentence(const char *prefix, const char *name)
{
	printf("%s ", prefix);
	for (; *name != '\0'; name++)
		putchar(*name == '_' ? ' ' : *name);
	putchar('\n');
	fflush(stdout);
}

int
main(void)
{
	int n_failed = 0;

	for (int i = 0; i < check_n_tests; i++)
	{
		check_failures = 0;
		check_print_sentence("run", check_tests[i].name);
		check_tests[i].run();
		check_print_sentence(check_failures == 0 ? "ok" : "not ok", check_tests[i].name);
		n_failed += check_failures != 0;
	}
	return n_failed != 0;
}

#endif
