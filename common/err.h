/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_ERR_H
#define CT_ERR_H

/*
 * The one idiom for errors. A function that can fail takes a struct err as its last parameter and
 * returns a negative number after it filled it; the caller that sees a negative number passes it
 * on as it is. Only main.c prints. The struct has a fixed size, no pointers and no padding that
 * matters, so the same bytes cross a socket from a child to its parent in one message.
 */
struct err {
	int code;      /* an errno value, never 0 once filled */
	char msg[512]; /* one line, no newline at its end; "…" marks what did not fit */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = 0, .msg = ""                                                               \
	}

/* Fill *err with code (an errno value) and a message. Returns -code. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set with errno as the code, and ": " + strerror(errno) behind the message. */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "<context>: " before the message that is there already. Returns -err->code. */
int err_ctx(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drop what *err says (a tolerated failure, after it was logged). */
void err_clear(struct err *err);

#endif
