/*
 * cluster_spec_test.c
 *	  What a person may write into pgraft.initial_cluster, and what is said of the rest.
 */
#include "core/cluster_spec.h"

#include "check.h"

static PgraftClusterSpec spec;
static char err[400];

static void
check_refused(const char *text, const char *message)
{
	strcpy(err, "nothing");
	if (pgraft_spec_parse(text, &spec, err, sizeof(err)))
		CHECK_FAIL("'%s' is taken", text);
	CHECK_TEXT(err, message);
}

static void
check_address_refused(const char *address, const char *message)
{
	char host[PGRAFT_ADDRESS_SIZE];
	uint16_t port;

	strcpy(err, "nothing");
	if (pgraft_address_parse(address, host, sizeof(host), &port, err, sizeof(err)))
		CHECK_FAIL("'%s' is taken", address);
	CHECK_TEXT(err, message);
}

TEST(the_documented_three_nodes_are_read_in_their_order)
{
	CHECK(pgraft_spec_parse("primary=pgraft-primary:7001,replica1=pgraft-replica1:7002,replica2=pgraft-replica2:7003",
							&spec, err, sizeof(err)));
	CHECK_INT(spec.n, 3);
	CHECK_TEXT(spec.nodes[0].name, "primary");
	CHECK_TEXT(spec.nodes[0].address, "pgraft-primary:7001");
	CHECK_TEXT(spec.nodes[2].name, "replica2");
	CHECK_TEXT(spec.nodes[2].address, "pgraft-replica2:7003");
}

TEST(spaces_around_names_and_addresses_do_not_count)
{
	CHECK(pgraft_spec_parse(" a = host:1 ,\n\tb\t=10.0.0.12:65535 \n", &spec, err, sizeof(err)));
	CHECK_INT(spec.n, 2);
	CHECK_TEXT(spec.nodes[0].name, "a");
	CHECK_TEXT(spec.nodes[0].address, "host:1");
	CHECK_TEXT(spec.nodes[1].name, "b");
	CHECK_TEXT(spec.nodes[1].address, "10.0.0.12:65535");
}

TEST(an_empty_text_is_a_cluster_of_no_nodes)
{
	spec.n = 5;
	CHECK(pgraft_spec_parse("", &spec, err, sizeof(err)));
	CHECK_INT(spec.n, 0);
	CHECK(pgraft_spec_parse(" \t\n", &spec, err, sizeof(err)));
	CHECK_INT(spec.n, 0);
}

TEST(nine_nodes_are_taken_and_the_tenth_is_refused)
{
	CHECK(pgraft_spec_parse("a=h:1,b=h:2,c=h:3,d=h:4,e=h:5,f=h:6,g=h:7,h=h:8,i=h:9", &spec, err, sizeof(err)));
	CHECK_INT(spec.n, PGRAFT_MAX_NODES);
	check_refused("a=h:1,b=h:2,c=h:3,d=h:4,e=h:5,f=h:6,g=h:7,h=h:8,i=h:9,j=h:10",
				  "\"j=h:10\" is one too many: at most 9 nodes");
}

TEST(a_piece_that_is_no_name_and_address_is_refused)
{
	check_refused("a=h:1,b", "\"b\" has no \"=\": expected name=host:port");
	check_refused("a=h:1,,b=h:2", "node 2 is empty: expected name=host:port between the commas");
	check_refused("a=h:1,", "node 2 is empty: expected name=host:port between the commas");
	check_refused(",a=h:1", "node 1 is empty: expected name=host:port between the commas");
	check_refused("a=h:1, ", "node 2 is empty: expected name=host:port between the commas");
}

TEST(a_bad_name_is_refused)
{
	const char *rest = "has a bad name: expected 1 to 63 of A-Z a-z 0-9 _ -, beginning with a letter";
	const char *bad[] = {"=h:1", "1a=h:1", "-a=h:1", "_a=h:1", "a b=h:1", "a.b=h:1", "a\"=h:1", "\xc3\xa9=h:1"};
	char message[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		(void) snprintf(message, sizeof(message), "\"%s\" %s", bad[i], rest);
		check_refused(bad[i], message);
	}
}

TEST(a_name_has_up_to_63_characters)
{
	char name[66];

	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	CHECK(pgraft_name_valid(name));
	name[63] = 'a';
	name[64] = '\0';
	CHECK(!pgraft_name_valid(name));
	CHECK(!pgraft_name_valid(""));
	CHECK(pgraft_name_valid("AZaz-_09"));
}

TEST(a_name_or_an_address_that_is_there_twice_is_refused)
{
	check_refused("a=h:1,b=h:2,a=h:3", "name \"a\" is there twice: each node has its own");
	check_refused("a=h:1,b=h:2,c=h:1", "address \"h:1\" is there twice: each node has its own");
	check_refused("a=host:1,b=HOST:1", "address \"HOST:1\" is there twice: each node has its own");
	check_refused("a=Zz:1,b=zZ:1", "address \"zZ:1\" is there twice: each node has its own");
	CHECK(pgraft_spec_parse("a=h:1,b=h:12,aa=hh:1,A=h:123", &spec, err, sizeof(err)));
	CHECK_INT(spec.n, 4);
}

