/*
 * settings.c
 *	  The settings' texts, as somebody typed them: pgraft.initial_cluster, addresses, names.  What is taken can be used as it is, and what
 *	  is refused is refused with a reason.
 */
#include "fuzz/fuzz.h"

#include "core/cluster_spec.h"
#include "core/sync_names.h"

static void
check_address(const char *text)
{
	char host[PGRAFT_ADDRESS_SIZE];
	char again[PGRAFT_ADDRESS_SIZE];
	char err[256] = "";
	uint16_t port = 0;

	if (!pgraft_address_parse(text, host, sizeof host, &port, err, sizeof err))
	{
		HOLDS(err[0] != '\0');
		return;
	}
	HOLDS(port > 0 && snprintf(again, sizeof again, "%s:%u", host, port) < (int) sizeof again);
	HOLDS(strcmp(again, text) == 0);
}

/* Quoted in synchronous_standby_names, and cut nowhere by PostgreSQL. */
static void
check_application_name(const char *name)
{
	PgraftMember member = {.node_id = 1, .incarnation = "00112233445566778899aabbccddeeff"};
	char text[128];

	strcpy(member.name, name);
	pgraft_application_name(&member, text, sizeof text);
	HOLDS(strlen(text) <= 63 && strpbrk(text, "\"', ") == NULL);
}

static void
check_cluster(const char *text)
{
	PgraftClusterSpec spec;
	char again[PGRAFT_MAX_NODES * (PGRAFT_NAME_SIZE + PGRAFT_ADDRESS_SIZE + 2)];
	PgraftClusterSpec spec_again;
	char err[256] = "";
	size_t used = 0;

	if (!pgraft_spec_parse(text, &spec, err, sizeof err))
	{
		HOLDS(err[0] != '\0');
		return;
	}
	HOLDS(spec.n >= 0 && spec.n <= PGRAFT_MAX_NODES);
	again[0] = '\0';
	for (int i = 0; i < spec.n; i++)
	{
		HOLDS(pgraft_name_valid(spec.nodes[i].name));
		check_address(spec.nodes[i].address);
		check_application_name(spec.nodes[i].name);
		used += (size_t) snprintf(again + used, sizeof again - used, "%s%s=%s", i == 0 ? "" : ",", spec.nodes[i].name,
								  spec.nodes[i].address);
	}
	HOLDS(pgraft_spec_parse(again, &spec_again, err, sizeof err));
	HOLDS(memcmp(spec.nodes, spec_again.nodes, (size_t) spec.n * sizeof spec.nodes[0]) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = as_text((FuzzInput){.data = data, .size = size});

	check_cluster(text);
	check_address(text);
	if (pgraft_name_valid(text))
		check_application_name(text);
	(void) pgraft_incarnation_valid(text);
	free(text);
	return 0;
}
