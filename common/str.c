/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/str.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_OUT_OF_MEMORY 125

static void *checked(void *p)
{
	static const char text[] = "out of memory\n";

	if (!p) {
		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
		_exit(EXIT_OUT_OF_MEMORY);
	}
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return checked(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *s = NULL;

	va_start(args, fmt);
	if (vasprintf(&s, fmt, args) < 0)
		s = NULL;
	va_end(args);
	return checked(s);
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

uint64_t str_hash(uint64_t hash, const char *text)
{
	const size_t size = strlen(text) + 1;

	for (size_t i = 0; i < size; i++) {
		hash ^= (unsigned char)text[i];
		hash *= UINT64_C(0x100000001b3);
	}
	return hash;
}

int str_format(char *buf, size_t size, const char *what, struct err *err, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < size)
		return 0;
	buf[0] = '\0';
	return err_set(err, ENAMETOOLONG, "%s is longer than %zu characters", what, size - 1);
}

int str_to_u64(const char *s, const char *what, uint64_t min, uint64_t max, uint64_t *out,
	       struct err *err)
{
	char *end = NULL;
	unsigned long long v = 0;

	errno = 0;
	if (isdigit((unsigned char)s[0]))
		v = strtoull(s, &end, 10);
	if (!end || *end || errno || v < min || v > max)
		return err_set(err, errno == ERANGE ? ERANGE : EINVAL,
			       "%s: '%s' is not a number %" PRIu64 "..%" PRIu64, what, s, min, max);
	*out = v;
	return 0;
}

int str_to_i64(const char *s, const char *what, int64_t min, int64_t max, int64_t *out,
	       struct err *err)
{
	const char *digits = s[0] == '-' ? s + 1 : s;
	char *end = NULL;
	long long v = 0;

	errno = 0;
	if (isdigit((unsigned char)digits[0]))
		v = strtoll(s, &end, 10);
	if (!end || *end || errno || v < min || v > max)
		return err_set(err, errno == ERANGE ? ERANGE : EINVAL,
			       "%s: '%s' is not a number %" PRId64 "..%" PRId64, what, s, min, max);
	*out = v;
	return 0;
}

int str_check_name(const char *s, const char *what, struct err *err)
{
	size_t len = strlen(s);

	if (len == 0)
		return err_set(err, EINVAL, "%s is empty", what);
	if (len > 255)
		return err_set(err, ENAMETOOLONG, "%s is longer than 255 characters", what);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 128 && (isalnum(c) || (i > 0 && strchr("_.+-", c))))
			continue;
		return err_set(
			err, EINVAL,
			"%s '%.64s': only letters, digits and, behind the first, _ . + - are allowed",
			what, s);
	}
	return 0;
}

static void strbuf_reserve(struct strbuf *sb, size_t more)
{
	size_t need = sb->len + more + 1;

	if (need <= sb->size)
		return;
	sb->size = need > 2 * sb->size ? need : 2 * sb->size;
	sb->text = xrealloc(sb->text, sb->size);
}

void strbuf_add(struct strbuf *sb, const char *s, size_t len)
{
	strbuf_reserve(sb, len);
	memcpy(sb->text + sb->len, s, len);
	sb->len += len;
	sb->text[sb->len] = '\0';
}

void strbuf_puts(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list args, again;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n > 0) {
		strbuf_reserve(sb, (size_t)n);
		(void)vsnprintf(sb->text + sb->len, (size_t)n + 1, fmt, again);
		sb->len += (size_t)n;
	}
	va_end(again);
}

void strbuf_free(struct strbuf *sb)
{
	free(sb->text);
	*sb = (struct strbuf){ 0 };
}

char *strbuf_take(struct strbuf *sb)
{
	char *text = sb->text ? sb->text : xstrdup("");

	*sb = (struct strbuf){ 0 };
	return text;
}

void strlist_take(struct strlist *list, char *s)
{
	list->items = xreallocarray(list->items, list->n + 2, sizeof(char *));
	list->items[list->n++] = s;
	list->items[list->n] = NULL;
}

void strlist_add(struct strlist *list, const char *s)
{
	strlist_take(list, xstrdup(s));
}

bool strlist_has(const struct strlist *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i], s))
			return true;
	return false;
}

void strlist_free(struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strlist){ 0 };
}
