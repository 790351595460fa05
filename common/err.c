/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char CUT[] = "…";

/*
 * vsnprintf that shows where it had to cut, and keeps the message on one line: what it quotes of an
 * image or an annotation must not begin another one, nor play with the terminal.
 */
static void __attribute__((format(printf, 3, 0)))
format_message(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);
	size_t end = size - sizeof(CUT);

	if (n < 0) {
		buf[0] = '\0';
	} else if ((size_t)n >= size) {
		/* Back to the start of a character: half of one is no UTF-8 and breaks a JSON log. */
		for (int i = 0; i < 3 && ((unsigned char)buf[end] & 0xc0) == 0x80; i++)
			end--;
		memcpy(buf + end, CUT, sizeof(CUT));
	}
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	err->code = code ? code : EINVAL;
	va_start(args, fmt);
	format_message(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
	return -err->code;
}

int err_errno(struct err *err, const char *fmt, ...)
{
	int saved = errno ? errno : EIO;
	char text[sizeof(err->msg)];
	va_list args;

	va_start(args, fmt);
	format_message(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(err, saved, "%s: %s", text, strerror(saved));
}

int err_ctx(struct err *err, const char *fmt, ...)
{
	char text[sizeof(err->msg)];
	char old[sizeof(err->msg)];
	va_list args;

	va_start(args, fmt);
	format_message(text, sizeof(text), fmt, args);
	va_end(args);
	memcpy(old, err->msg, sizeof(old));
	return err_set(err, err->code, "%s: %s", text, old);
}

void err_clear(struct err *err)
{
	err->code = 0;
	err->msg[0] = '\0';
}
