# shellcheck shell=bash
# shellcheck disable=SC2034  # used by the other parts
#
# Where everything is. The volume holds what must survive the container; the configuration is made anew at every start, outside
# of the volume, so that a clone never copies it.

node_root="${PGRAFT_ROOT:-}"

volume_dir="$node_root/var/lib/postgresql"
version_dir="$volume_dir/17"
data_dir="$version_dir/main"
new_data_dir="$version_dir/main.new" # being made; never started
old_data_dir="$version_dir/main.old" # what a clone replaces; there only while it does
kept_wal_dir="$version_dir/main.wal" # this server's own, while it is rewound
raft_dir="$volume_dir/pgraft"
cluster_dir="$volume_dir/cluster"

request_file="$cluster_dir/request"
last_resort_file="$cluster_dir/last_resort"
copy_anew_file="$cluster_dir/copy_anew"
system_identifier_file="$cluster_dir/system_identifier"
initial_cluster_file="$cluster_dir/initial_cluster"
settings_file="$cluster_dir/settings.conf"
checks_file="$cluster_dir/checks"
lower_file="$cluster_dir/lower"
replication_pgpass_file="$cluster_dir/replication.pgpass"
role_conf_file="$raft_dir/role.conf"
rejoin_file="$raft_dir/rejoin"
members_file="$raft_dir/members"
token_file="$raft_dir/formation.token"
consumed_token_file="$raft_dir/formation.consumed"
formed_file="$raft_dir/formed"
established_file="$raft_dir/established"
removed_file="$raft_dir/removed"
promised_file="$raft_dir/promised"
lost_file="$raft_dir/lost"
recover_file="$raft_dir/recover"
renewed_file="$raft_dir/renewed"

configuration_dir="$node_root/etc/postgresql/17/main"
socket_dir="$node_root/var/run/postgresql"
phase_file="$socket_dir/pgraft-node.phase"
failure_file="$socket_dir/pgraft-node.failure"
copy_output_file="$socket_dir/pgraft-node.copy" # of a pg_basebackup that runs, or failed
log_file="$node_root/var/log/postgresql/postgresql-17-main.log"
