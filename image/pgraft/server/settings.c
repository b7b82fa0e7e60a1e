/*
 * settings.c
 *	  See settings.h.
 *
 * PostgreSQL only warns about a bad value of a custom setting that the configuration file gave before the module was loaded, and goes on with the
 * default.  A member with another identity or timeout than it was told must not start: so each definition looks at the
 * text that was there before, and at whether it was taken.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <limits.h>

#include "core/types.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

#include "server/settings.h"
#include "server/sync_setting.h"

/* ALTER SYSTEM would win over the configuration file that the node writes at each start. */
#define SETTING_FLAGS GUC_DISALLOW_IN_AUTO_FILE

char *pgraft_name;
int pgraft_node_id;
char *pgraft_listen_address;
char *pgraft_advertise_address;
char *pgraft_initial_cluster;
char *pgraft_data_dir;
char *pgraft_key_file;
int pgraft_election_timeout;
int pgraft_heartbeat_interval;
int pgraft_snapshot_threshold;
int pgraft_trailing_entries;
char *pgraft_replication_user;
char *pgraft_replication_passfile;
int pgraft_sync_generation;

static char *follow_term; /* only said by WAL receivers, see gate.c */

static bool
check_name(char **value, void **extra, GucSource source)
{
	if (**value == '\0' || pgraft_name_valid(*value))
		return true;
	GUC_check_errdetail("A name has 1 to %d letters, digits, \"-\" and \"_\", and begins with a letter.",
						PGRAFT_NAME_SIZE - 1);
	return false;
}

static bool
check_address(char **value, void **extra, GucSource source)
{
	char host[PGRAFT_ADDRESS_SIZE];
	char why[256];
	uint16_t port;

	if (**value == '\0' || pgraft_address_parse(*value, host, sizeof host, &port, why, sizeof why))
		return true;
	GUC_check_errdetail("%s", why);
	return false;
}

/* The listener binds to an address of this machine: a name could stand for another one, or for none yet. */
static bool
check_listen_address(char **value, void **extra, GucSource source)
{
	char host[PGRAFT_ADDRESS_SIZE];
	char why[256];
	uint16_t port;
	struct in_addr address;

	if (pgraft_address_parse(*value, host, sizeof host, &port, why, sizeof why))
	{
		if (inet_pton(AF_INET, host, &address) == 1)
			return true;
		snprintf(why, sizeof why, "Raft listens on an IPv4 address, 0.0.0.0 for all of this machine, not on a name.");
	}
	GUC_check_errdetail("%s", why);
	return false;
}

static bool
check_cluster(char **value, void **extra, GucSource source)
{
	PgraftClusterSpec spec;
	char why[256];

	if (pgraft_spec_parse(*value, &spec, why, sizeof why))
		return true;
	GUC_check_errdetail("%s", why);
	return false;
}

static bool
check_path(char **value, void **extra, GucSource source)
{
	if (**value == '/' && strlen(*value) < 700)
		return true;
	GUC_check_errdetail("It has to be an absolute path of less than 700 bytes.");
	return false;
}

/* Was there a text for this setting before it was defined?  It has to have been taken. */
static void
insist(const char *name, const char *given)
{
	struct config_generic *setting = find_option(name, false, true, ERROR);

	if (given != NULL && setting->source == PGC_S_DEFAULT)
		ereport(FATAL, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid value for parameter \"%s\": \"%s\"", name, given),
				errhint("The warning above says why. Correct the setting in postgresql.conf."));
}

/* The value text before the definition, copied, NULL if none. */
static char *
text_before(const char *name)
{
	const char *text = GetConfigOption(name, true, false);

	return text == NULL ? NULL : pstrdup(text);
}

static void
define_string(const char *name, const char *description, char **variable, const char *boot, GucStringCheckHook check)
{
	char *given = text_before(name);

	DefineCustomStringVariable(name, description, NULL, variable, boot, PGC_POSTMASTER, SETTING_FLAGS, check, NULL,
							   NULL);
	insist(name, given);
}

static void
define_int(const char *name, const char *description, int *variable, int boot, int min, int max, int flags)
{
	char *given = text_before(name);

	DefineCustomIntVariable(name, description, NULL, variable, boot, min, max, PGC_POSTMASTER, flags | SETTING_FLAGS,
							NULL, NULL, NULL);
	insist(name, given);
}

static void
define_internal(void)
{
	DefineCustomIntVariable("pgraft.sync_generation",
							"Number of the synchronous setting that stands beside it in pgraft's include file.", NULL,
							&pgraft_sync_generation, 0, 0, INT_MAX, PGC_SIGHUP, GUC_NO_SHOW_ALL | SETTING_FLAGS, NULL,
							pgraft_sync_generation_assign, NULL);
	DefineCustomStringVariable("pgraft.follow_term", "Term of the promotion that a WAL receiver follows.", NULL,
							   &follow_term, "", PGC_BACKEND, GUC_NO_SHOW_ALL, NULL, NULL, NULL);
}

void
pgraft_parsed_cluster(PgraftClusterSpec *spec)
{
	char why[256];

	if (!pgraft_spec_parse(pgraft_initial_cluster, spec, why, sizeof why))
		elog(FATAL, "pgraft.initial_cluster: %s", why);
}

static int
position_in(const PgraftClusterSpec *spec)
{
	for (int i = 0; i < spec->n; i++)
		if (strcmp(spec->nodes[i].name, pgraft_name) == 0)
			return i + 1;
	return 0;
}

