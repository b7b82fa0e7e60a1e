-- Reading functions are for everybody; changing ones check for a superuser or a member of pgraft_admin themselves.
\echo Use "CREATE EXTENSION pgraft" to load this file. \quit

CREATE FUNCTION pgraft_init() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT;
COMMENT ON FUNCTION pgraft_init() IS
'Form the Raft group of pgraft.initial_cluster, or of this server alone; true again if there is one already';

CREATE FUNCTION pgraft_add_node(node_id int, address text, port int) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION pgraft_add_node(int, text, int) IS
'Make a running server without Raft state a member, by the address of its Raft; true once it is a voter';

CREATE FUNCTION pgraft_remove_node(node_id int) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION pgraft_remove_node(int) IS
'Take a member out of the cluster; a leader hands leadership over first; true once it is none';

CREATE FUNCTION pgraft_transfer_leadership(node_id int DEFAULT NULL) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION pgraft_transfer_leadership(int) IS
'Hand leadership over to a member, or to whichever suits best; true once it leads';

CREATE FUNCTION pgraft_set_config(key text, value text) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE;
COMMENT ON FUNCTION pgraft_set_config(text, text) IS
'Set cluster_name or failover_enabled for the whole cluster; true once it is so';

CREATE FUNCTION pgraft_get_config(OUT key text, OUT value text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_config() IS 'The settings of the whole cluster, one row each';

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

CREATE FUNCTION pgraft_log_get_stats(
	OUT log_size bigint,
	OUT last_index bigint,
	OUT commit_index bigint,
	OUT last_applied bigint,
	OUT replicated bigint,
	OUT committed bigint,
	OUT applied bigint,
	OUT errors bigint,
	OUT snapshots_taken bigint,
	OUT snapshots_sent bigint,
	OUT snapshots_received bigint,
	OUT snapshot_index bigint,
	OUT snapshot_threshold bigint,
	OUT trailing_entries bigint,
	OUT append_entries_sent bigint,
	OUT append_entries_received bigint,
	OUT append_entries_result_sent bigint,
	OUT append_entries_result_received bigint,
	OUT request_vote_sent bigint,
	OUT request_vote_received bigint,
	OUT request_vote_result_sent bigint,
	OUT request_vote_result_received bigint,
	OUT install_snapshot_sent bigint,
	OUT install_snapshot_received bigint,
	OUT timeout_now_sent bigint,
	OUT timeout_now_received bigint,
	OUT leader_suspicions bigint,
	OUT leader_judged_dead bigint,
	OUT longest_leader_silence_ms bigint,
	OUT greetings_refused bigint,
	OUT connections_silent bigint,
	OUT key_fingerprints text[]
)
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_log_get_stats() IS
'The Raft log of this server, its snapshots and its messages, one row; counts are since its consensus worker started';

CREATE FUNCTION pgraft_get_events(
	OUT event_timestamp timestamptz,
	OUT event_type text,
	OUT node_id int,
	OUT term bigint,
	OUT detail text
)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION pgraft_get_events() IS 'What lately happened to the cluster, newest last';
