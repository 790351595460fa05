/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SYNC_H
#define CT_SYNC_H

#include <sys/types.h>

#include "common/err.h"

/*
 * Between the runtime and the container's init: one message a packet, on a SOCK_SEQPACKET pair while
 * the container is created and on start.sock when it is started. A closed end is ECONNRESET, so
 * neither side outlives the other unnoticed.
 */
enum sync_type {
	SYNC_STAGED,  /* init -> runtime: the process in between has made init, pid is in .pid */
	SYNC_ENTERED, /* init -> runtime: it is in its cgroup, and so is its cgroup namespace */
	SYNC_RENEW,   /* runtime -> init: mount_ns_renew(), .pid is the CPU */
	SYNC_RENEWED, /* init -> runtime: done */
	SYNC_TIME,    /* runtime -> init: make the time namespace and set its clocks */
	SYNC_TIMED,   /* init -> runtime: done */
	SYNC_PROCEED, /* runtime -> init: ids are mapped, pins made / hooks are done */
	SYNC_MOUNTED, /* init -> runtime: the mounts are there, it is the hooks' turn */
	SYNC_READY,   /* init -> runtime: all done, waiting for start */
	SYNC_RELEASE, /* runtime -> init: the container is committed; from here init is on its own */
	SYNC_EXEC,    /* init -> start, exec: execve is next; then EOF is success */
	SYNC_LISTENER, /* init -> start, with a descriptor: of the seccomp filter, before that EOF */
	SYNC_ERROR,    /* init -> either: .err says why it gave up */
};

struct sync_msg {
	enum sync_type type;
	pid_t pid;
	struct err err;
};

int sync_pair(int fds[2], struct err *err);
int sync_send(int fd, enum sync_type type, pid_t pid, struct err *err);
/*
 * The same with a descriptor: one sendmsg(2), which a seccomp profile can be asked to allow. -EPIPE
 * and the like when it was received by nobody.
 */
int sync_send_fd(int fd, enum sync_type type, int passed_fd, struct err *err);
/* As sync_expect, for a message that must come with a descriptor: close-on-exec, the caller's. */
int sync_expect_fd(int fd, enum sync_type type, const char *other, int *passed_fd, struct err *err);
/* Last words; nobody may be listening. */
void sync_send_error(int fd, const struct err *why);
/*
 * Wait for this type. SYNC_ERROR fills *err with what the other side said; EOF is -ECONNRESET and
 * `other` ("the container's init") died. msg may be NULL.
 */
int sync_expect(int fd, enum sync_type type, const char *other, struct sync_msg *msg,
		struct err *err);
/*
 * We failed, maybe because the other side did so first: when its SYNC_ERROR is waiting, that is the
 * better reason and takes the place of *err.
 */
void sync_last_words(int fd, struct err *err);
/* 1: a message, 0: the other end is closed. */
int sync_receive(int fd, struct sync_msg *msg, struct err *err);
/* And with a descriptor, close-on-exec and the caller's; -1: none came. NULL: none is taken. */
int sync_receive_fd(int fd, struct sync_msg *msg, int *passed_fd, struct err *err);

#endif
