/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NETLINK_H
#define CT_NET_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

struct nl_sock;
struct nl_msg;
struct nlmsghdr;
struct nlattr;

/*
 * A netlink socket. It belongs for ever to the network namespace in which it was opened: open it
 * there, use it from anywhere. libnl's codes (-NLE_...) end here; callers see errno values, with the
 * kernel's own words (extended ack) where it gave some.
 */
struct netlink {
	struct nl_sock *sock; /* NULL: not open */
	int kernel_errno;     /* of the last exchange; 0: success */
	char kernel_text[160];
};

#define NETLINK_INIT                                                                               \
	{                                                                                          \
		.sock = NULL, .kernel_errno = 0, .kernel_text = ""                                 \
	}
#define autonetlink __attribute__((cleanup(netlink_close)))

/* NETLINK_ROUTE in the calling thread's namespace. */
int netlink_open(struct netlink *nl, struct err *err);
/* NETLINK_ROUTE inside netns_fd (setns, socket, setns back; see netns_run). */
int netlink_open_in(struct netlink *nl, int netns_fd, struct err *err);
/* NETLINK_NETFILTER in the calling thread's namespace. */
int netlink_open_netfilter(struct netlink *nl, struct err *err);
/* Safe when it is not open. */
void netlink_close(struct netlink *nl);

/*
 * A request with its fixed header (struct ifinfomsg, ...). Requests of ours are far smaller than the
 * page that a message has: running out of room, or of memory, ends the process.
 */
struct nl_msg *netlink_msg(int type, int flags, const void *header, size_t len);
void netlink_put(struct nl_msg *msg, int type, const void *data, size_t len);
void netlink_put_u32(struct nl_msg *msg, int type, uint32_t value);
void netlink_put_string(struct nl_msg *msg, int type, const char *text);
struct nlattr *netlink_nest(struct nl_msg *msg, int type);
void netlink_nest_end(struct nl_msg *msg, struct nlattr *nest);

/*
 * Send msg (freed in every case) and wait for the kernel's ack. 0, or -errno of the kernel with no
 * error text made: the caller knows what it wanted and says so by netlink_fail().
 */
int netlink_talk(struct netlink *nl, struct nl_msg *msg);

/*
 * The same for a request that has answers: fn sees each of them. With NLM_F_DUMP in the request it
 * is a dump, which is -EINTR when the table changed meanwhile (the caller starts again).
 */
typedef void netlink_answer_fn(const struct nlmsghdr *answer, void *ctx);
int netlink_ask(struct netlink *nl, struct nl_msg *msg, netlink_answer_fn *fn, void *ctx);

/* Fill *err with "<message>: <strerror>[ (<the kernel's words>)]"; code is -errno. */
int netlink_fail(const struct netlink *nl, int code, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