TEST(a_bad_port_is_refused)
{
	const char *rest = "has a bad port: expected a number from 1 to 65535";
	const char *bad[] = {"h:",	 "h:0",	 "h:65536", "h:-1",	 "h:+1",
						 "h:1x", "h: 1", "h:0x1f",	"h:007", "h:99999999999999999999"};
	char message[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		(void) snprintf(message, sizeof(message), "address \"%s\" %s", bad[i], rest);
		check_address_refused(bad[i], message);
	}
	check_refused("a=h:65536", "address \"h:65536\" has a bad port: expected a number from 1 to 65535");
}

TEST(a_bad_host_is_refused)
{
	const char *rest = "has a bad host: expected 1 to 253 of A-Z a-z 0-9 . -";
	const char *bad[] = {":7001", "a_b:1", "a b:1", "a/b:1", "\xc3\xa9:1"};
	char message[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		(void) snprintf(message, sizeof(message), "address \"%s\" %s", bad[i], rest);
		check_address_refused(bad[i], message);
	}
	check_address_refused("", "address \"\" has no port: expected host:port");
	check_address_refused("host", "address \"host\" has no port: expected host:port");
}

TEST(ipv6_is_refused_with_the_reason)
{
	check_address_refused("[::1]:7001", "address \"[::1]:7001\" is IPv6, which Raft's addresses do not support: "
										"use a host name or an IPv4 address");
	check_address_refused("fe80::1", "address \"fe80::1\" is IPv6, which Raft's addresses do not support: "
									 "use a host name or an IPv4 address");
}

TEST(an_address_is_split_into_host_and_port)
{
	char host[PGRAFT_ADDRESS_SIZE];
	uint16_t port = 0;

	CHECK(pgraft_address_parse("pgraft-primary.example:7001", host, sizeof(host), &port, err, sizeof(err)));
	CHECK_TEXT(host, "pgraft-primary.example");
	CHECK_INT(port, 7001);
}

TEST(a_host_has_up_to_253_characters_and_never_more_than_the_callers_room)
{
	char address[300];
	char host[PGRAFT_ADDRESS_SIZE];
	char small[4];
	uint16_t port;

	memset(address, 'h', sizeof(address));
	strcpy(address + 253, ":65535");
	CHECK(pgraft_address_parse(address, host, sizeof(host), &port, err, sizeof(err)));
	CHECK_INT(strlen(host), 253);
	memset(address, 'h', sizeof(address));
	strcpy(address + 254, ":65535");
	CHECK(!pgraft_address_parse(address, host, sizeof(host), &port, err, sizeof(err)));
	CHECK(pgraft_address_parse("abc:1", small, sizeof(small), &port, err, sizeof(err)));
	CHECK(!pgraft_address_parse("abcd:1", small, sizeof(small), &port, err, sizeof(err)));
	CHECK_TEXT(err, "address \"abcd:1\" has a host of 4 characters, and only 3 fit");
}

TEST(the_longest_name_and_address_fit_the_specification)
{
	char text[400];

	memset(text, 'n', sizeof(text));
	text[63] = '=';
	strcpy(text + 64 + 253, ":65535");
	CHECK(pgraft_spec_parse(text, &spec, err, sizeof(err)));
	CHECK_INT(strlen(spec.nodes[0].name), 63);
	CHECK_INT(strlen(spec.nodes[0].address), 253 + 6);
}

TEST(an_address_that_cannot_be_kept_is_refused_with_its_beginning)
{
	char text[400];
	char message[400];

	for (size_t length = 264; length < 300; length += 30)
	{
		memset(text, 'h', sizeof(text));
		text[0] = 'a';
		text[1] = '=';
		strcpy(text + length, ":1");
		CHECK_INT(strlen(text + 2), length);
		(void) snprintf(message, sizeof(message), "\"%.80s\" has an address of more than 263 characters", text);
		check_refused(text, message);
	}
}

TEST(a_message_is_cut_to_the_callers_room)
{
	char small[10];

	memset(small, 'x', sizeof(small));
	CHECK(!pgraft_spec_parse("no equals sign", &spec, small, sizeof(small)));
	CHECK_TEXT(small, "\"no equal");
}

TEST(an_incarnation_is_32_hexadecimal_digits)
{
	CHECK(pgraft_incarnation_valid("0123456789abcdefABCDEF0123456789"));
	CHECK(!pgraft_incarnation_valid(""));
	CHECK(!pgraft_incarnation_valid("0123456789abcdef0123456789abcde"));
	CHECK(!pgraft_incarnation_valid("0123456789abcdef0123456789abcdef0"));
	CHECK(!pgraft_incarnation_valid("0123456789abcdef0123456789abcdeg"));
}
