/*
 * workers.h
 *	  Entry points of the two background workers.
 */
#ifndef PGRAFT_WORKERS_H
#define PGRAFT_WORKERS_H

extern PGDLLEXPORT void pgraft_consensus_main(Datum arg) pg_attribute_noreturn();
extern PGDLLEXPORT void pgraft_role_main(Datum arg) pg_attribute_noreturn();

#endif
