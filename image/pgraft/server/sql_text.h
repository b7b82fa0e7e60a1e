/*
 * sql_text.h
 *	  Text between SQL and the log, which is UTF-8, in databases of any encoding.
 */
#ifndef PGRAFT_SQL_TEXT_H
#define PGRAFT_SQL_TEXT_H

#include "postgres.h"

#include "fmgr.h"

/* For a result.  What was cut in the middle of a character loses it; what the database's encoding does not have becomes "?". */
extern Datum pgraft_text_datum(const char *utf8);

/* An argument, a text in the database's encoding.  ERROR, with the argument's name, if it is NULL. */
extern char *pgraft_text_argument(FunctionCallInfo fcinfo, int number, const char *name);
extern int32 pgraft_int_argument(FunctionCallInfo fcinfo, int number, const char *name);

/* As much of a text as is worth showing in a message. */
extern const char *pgraft_excerpt(const char *text);

#endif
