/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/json.h"

struct json_place json_place(const char *text, size_t at)
{
	struct json_place place = { .line = 1, .column = 1 };

	for (size_t i = 0; i < at; i++) {
		place.column++;
		if (text[i] != '\n')
			continue;
		place.line++;
		place.column = 1;
	}
	return place;
}

static int refuse(const char *text, size_t at, const char *what, const char *why, struct err *err)
{
	struct json_place place = json_place(text, at);

	return err_set(err, EINVAL, "%s: line %zu, column %zu: %s", what, place.line, place.column,
		       why);
}

/* Length of the UTF-8 sequence at p (1-4), 0 if it is none (RFC 3629: no overlong, no surrogates). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max, length;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (p[0] < forms[i].first_min || p[0] > forms[i].first_max)
			continue;
		if (forms[i].length > left)
			return 0;
		if (forms[i].length > 1 &&
		    (p[1] < forms[i].second_min || p[1] > forms[i].second_max))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* at: behind the opening quote. The offset behind the closing one (or the end) goes to *next. */
static int scan_string(const char *text, size_t len, size_t at, const char *what, size_t *next,
		       struct err *err)
{
	while (at < len && text[at] != '"') {
		unsigned char c = (unsigned char)text[at];

		if (c < 0x20)
			return refuse(text, at, what, "control character in a string", err);
		if (c == '\\') {
			if (len - at >= 6 && memcmp(text + at, "\\u0000", 6) == 0)
				return refuse(text, at, what, "\\u0000 in a string", err);
			at += 2;
			continue;
		}
		size_t n = c < 0x80 ? 1 : utf8_length((const unsigned char *)text + at, len - at);

		if (n == 0)
			return refuse(text, at, what, "not valid UTF-8", err);
		at += n;
	}
	*next = at < len ? at + 1 : len;
	return 0;
}

int json_scan(const char *text, size_t len, const char *what, struct err *err)
{
	size_t depth = 0;

	for (size_t at = 0; at < len;) {
		char c = text[at++];
		int rc = 0;

		if (c == '"')
			rc = scan_string(text, len, at, what, &at, err);
		else if (c == '\0')
			rc = refuse(text, at - 1, what, "NUL byte", err);
		else if ((c == '{' || c == '[') && ++depth > JSON_MAX_DEPTH)
			rc = refuse(text, at - 1, what, "nested too deeply", err);
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		if (rc < 0)
			return rc;
	}
	return 0;
}

size_t json_scan_number(const char **text, const char *end)
{
	const char *p = *text;

	while (p < end && *p != '-' && (*p < '0' || *p > '9')) {
		if (*p++ != '"')
			continue;
		while (p < end && *p != '"')
			p += *p == '\\' ? 2 : 1;
		p++;
	}
	*text = p < end ? p : end;
	for (p = *text; p < end && *p && strchr("0123456789+-.eE", *p);)
		p++;
	return (size_t)(p - *text);
}

bool json_scan_has_long_number(const char *text, const char *end)
{
	for (size_t len; (len = json_scan_number(&text, end)) > 0; text += len)
		if (len > JSON_EXACT_DIGITS)
			return true;
	return false;
}
