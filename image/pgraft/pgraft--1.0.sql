-- Reading functions are for everybody; changing ones check for a superuser or a member of pgraft_admin themselves.
\echo Use "CREATE EXTENSION pgraft" to load this file. \quit

CREATE FUNCTION pgraft_init() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION pgraft_init() IS
'Form the Raft group of pgraft.initial_cluster, or of this server alone; true again if there is one already';

CREATE FUNCTION pgraft_is_leader() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pgraft_is_leader() IS 'Is this server the Raft leader?';

CREATE FUNCTION pgraft_get_leader() RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pgraft_get_leader() IS 'Node id of the Raft leader, 0 if none is known';

CREATE FUNCTION pgraft_get_term() RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pgraft_get_term() IS 'Current Raft term; the first election is term 1';

CREATE FUNCTION pgraft_quorum_met() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pgraft_quorum_met() IS
'On the leader: does a majority answer? On a follower: is a leader, which needs a majority, heard?';

CREATE FUNCTION pgraft_get_worker_state() RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pgraft_get_worker_state() IS '''running'', or which background worker is being restarted';

CREATE FUNCTION pgraft_get_version() RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION pgraft_get_version() IS 'Version of the pgraft library';

CREATE FUNCTION pgraft_get_cluster_status(
	OUT node_id int,
	OUT current_term bigint,
	OUT leader_id bigint,
	OUT state text,
	OUT num_nodes int,
	OUT messages_processed bigint,
	OUT heartbeats_sent bigint,
	OUT elections_triggered bigint,
	OUT commit_index bigint,
	OUT last_applied bigint,
	OUT cluster_name text,
	OUT name text,
	OUT quorum_met boolean,
	OUT promotion_term bigint,
	OUT promotion_node_id int,
	OUT promotion_timeline int,
	OUT role text,
	OUT writable boolean,
	OUT synchronous_in_force boolean,
	OUT failover_enabled boolean,
	OUT message text
)
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_cluster_status() IS 'The cluster as this server sees it, one row';

CREATE FUNCTION pgraft_get_nodes(
	OUT node_id int,
	OUT address text,
	OUT port int,
	OUT is_leader boolean,
	OUT name text,
	OUT state text,
	OUT match_index bigint,
	OUT commit_index bigint,
	OUT last_heartbeat_ms bigint,
	OUT replication_lag_bytes bigint,
	OUT voter boolean
)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_nodes() IS 'The members of the cluster as this server sees them, one row each';
