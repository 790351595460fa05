/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_JSON_H
#define CT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/str.h"

/*
 * JSON in and out. cJSON is used here and nowhere else; its traps are closed at the parse: depth and
 * size are capped, duplicate keys, "\u0000" and trailing text are refused, syntax errors say line
 * and column.
 */
struct cJSON;
typedef struct cJSON json_node; /* the one typedef: hides the library's name */

#define JSON_MAX_DEPTH 64
#define autojson       __attribute__((cleanup(json_free)))

/* text need not be NUL-terminated. `what` names the document in errors ("config.json"). */
int json_parse(const char *text, size_t len, const char *what, json_node **root, struct err *err);
void json_free(json_node **root);

/* ---- decoding by tables ---- */

/* Where the decoder is; printed as "config.json: process.user.uid". Built on the stack. */
struct json_path {
	const struct json_path *parent;
	const char *key; /* NULL: an array element */
	size_t index;
};

enum {
	JSON_REQUIRED = 1 << 0,    /* missing is an error */
	JSON_UNSUPPORTED = 1 << 1, /* known, not applied yet: an error unless it asks for nothing */
	JSON_IGNORED = 1 << 2,     /* known, carries no request; accepted in any form */
};

struct json_field;
typedef int json_decode_fn(const json_node *node, const struct json_field *field, void *out,
			   const struct json_path *path, struct err *err);

/* One key of an object. `out` of the decoder is the object's struct + offset. */
struct json_field {
	const char *key;
	json_decode_fn *decode;
	size_t offset;
	unsigned int flags;
	const void *arg; /* what the decoder needs: a table, a range, a list of names */
	size_t has_offset; /* offset of a bool "key was present"; 0: none (so never the first member) */
};

struct json_range { /* .arg of json_decode_int */
	int64_t min, max;
};

struct json_enum { /* .arg of json_decode_enum; ends with a NULL name */
	const char *name;
	int value;
};

struct json_table { /* .arg of json_decode_object and of json_decode_array */
	const struct json_field *fields;
	size_t n_fields;
	size_t item_size;    /* arrays: size of one struct */
	size_t count_offset; /* arrays: where size_t count is,
	                                                     * relative to the array pointer */
	int (*check)(void *item, const struct json_path *path, struct err *err); /* may be NULL */
	bool strict; /* an unknown key is an error */
};

json_decode_fn json_decode_string;  /* char *: owned */
json_decode_fn json_decode_bool;    /* bool */
json_decode_fn json_decode_int;     /* int64_t within .arg (NULL: +-2^53) */
json_decode_fn json_decode_u64;     /* uint64_t, exact beyond 2^53 too */
json_decode_fn json_decode_enum;    /* int, one of .arg's names */
json_decode_fn json_decode_strings; /* struct strlist */
json_decode_fn json_decode_map;     /* struct strmap of string values */
json_decode_fn json_decode_object;  /* a nested struct, in place; .arg: json_table */
json_decode_fn json_decode_array;   /* T *items, and its count; .arg: json_table */
json_decode_fn json_decode_raw;     /* const json_node *, borrowed from the document */

struct strmap {
	struct strmap_entry {
		char *key, *value;
	} * items;
	size_t n;
};
const char *strmap_get(const struct strmap *map, const char *key); /* NULL: not there */
void strmap_free(struct strmap *map);

/*
 * Decode the object node into out (zeroed by the caller). Unknown keys are a debug log, or an error
 * when strict. null means "not there" for every key. `what` names the document.
 */
int json_decode(const json_node *node, const char *what, const struct json_table *table, void *out,
		struct err *err);

/* For hand-written decoders: fail with "<path>: <message>". */
int json_fail(const struct json_path *path, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "…: <message>, not <value>", the value cut when it is long. */
int json_fail_value(const json_node *node, const struct json_path *path, struct err *err,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool json_is_empty(const json_node *node); /* null, false, 0, "", [], {}: asks for nothing */

/* ---- reading by hand (documents of other programs) ---- */
const json_node *json_get(const json_node *object, const char *key); /* exact case; NULL */
const char *json_string(const json_node *node);                      /* NULL: not a string */
bool json_int(const json_node *node, int64_t *out);                  /* false: not an integer */
bool json_double(const json_node *node, double *out);                /* false: not a number */
bool json_u64(const json_node *node, uint64_t *out); /* exact to 2^64-1; false: none such */
bool json_is_object(const json_node *node);
bool json_is_array(const json_node *node);
bool json_is_true(const json_node *node);
bool json_is_bool(const json_node *node);
bool json_is_null(const json_node *node);
const json_node *json_first(const json_node *container); /* first child; NULL */
const json_node *json_next(const json_node *node);
const char *json_key(const json_node *node);

/* ---- building; a NULL value adds nothing ---- */
json_node *json_object(void);
json_node *json_array(void);
void json_put_string(json_node *object, const char *key, const char *value);
void json_put_int(json_node *object, const char *key, int64_t value);
void json_put_double(json_node *object, const char *key, double value);
void json_put_bool(json_node *object, const char *key, bool value);
void json_put(json_node *object, const char *key, json_node *value); /* owns value */
void json_put_copy(json_node *object, const char *key, const json_node *value);
json_node *json_put_object(json_node *object, const char *key); /* a new, empty one */
json_node *json_put_array(json_node *object, const char *key);
json_node *json_copy(const json_node *node); /* with all below it, the caller's */
void json_append(json_node *array, json_node *value);
void json_append_string(json_node *array, const char *value);
void json_append_int(json_node *array, int64_t value);
void json_remove(json_node *object, const char *key);
json_node *json_put_strmap(json_node *object, const char *key, const struct strmap *map);

/* The caller frees. indent: pretty, for people and files that people read; else one line. */
char *json_print(const json_node *root, bool indent);

#endif