static void
refuse_for(const char *message, const char *why, const char *hint)
{
	ereport(FATAL, errcode(ERRCODE_CONFIG_FILE_ERROR), errmsg("%s", message), errdetail("%s", why),
			errhint("%s", hint));
}

static void
refuse(const char *message, const char *hint)
{
	ereport(FATAL, errcode(ERRCODE_CONFIG_FILE_ERROR), errmsg("%s", message), errhint("%s", hint));
}

static void
check_identity(void)
{
	PgraftClusterSpec spec;
	int position;

	if (pgraft_name[0] == '\0')
		refuse("pgraft.name is not set", "Give this server its name, for example pgraft.name = 'primary'.");
	pgraft_parsed_cluster(&spec);
	position = position_in(&spec);
	if (spec.n > 0 && position == 0)
		refuse(psprintf("pgraft.initial_cluster does not name this server, \"%s\"", pgraft_name),
			   "Add it as name=host:port, or correct pgraft.name.");
	if (pgraft_node_id == 0)
		pgraft_node_id = position == 0 ? 1 : position;
	if (position != 0 && position != pgraft_node_id)
		refuse(psprintf("pgraft.node_id is %d, but \"%s\" is number %d in pgraft.initial_cluster", pgraft_node_id,
						pgraft_name, position),
			   "Node i is the i-th of pgraft.initial_cluster.");
	if (pgraft_advertise_address[0] == '\0')
		pgraft_advertise_address = position == 0 ? pgraft_listen_address : pstrdup(spec.nodes[position - 1].address);
	if (position != 0 && strcmp(pgraft_advertise_address, spec.nodes[position - 1].address) != 0)
		refuse(psprintf("pgraft.advertise_address is \"%s\", but pgraft.initial_cluster has \"%s\" for this server",
						pgraft_advertise_address, spec.nodes[position - 1].address),
			   "Both have to be the address that the other members dial.");
}

/* So many heartbeats fit into an election timeout, which is also how long the lease of a leader lasts, at least. */
#define LEAST_HEARTBEATS 4

static void
check_times(void)
{
	int timeout = pgraft_election_timeout;
	int interval = pgraft_heartbeat_interval;

	if (interval % 10 != 0)
		refuse_for(psprintf("pgraft.heartbeat_interval is %d ms, which is not a multiple of 10 ms", interval),
				   "Heartbeats are sent at ticks of a clock that comes every 10 ms.",
				   psprintf("Set it to %d ms.", Max(10, (interval + 5) / 10 * 10)));
	if (timeout < LEAST_HEARTBEATS * interval)
		refuse_for(
			psprintf("pgraft.election_timeout (%d ms) is less than four times pgraft.heartbeat_interval (%d ms)",
					 timeout, interval),
			"A few lost heartbeats must neither look like a dead leader nor let the lease of the leader run out.",
			psprintf("Set pgraft.election_timeout to %d ms or more, or pgraft.heartbeat_interval to %d ms or less.",
					 LEAST_HEARTBEATS * interval, timeout / LEAST_HEARTBEATS / 10 * 10));
}

void
pgraft_define_settings(void)
{
	define_string("pgraft.name", "Name of this server in the cluster.", &pgraft_name, "", check_name);
	define_int("pgraft.node_id", "Id of this server; 0 takes its place in pgraft.initial_cluster.", &pgraft_node_id, 0,
			   0, PGRAFT_MAX_NODES, 0);
	define_string("pgraft.listen_address", "Address and port on which Raft listens.", &pgraft_listen_address,
				  "0.0.0.0:7001", check_listen_address);
	define_string("pgraft.advertise_address", "Address and port under which the other members reach this server.",
				  &pgraft_advertise_address, "", check_address);
	define_string("pgraft.initial_cluster", "Members of a new cluster: name=host:port, separated by commas.",
				  &pgraft_initial_cluster, "", check_cluster);
	define_string("pgraft.data_dir", "Directory of the Raft state.", &pgraft_data_dir, "/var/lib/postgresql/pgraft",
				  check_path);
	define_string("pgraft.key_file", "File with the key, or two, that members prove to each other, in hex.",
				  &pgraft_key_file, "/var/lib/postgresql/cluster/raft.key", check_path);
	define_int("pgraft.election_timeout", "Silence of the leader after which a follower stands for election.",
			   &pgraft_election_timeout, 1000, 100, 60000, GUC_UNIT_MS);
	define_int("pgraft.heartbeat_interval", "Time between a leader's heartbeats.", &pgraft_heartbeat_interval, 50, 10,
			   10000, GUC_UNIT_MS);
	define_int("pgraft.snapshot_threshold", "Entries in the Raft log before a snapshot is taken.",
			   &pgraft_snapshot_threshold, 4096, 16, 1000000, 0);
	define_int("pgraft.trailing_entries", "Entries kept behind a snapshot for members that lag.",
			   &pgraft_trailing_entries, 8192, 16, 1000000, 0);
	define_string("pgraft.replication_user", "Role with which standbys connect to the primary.",
				  &pgraft_replication_user, "pgraft_replication", check_name);
	define_string("pgraft.replication_passfile", "Password file of that role.", &pgraft_replication_passfile,
				  "/var/lib/postgresql/cluster/replication.pgpass", check_path);
	define_internal();
	MarkGUCPrefixReserved("pgraft");
	check_identity();
	check_times();
}
