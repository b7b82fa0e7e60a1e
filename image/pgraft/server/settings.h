/*
 * settings.h
 *	  pgraft.* in postgresql.conf.
 */
#ifndef PGRAFT_SETTINGS_H
#define PGRAFT_SETTINGS_H

#include "core/cluster_spec.h"

extern char *pgraft_name;
extern int pgraft_node_id;
extern char *pgraft_listen_address;
extern char *pgraft_advertise_address;
extern char *pgraft_initial_cluster;
extern char *pgraft_data_dir;
extern char *pgraft_key_file;
extern int pgraft_election_timeout;	  /* ms */
extern int pgraft_heartbeat_interval; /* ms */
extern int pgraft_snapshot_threshold; /* entries */
extern int pgraft_trailing_entries;
extern char *pgraft_replication_user;
extern char *pgraft_replication_passfile;
extern int pgraft_sync_generation;

/* Defines them all; FATAL, with the name, value and cause, for a bad one and for a set that does not fit together. */
extern void pgraft_define_settings(void);

/* pgraft.initial_cluster, parsed; it was checked when set. */
extern void pgraft_parsed_cluster(PgraftClusterSpec *spec);

#endif
