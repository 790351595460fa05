/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_LOG_H
#define CT_LOG_H

#include <stdbool.h>

#include "common/err.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON
};

struct log_options {
	const char *program; /* prefix of text lines on stderr; must outlive the log */
	const char *path;    /* file to append to; NULL: stderr */
	enum log_format format;
	enum log_level level; /* what is below is dropped */
};

/*
 * Set once, at the start of main. Without it: text on stderr, warnings and errors. Text lines are
 * "program: warning: msg" on stderr and 'time="…" level=warning msg="…"' in a file; JSON lines are
 * {"level":"error","msg":"…","time":"RFC3339"} as runc has them (engines parse that).
 *
 * podman takes a JSON log file for one object, so a program that fails leaves nothing there but the
 * error: warnings are held back until log_flush(), and go to stderr when log_fatal() comes first.
 */
int log_open(const struct log_options *options, struct err *err);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool log_debug_enabled(void);

/* All went well, or what comes now takes long: write what is held back. */
void log_flush(void);

/*
 * The last word of a program that failed: the error goes to the log, and to stderr as well when
 * the log is a file (engines read one, people the other). Never fails, also with stderr closed.
 */
void log_fatal(const struct err *err);

#endif
