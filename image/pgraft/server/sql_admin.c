/*
 * sql_admin.c
 *	  The SQL functions that change something: they hand a request to the consensus worker and wait for its answer.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "core/cluster_spec.h"
#include "server/ask.h"
#include "server/shared.h"
#include "server/sql_text.h"

PG_FUNCTION_INFO_V1(pgraft_init);
PG_FUNCTION_INFO_V1(pgraft_set_config);
PG_FUNCTION_INFO_V1(pgraft_add_node);
PG_FUNCTION_INFO_V1(pgraft_remove_node);
PG_FUNCTION_INFO_V1(pgraft_transfer_leadership);

/* Forming a group is a few fsyncs; a consensus worker that was just restarted needs a second more. */
#define FORM_TIMEOUT_MS 15000

static void
require_admin(void)
{
	Oid admin = get_role_oid("pgraft_admin", true);

	if (superuser() || (OidIsValid(admin) && has_privs_of_role(GetUserId(), admin)))
		return;
	ereport(ERROR, errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to change the cluster"),
			errdetail("Only superusers and members of role pgraft_admin may do this."));
}

static uint64
request_formation(void)
{
	uint64 ticket;

	LWLockAcquire(pgraft_shared->lock, LW_EXCLUSIVE);
	ticket = ++pgraft_shared->form_requested;
	LWLockRelease(pgraft_shared->lock);
	pgraft_wake_consensus();
	return ticket;
}

/* Several may ask at a time; the answer to the newest answers all. */
static bool
formation_settled(uint64 ticket, bool *ok, char *why, size_t why_size)
{
	bool settled;

	LWLockAcquire(pgraft_shared->lock, LW_SHARED);
	settled = pgraft_shared->form_settled >= ticket;
	*ok = pgraft_shared->form_ok;
	strlcpy(why, pgraft_shared->form_error, why_size);
	LWLockRelease(pgraft_shared->lock);
	return settled;
}

static bool
await_formation(uint64 ticket, char *why, size_t why_size)
{
	static uint32 wait_event;
	TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), FORM_TIMEOUT_MS);
	bool ok;

	if (wait_event == 0)
		wait_event = WaitEventExtensionNew("PgraftInit");
	ConditionVariablePrepareToSleep(&pgraft_shared->request_settled);
	while (!formation_settled(ticket, &ok, why, why_size))
	{
		long left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);

		if (left <= 0)
			ereport(ERROR, errcode(ERRCODE_QUERY_CANCELED),
					errmsg("the consensus worker did not answer within %d s", FORM_TIMEOUT_MS / 1000),
					errhint("See the server's log; the group may still be formed."));
		ConditionVariableTimedSleep(&pgraft_shared->request_settled, left, wait_event);
	}
	ConditionVariableCancelSleep();
	return ok;
}

Datum
pgraft_init(PG_FUNCTION_ARGS)
{
	char why[PGRAFT_VALUE_SIZE];

	pgraft_require_shared();
	require_admin();
	if (!await_formation(request_formation(), why, sizeof why))
		ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				errmsg("the Raft group could not be formed: %s", why));
	PG_RETURN_BOOL(true);
}

static void
begin(PgraftRequest *request, PgraftRequestKind kind)
{
	pgraft_require_shared();
	require_admin();
	memset(request, 0, sizeof *request);
	request->kind = kind;
}

static void
refuse_value(const char *key, const char *value, const char *detail)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("invalid value for \"%s\": \"%s\"", key, pgraft_excerpt(value)), errhint("%s", detail));
}

static void
set_cluster_name(PgraftRequest *request, const char *value)
{
	char *utf8 = pg_server_to_any(value, (int) strlen(value), PG_UTF8);
	size_t length = strlen(utf8);

	if (length == 0 || length >= sizeof request->value)
		refuse_value(
			"cluster_name", value,
			psprintf("A cluster name has 1 to %zu bytes, and this has %zu.", sizeof request->value - 1, length));
	for (const char *c = utf8; *c != '\0'; c++)
		if ((unsigned char) *c < ' ' || *c == '\177')
			refuse_value("cluster_name", value, "A cluster name has no control characters.");
	strlcpy(request->value, utf8, sizeof request->value);
}

