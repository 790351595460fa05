/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NAMESPACES_H
#define CT_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "runtime/config/config.h"

/* The namespaces of a container: those to make, by flag, and those to join, by descriptor. */
struct namespaces {
	uint64_t new_flags;     /* CLONE_NEW* of those to make */
	uint64_t late_flags;    /* of these: what init makes by itself, once it is there */
	int join_fds[NS_COUNT]; /* -1: none */
	bool staged; /* a process in between joins, then clones init: for user and pid namespaces,
		      * and to leave mounts behind (hidden.h) */
};

#define NAMESPACES_INIT                                                                            \
	{                                                                                          \
		.join_fds = { -1, -1, -1, -1, -1, -1, -1, -1 }                                     \
	}

uint64_t namespaces_flag(enum ns_type type);    /* CLONE_NEWNET, … */
const char *namespaces_file(enum ns_type type); /* "net", as /proc/<pid>/ns has it */

/* The caller is in the namespace of that kind which fd stands for. */
bool namespaces_is_own(int fd, enum ns_type type);

/* Open all that are joined by path; one of the wrong kind is an error that says so. */
int namespaces_open(const struct config *config, struct namespaces *ns, struct err *err);
void namespaces_close(struct namespaces *ns);

/* setns into what is joined, user first, so that the rest is allowed by it. */
int namespaces_join(const struct namespaces *ns, struct err *err);

/* Raise lo in the network namespace of the caller. */
int namespaces_raise_lo(struct err *err);

#endif
