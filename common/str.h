/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_STR_H
#define CT_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Allocation that cannot fail: out of memory ends the process with status 125. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
/* n objects of size bytes; the overflow of n * size ends the process too. */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool str_eq(const char *a, const char *b); /* both may be NULL; NULL equals NULL alone */
bool str_starts(const char *s, const char *prefix);

/*
 * FNV-1a, 64 bits, of text and its NUL: ("ab", "c") and ("a", "bc") differ. hash: STR_HASH, or what
 * another text gave.
 */
#define STR_HASH UINT64_C(0xcbf29ce484222325)
uint64_t str_hash(uint64_t hash, const char *text);

/*
 * snprintf that refuses to cut: a text that does not fit fails with ENAMETOOLONG and names `what`
 * ("interface name"). buf holds an empty string then.
 */
int str_format(char *buf, size_t size, const char *what, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Whole-string decimal numbers: no sign for the unsigned one, no blanks, no leading '+', min..max
 * inclusive. `what` names the value in the error: "mtu: '70000' is not a number 68..65535".
 */
int str_to_u64(const char *s, const char *what, uint64_t min, uint64_t max, uint64_t *out,
	       struct err *err);
int str_to_i64(const char *s, const char *what, int64_t min, int64_t max, int64_t *out,
	       struct err *err);

/*
 * A name that becomes a path component or a key: [A-Za-z0-9][A-Za-z0-9_.+-]*, at most 255 bytes; so
 * never "", ".", "..", never a slash. `what` names it in the error ("container id").
 */
int str_check_name(const char *s, const char *what, struct err *err);

/* A string that grows. Zero-initialise; text is NUL-terminated once anything was added. */
struct strbuf {
	char *text;
	size_t len;
	size_t size;
};
#define autostrbuf __attribute__((cleanup(strbuf_free)))
void strbuf_add(struct strbuf *sb, const char *s, size_t len);
void strbuf_puts(struct strbuf *sb, const char *s);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_free(struct strbuf *sb);
char *strbuf_take(struct strbuf *sb); /* the caller frees; never NULL ("" when empty) */

/* A list of strings that ends with NULL, as execve wants it. Zero-initialise. */
struct strlist {
	char **items; /* NULL while empty */
	size_t n;
};
void strlist_add(struct strlist *list, const char *s); /* copies s */
void strlist_take(struct strlist *list, char *s);      /* owns s from now on */
bool strlist_has(const struct strlist *list, const char *s);
void strlist_free(struct strlist *list);

#endif