static void
set_failover_enabled(PgraftRequest *request, const char *value)
{
	bool enabled;

	if (!parse_bool(value, &enabled))
		refuse_value("failover_enabled", value, "It is true or false.");
	strlcpy(request->value, enabled ? "true" : "false", sizeof request->value);
}

Datum
pgraft_set_config(PG_FUNCTION_ARGS)
{
	PgraftRequest request;
	char *key;
	char *value;

	begin(&request, PGRAFT_REQUEST_SET_CONFIG);
	key = pgraft_text_argument(fcinfo, 0, "key");
	value = pgraft_text_argument(fcinfo, 1, "value");
	if (strcmp(key, "cluster_name") == 0)
		set_cluster_name(&request, value);
	else if (strcmp(key, "failover_enabled") == 0)
		set_failover_enabled(&request, value);
	else
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_OBJECT),
				errmsg("unrecognized cluster setting \"%s\"", pgraft_excerpt(key)),
				errhint("The settings are cluster_name and failover_enabled."));
	strlcpy(request.key, key, sizeof request.key);
	pgraft_ask(&request);
	PG_RETURN_BOOL(true);
}

static int32
node_id_argument(FunctionCallInfo fcinfo)
{
	int32 id = pgraft_int_argument(fcinfo, 0, "node_id");

	if (id < 1 || id > PGRAFT_MAX_NODES)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("node id %d is out of range", id),
				errhint("Node ids are 1 to %d; each server's is its pgraft.node_id.", PGRAFT_MAX_NODES));
	return id;
}

static void
check_address(const char *host, const char *address)
{
	char parsed[PGRAFT_ADDRESS_SIZE];
	char why[256] = "";
	uint16_t port;

	if (*host != '\0' && strchr(host, ':') == NULL &&
		pgraft_address_parse(address, parsed, sizeof parsed, &port, why, sizeof why))
		return;
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid address: \"%s\"", pgraft_excerpt(host)),
			errdetail("It has to have 1 to 253 of A-Z a-z 0-9 . -, and the port in an argument of its own."),
			errhint("Give the host name or IPv4 address at which the other members reach the server, for example "
					"'10.0.0.12'."));
}

Datum
pgraft_add_node(PG_FUNCTION_ARGS)
{
	PgraftRequest request;
	char *host;
	char *address;
	int32 port;

	begin(&request, PGRAFT_REQUEST_ADD_NODE);
	request.node_id = node_id_argument(fcinfo);
	host = pgraft_text_argument(fcinfo, 1, "address");
	port = pgraft_int_argument(fcinfo, 2, "port");
	if (port < 1 || port > 65535)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("port %d is out of range", port),
				errhint("Give the port of the server's pgraft.advertise_address, 1 to 65535."));
	address = psprintf("%s:%d", host, port);
	check_address(host, address);
	strlcpy(request.address, address, sizeof request.address);
	pgraft_ask(&request);
	PG_RETURN_BOOL(true);
}

Datum
pgraft_remove_node(PG_FUNCTION_ARGS)
{
	PgraftRequest request;

	begin(&request, PGRAFT_REQUEST_REMOVE_NODE);
	request.node_id = node_id_argument(fcinfo);
	pgraft_ask(&request);
	PG_RETURN_BOOL(true);
}

/* NULL, and no argument: to whoever suits best. */
Datum
pgraft_transfer_leadership(PG_FUNCTION_ARGS)
{
	PgraftRequest request;

	begin(&request, PGRAFT_REQUEST_TRANSFER);
	if (!PG_ARGISNULL(0))
		request.node_id = node_id_argument(fcinfo);
	pgraft_ask(&request);
	PG_RETURN_BOOL(true);
}
