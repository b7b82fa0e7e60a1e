/*
 * sql_text.c
 *	  See sql_text.h.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "server/sql_text.h"

#define EXCERPT 80

/* false: the database's encoding does not have all of it. */
static bool
convert(const char *utf8, int length, char *result, int size)
{
	Oid function = FindDefaultConversionProc(PG_UTF8, GetDatabaseEncoding());

	return OidIsValid(function) &&
		   pg_do_encoding_conversion_buf(function, PG_UTF8, GetDatabaseEncoding(), (unsigned char *) utf8, length,
										 (unsigned char *) result, size, true) == length;
}

static void
replace_foreign(char *text)
{
	for (; *text != '\0'; text++)
		if (IS_HIGHBIT_SET(*text))
			*text = '?';
}

Datum
pgraft_text_datum(const char *utf8)
{
	int length = pg_encoding_verifymbstr(PG_UTF8, utf8, (int) strlen(utf8));
	char *valid = pnstrdup(utf8, length);
	int size = length * MAX_CONVERSION_GROWTH + 1;
	char *result;

	if (GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return CStringGetTextDatum(valid);
	result = palloc0(size);
	if (!convert(valid, length, result, size))
		replace_foreign(strcpy(result, valid));
	return CStringGetTextDatum(result);
}

static void
refuse_null(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s must not be NULL", name),
				errhint("Give every argument a value."));
}

char *
pgraft_text_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	refuse_null(fcinfo, number, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

int32
pgraft_int_argument(FunctionCallInfo fcinfo, int number, const char *name)
{
	refuse_null(fcinfo, number, name);
	return PG_GETARG_INT32(number);
}

const char *
pgraft_excerpt(const char *text)
{
	int length = (int) strlen(text);
	int clipped = pg_mbcliplen(text, length, EXCERPT);

	return clipped == length ? text : psprintf("%.*s...", clipped, text);
}
