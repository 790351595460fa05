/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_JSON_SCAN_H
#define CT_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

/*
 * What cJSON lets pass and we do not, found in the text before it is parsed: nesting deeper than
 * JSON_MAX_DEPTH, NUL bytes and "\u0000" (cJSON would cut the string there), raw control characters
 * in strings, bytes that are not UTF-8.
 */
int json_scan(const char *text, size_t len, const char *what, struct err *err);

/* No number of so few digits is beyond what a double holds exactly (2^53). */
#define JSON_EXACT_DIGITS 15

/*
 * For texts that were parsed: *text moves to the next number (strings are passed over), whose length
 * is returned; 0: there is none.
 */
size_t json_scan_number(const char **text, const char *end);
/* A number whose text is so long that a double may not hold it exactly. */
bool json_scan_has_long_number(const char *text, const char *end);

/* "line 3, column 7" of text + at. */
struct json_place {
	size_t line, column;
};
struct json_place json_place(const char *text, size_t at);

#endif
