/*
 * cluster_spec.c
 *	  Reading pgraft.initial_cluster, addresses and names.
 *
 * Everything here was typed by a person, so every refusal quotes the piece and says what was expected.
 */
#include "core/cluster_spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HOST_MAX  253
#define QUOTE_MAX 80 /* of a bad piece, as much as is worth showing */

static bool refuse(char *err, size_t err_size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool
refuse(char *err, size_t err_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void) vsnprintf(err, err_size, format, args);
	va_end(args);
	return false;
}

/* ASCII only: the locale must not decide what a name is. */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char
to_lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char) (c - 'A' + 'a') : c;
}

bool
pgraft_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length < 1 || length >= PGRAFT_NAME_SIZE || !is_letter(name[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_letter(name[i]) && !is_digit(name[i]) && name[i] != '_' && name[i] != '-')
			return false;
	return true;
}

bool
pgraft_incarnation_valid(const char *incarnation)
{
	size_t length = strlen(incarnation);

	if (length != PGRAFT_INCARNATION_SIZE - 1)
		return false;
	for (size_t i = 0; i < length; i++)
	{
		char c = to_lower(incarnation[i]);

		if (!is_digit(c) && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return true;
}

static bool
host_valid(const char *host, size_t length)
{
	if (length < 1 || length > HOST_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_letter(host[i]) && !is_digit(host[i]) && host[i] != '.' && host[i] != '-')
			return false;
	return true;
}

bool
pgraft_host_valid(const char *host)
{
	return host_valid(host, strlen(host));
}

/* 1 to 65535 without a sign or leading zeros; 0 if it is none. */
static uint16_t
port_value(const char *text)
{
	uint32_t value = 0;

	if (strlen(text) > 5 || text[0] == '0')
		return 0;
	for (const char *p = text; *p != '\0'; p++)
	{
		if (!is_digit(*p))
			return 0;
		value = value * 10 + (uint32_t) (*p - '0');
	}
	return value <= UINT16_MAX ? (uint16_t) value : 0;
}

bool
pgraft_address_parse(const char *text, char *host, size_t host_size, uint16_t *port, char *err, size_t err_size)
{
	const char *colon = strchr(text, ':');
	size_t length;

	if (colon == NULL)
		return refuse(err, err_size, "address \"%.*s\" has no port: expected host:port", QUOTE_MAX, text);
	if (text[0] == '[' || strchr(colon + 1, ':') != NULL)
		return refuse(err, err_size,
					  "address \"%.*s\" is IPv6, which Raft's addresses do not support: "
					  "use a host name or an IPv4 address",
					  QUOTE_MAX, text);
	length = (size_t) (colon - text);
	if (!host_valid(text, length))
		return refuse(err, err_size, "address \"%.*s\" has a bad host: expected 1 to %d of A-Z a-z 0-9 . -", QUOTE_MAX,
					  text, HOST_MAX);
	if (length >= host_size)
		return refuse(err, err_size, "address \"%.*s\" has a host of %zu characters, and only %zu fit", QUOTE_MAX, text,
					  length, host_size - 1);
	*port = port_value(colon + 1);
	if (*port == 0)
		return refuse(err, err_size, "address \"%.*s\" has a bad port: expected a number from 1 to 65535", QUOTE_MAX,
					  text);
	memcpy(host, text, length);
	host[length] = '\0';
	return true;
}

/* Host names are the same in any case. */
static bool
address_equal(const char *a, const char *b)
{
	while (*a != '\0' && to_lower(*a) == to_lower(*b))
	{
		a++;
		b++;
	}
	return *a == '\0' && *b == '\0';
}

/* Copy [begin, end) without the spaces around it into field; false if it does not fit. */
static bool
copy_trimmed(char *field, size_t size, const char *begin, const char *end)
{
	while (begin < end && is_space(*begin))
		begin++;
	while (end > begin && is_space(end[-1]))
		end--;
	if ((size_t) (end - begin) >= size)
		return false;
	memset(field, 0, size);
	memcpy(field, begin, (size_t) (end - begin));
	return true;
}

/* The name=address in [begin, end) as the next node of spec. */
static bool
add_node(PgraftClusterSpec *spec, const char *begin, const char *end, char *err, size_t err_size)
{
	PgraftSpecNode *node;
	const char *equals = memchr(begin, '=', (size_t) (end - begin));
	int quoted = end - begin > QUOTE_MAX ? QUOTE_MAX : (int) (end - begin);
	char host[PGRAFT_ADDRESS_SIZE];
	uint16_t port;

	if (equals == NULL)
		return refuse(err, err_size, "\"%.*s\" has no \"=\": expected name=host:port", quoted, begin);
	if (spec->n >= PGRAFT_MAX_NODES)
		return refuse(err, err_size, "\"%.*s\" is one too many: at most %d nodes", quoted, begin, PGRAFT_MAX_NODES);
	node = &spec->nodes[spec->n];
	if (!copy_trimmed(node->name, sizeof(node->name), begin, equals) || !pgraft_name_valid(node->name))
		return refuse(err, err_size,
					  "\"%.*s\" has a bad name: expected 1 to %d of A-Z a-z 0-9 _ -, "
					  "beginning with a letter",
					  quoted, begin, PGRAFT_NAME_SIZE - 1);
	if (!copy_trimmed(node->address, sizeof(node->address), equals + 1, end))
		return refuse(err, err_size, "\"%.*s\" has an address of more than %d characters", quoted, begin,
					  PGRAFT_ADDRESS_SIZE - 1);
	if (!pgraft_address_parse(node->address, host, sizeof(host), &port, err, err_size))
		return false;
	for (int i = 0; i < spec->n; i++)
	{
		if (strcmp(spec->nodes[i].name, node->name) == 0)
			return refuse(err, err_size, "name \"%s\" is there twice: each node has its own", node->name);
		if (address_equal(spec->nodes[i].address, node->address))
			return refuse(err, err_size, "address \"%.*s\" is there twice: each node has its own", QUOTE_MAX,
						  node->address);
	}
	spec->n++;
	return true;
}

bool
pgraft_spec_parse(const char *text, PgraftClusterSpec *spec, char *err, size_t err_size)
{
	memset(spec, 0, sizeof(*spec));
	while (is_space(*text))
		text++;
	if (*text == '\0')
		return true;
	for (;;)
	{
		const char *end = text + strcspn(text, ",");

		while (text < end && is_space(*text))
			text++;
		if (text == end)
			return refuse(err, err_size, "node %d is empty: expected name=host:port between the commas", spec->n + 1);
		if (!add_node(spec, text, end, err, err_size))
			return false;
		if (*end == '\0')
			return true;
		text = end + 1;
	}
}
