/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/net/netns.h"

#define MESSAGE_BYTES 32768

/*
 * libnl maps the kernel's errno to its own codes and loses some on the way; the error callback sees
 * the number itself and, behind it, the extended ack: attributes of which NLMSGERR_ATTR_MSG is a
 * sentence. The request is echoed between the two unless NLM_F_CAPPED says that it was left out.
 */
static int note_error(struct sockaddr_nl *addr, struct nlmsgerr *answer, void *arg)
{
	struct netlink *nl = arg;
	const struct nlmsghdr *header =
		(const struct nlmsghdr *)(const void *)((const char *)answer - NLMSG_HDRLEN);
	size_t skip = sizeof(*answer);
	size_t len = header->nlmsg_len - NLMSG_HDRLEN;
	const struct nlattr *text = NULL;

	(void)addr;
	nl->kernel_errno = -answer->error;
	nl->kernel_text[0] = '\0';
	if (!(header->nlmsg_flags & NLM_F_CAPPED) && answer->msg.nlmsg_len > sizeof(answer->msg))
		skip += NLMSG_ALIGN(answer->msg.nlmsg_len - sizeof(answer->msg));
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS) || skip >= len)
		return NL_STOP;
	text = nla_find((const struct nlattr *)(const void *)((const char *)answer + skip),
			(int)(len - skip), NLMSGERR_ATTR_MSG);
	if (text)
		(void)snprintf(nl->kernel_text, sizeof(nl->kernel_text), "%.*s", nla_len(text),
			       (const char *)nla_data(text));
	return NL_STOP;
}

static int open_protocol(struct netlink *nl, int protocol, struct err *err)
{
	static const int on = 1;
	int nle = 0;

	*nl = (struct netlink)NETLINK_INIT;
	nl->sock = nl_socket_alloc();
	if (!nl->sock)
		return err_set(err, ENOMEM, "netlink socket: out of memory");
	nle = nl_connect(nl->sock, protocol);
	if (nle < 0) {
		netlink_close(nl);
		return err_set(err, nle == -NLE_PROTO_MISMATCH ? EPROTONOSUPPORT : EIO,
			       "netlink socket: %s", nl_geterror(nle));
	}
	/* Else libnl reads every message twice, once to learn its size. The kernel's are smaller. */
	nl_socket_disable_msg_peek(nl->sock);
	(void)nl_socket_set_msg_buf_size(nl->sock, MESSAGE_BYTES);
	/* These are wishes: without them errors have less to say. */
	(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	/* A dump filters by what the request's header names; unknown filters are errors. */
	(void)setsockopt(nl_socket_get_fd(nl->sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on,
			 sizeof(on));
	return 0;
}

int netlink_open(struct netlink *nl, struct err *err)
{
	return open_protocol(nl, NETLINK_ROUTE, err);
}

int netlink_open_netfilter(struct netlink *nl, struct err *err)
{
	return open_protocol(nl, NETLINK_NETFILTER, err);
}

static int open_route(void *ctx, struct err *err)
{
	return open_protocol(ctx, NETLINK_ROUTE, err);
}

int netlink_open_in(struct netlink *nl, int netns_fd, struct err *err)
{
	int rc = netns_run(netns_fd, open_route, nl, err);

	if (rc < 0)
		netlink_close(nl);
	return rc;
}

void netlink_close(struct netlink *nl)
{
	if (nl->sock)
		nl_socket_free(nl->sock);
	nl->sock = NULL;
}

/* What libnl itself can fail with, when it was not the kernel's answer. */
static int errno_of(int nle)
{
	switch (-nle) {
	case NLE_NOMEM:
		return ENOMEM;
	case NLE_NODEV:
		return ENODEV;
	case NLE_OBJ_NOTFOUND:
		return ENOENT;
	case NLE_EXIST:
		return EEXIST;
	case NLE_PERM:
	case NLE_NOACCESS:
		return EPERM;
	case NLE_DUMP_INTR:
		return EINTR;
	case NLE_AGAIN:
		return EAGAIN;
	case NLE_INTR:
		return EINTR;
	case NLE_RANGE:
		return ERANGE;
	case NLE_BUSY:
		return EBUSY;
	case NLE_OPNOTSUPP:
		return EOPNOTSUPP;
	case NLE_INVAL:
	case NLE_MISSING_ATTR:
		return EINVAL;
	default:
		return EIO;
	}
}

/* -errno of a failed exchange: the kernel's own when it answered. */
static int exchange_code(struct netlink *nl, int nle)
{
	int code = nl->kernel_errno;

	if (code > 0)
		return -code;
	(void)snprintf(nl->kernel_text, sizeof(nl->kernel_text), "libnl: %s", nl_geterror(nle));
	return -errno_of(nle);
}

struct nl_msg *netlink_msg(int type, int flags, const void *header, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	/* netlink_put's contract: there is always room. */
	if (!msg || nlmsg_append(msg, (void *)(uintptr_t)header, len, NLMSG_ALIGNTO) < 0)
		abort();
	return msg;
}

void netlink_put(struct nl_msg *msg, int type, const void *data, size_t len)
{
	if (nla_put(msg, type, (int)len, data) < 0)
		abort();
}

void netlink_put_u32(struct nl_msg *msg, int type, uint32_t value)
{
	netlink_put(msg, type, &value, sizeof(value));
}

void netlink_put_string(struct nl_msg *msg, int type, const char *text)
{
	netlink_put(msg, type, text, strlen(text) + 1);
}

struct nlattr *netlink_nest(struct nl_msg *msg, int type)
{
	struct nlattr *nest = nla_nest_start(msg, type);

	if (!nest)
		abort();
	return nest;
}

void netlink_nest_end(struct nl_msg *msg, struct nlattr *nest)
{
	(void)nla_nest_end(msg, nest);
}

struct exchange {
	netlink_answer_fn *fn;
	void *ctx;
	bool done;
};

static int take_answer(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	if (exchange->fn)
		exchange->fn(nlmsg_hdr(msg), exchange->ctx);
	return NL_OK;
}

static int take_end(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	(void)msg;
	exchange->done = true;
	return NL_STOP;
}

/*
 * An answer and its ack may come in two datagrams and nl_recvmsgs() reads one, so read until the ack
 * or the end of the dump: what is left in the socket would be taken for the next request's.
 */
int netlink_ask(struct netlink *nl, struct nl_msg *msg, netlink_answer_fn *fn, void *ctx)
{
	struct exchange exchange = { .fn = fn, .ctx = ctx };
	struct nl_cb *cb = nl_socket_get_cb(nl->sock);
	int nle = 0;

	nl->kernel_errno = 0;
	nl->kernel_text[0] = '\0';
	nl_cb_err(cb, NL_CB_CUSTOM, note_error, nl);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, take_answer, &exchange);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, take_end, &exchange);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, take_end, &exchange);
	nle = nl_send_auto(nl->sock, msg);
	nlmsg_free(msg);
	while (nle >= 0 && !exchange.done)
		nle = nl_recvmsgs(nl->sock, cb);
	nl_cb_put(cb);
	return nle < 0 ? exchange_code(nl, nle) : 0;
}

int netlink_talk(struct netlink *nl, struct nl_msg *msg)
{
	return netlink_ask(nl, msg, NULL, NULL);
}

int netlink_fail(const struct netlink *nl, int code, struct err *err, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (nl->kernel_text[0] == '\0')
		return err_set(err, -code, "%s: %s", what, strerror(-code));
	return err_set(err, -code, "%s: %s (%s)", what, strerror(-code), nl->kernel_text);
}
