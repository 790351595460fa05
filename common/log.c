/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/str.h"

#define HELD_MAX_BYTES (64 << 10)

static struct {
	struct log_options options;
	int fd;
	struct strbuf held; /* lines for the file, see log.h */
	pid_t holder;
} log_state = {
	.options = { .program = "", .format = LOG_FORMAT_TEXT, .level = LOG_LEVEL_WARNING },
	.fd = STDERR_FILENO,
};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

int log_open(const struct log_options *options, struct err *err)
{
	log_state.options = *options;
	log_state.holder = getpid();
	if (!options->path)
		return 0;
	int fd = open(options->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (fd < 0)
		return err_errno(err, "open log file '%s'", options->path);
	log_state.fd = fd;
	return 0;
}

static void format_time(char *buf, size_t size)
{
	struct timespec now;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static char *json_line(enum log_level level, const char *msg)
{
	autojson json_node *line = json_object();
	char now[32];

	format_time(now, sizeof(now));
	json_put_string(line, "level", level_names[level]);
	json_put_string(line, "msg", msg);
	json_put_string(line, "time", now);
	autofree char *text = json_print(line, false);

	return xasprintf("%s\n", text);
}

/* What a message quotes (a name, a program's output) must not end its msg="…" or its line. */
static char *escape(const char *msg)
{
	struct strbuf sb = { 0 };

	for (; *msg; msg++) {
		if (*msg == '"' || *msg == '\\')
			strbuf_printf(&sb, "\\%c", *msg);
		else
			strbuf_add(&sb, (unsigned char)*msg < ' ' ? " " : msg, 1);
	}
	return strbuf_take(&sb);
}

static char *text_line(enum log_level level, const char *msg)
{
	const char *program = log_state.options.program;
	char now[32];

	if (log_state.fd == STDERR_FILENO)
		return xasprintf("%s%s%s: %s\n", program, *program ? ": " : "", level_names[level],
				 msg);
	autofree char *escaped = escape(msg);

	format_time(now, sizeof(now));
	return xasprintf("time=\"%s\" level=%s msg=\"%s\"\n", now, level_names[level], escaped);
}

/*
 * A child that is on its way to another program has no later moment to write them; a log of more than
 * warnings is read by people.
 */
static bool is_held(enum log_level level)
{
	const struct log_options *o = &log_state.options;

	return o->format == LOG_FORMAT_JSON && log_state.fd != STDERR_FILENO &&
	       level == LOG_LEVEL_WARNING && o->level == LOG_LEVEL_WARNING &&
	       log_state.holder == getpid() && log_state.held.len < HELD_MAX_BYTES;
}

/* One write() a line, so that programs that share a log file do not mix their lines. */
static void emit(enum log_level level, const char *msg)
{
	autofree char *line = log_state.options.format == LOG_FORMAT_JSON ? json_line(level, msg)
									  : text_line(level, msg);

	if (is_held(level))
		strbuf_add(&log_state.held, line, strlen(line));
	else
		(void)!write(log_state.fd, line, strlen(line));
}

void log_flush(void)
{
	if (log_state.held.len)
		(void)!write(log_state.fd, log_state.held.text, log_state.held.len);
	strbuf_free(&log_state.held);
}

#define EMIT(severity)                                                                             \
	do {                                                                                       \
		va_list args;                                                                      \
		char *msg_ = NULL;                                                                 \
		if (log_state.options.level < (severity))                                          \
			return;                                                                    \
		va_start(args, fmt);                                                               \
		if (vasprintf(&msg_, fmt, args) >= 0)                                              \
			emit(severity, msg_);                                                      \
		va_end(args);                                                                      \
		free(msg_);                                                                        \
	} while (0)

void log_error(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_ERROR);
}

void log_warning(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_WARNING);
}

void log_info(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_INFO);
}

void log_debug(const char *fmt, ...)
{
	EMIT(LOG_LEVEL_DEBUG);
}

bool log_debug_enabled(void)
{
	return log_state.options.level >= LOG_LEVEL_DEBUG;
}

void log_fatal(const struct err *err)
{
	emit(LOG_LEVEL_ERROR, err->msg);
	if (log_state.fd == STDERR_FILENO)
		return;
	if (log_state.held.len)
		(void)!write(STDERR_FILENO, log_state.held.text, log_state.held.len);
	strbuf_free(&log_state.held);
	autofree char *line = xasprintf("%s: error: %s\n", log_state.options.program, err->msg);

	(void)!write(STDERR_FILENO, line, strlen(line));
}
