/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/publish.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/str.h"

#define PORT_MAX 65535

void publish_free(struct publish_list *list)
{
	free(list->items);
	*list = (struct publish_list){ .items = NULL };
}

static int refuse(const char *text, const char *what, const char *why, struct err *err)
{
	return err_set(err, EINVAL,
		       "%s: '%.80s': %s; it must be "
		       "[hostIP:]hostPort[-end]:containerPort[-end][/tcp|udp|sctp]",
		       what, text, why);
}

/* ---- the parts of the text, cut off from its end ---- */

static int take_protocol(char *text, int *proto)
{
	char *slash = strrchr(text, '/');

	*proto = IPPROTO_TCP;
	if (!slash)
		return 0;
	*slash = '\0';
	if (str_eq(slash + 1, "udp"))
		*proto = IPPROTO_UDP;
	else if (str_eq(slash + 1, "sctp"))
		*proto = IPPROTO_SCTP;
	else if (!str_eq(slash + 1, "tcp"))
		return -1;
	return 0;
}

struct run {
	uint64_t first, last;
};

static int parse_run(char *text, struct run *run)
{
	struct err ignored = ERR_INIT;
	char *dash = strchr(text, '-');

	if (dash)
		*dash++ = '\0';
	if (str_to_u64(text, "port", 1, PORT_MAX, &run->first, &ignored) < 0)
		return -1;
	run->last = run->first;
	if (dash && str_to_u64(dash, "port", run->first, PORT_MAX, &run->last, &ignored) < 0)
		return -1;
	return 0;
}

static int parse_host(char *text, struct ip_addr *addr)
{
	struct err ignored = ERR_INIT;
	size_t len = strlen(text);

	if (text[0] == '[' && len > 1 && text[len - 1] == ']') {
		text[len - 1] = '\0';
		text++;
	} else if (strchr(text, ':')) {
		return -1;
	}
	return ip_parse_addr(text, "host", addr, &ignored);
}

int publish_parse(const char *text, const char *what, struct publish_list *list, struct err *err)
{
	autofree char *copy = xstrdup(text);
	struct record_port port = { .proto = IPPROTO_TCP };
	struct run host, inside;
	char *colon = NULL;
	char *start = NULL;

	if (take_protocol(copy, &port.proto) < 0)
		return refuse(text, what, "an unknown protocol", err);
	colon = strrchr(copy, ':');
	if (!colon)
		return refuse(text, what, "a port is missing", err);
	*colon = '\0';
	if (parse_run(colon + 1, &inside) < 0)
		return refuse(text, what, "the container's port is not 1..65535", err);
	/* "[::1]:80" has colons of its own. */
	start = strrchr(copy, ':');
	if (start && strchr(start, ']'))
		return refuse(text, what, "a port of the host is missing", err);
	if (start)
		*start++ = '\0';
	if (parse_run(start ? start : copy, &host) < 0)
		return refuse(text, what, "the host's port is not 1..65535", err);
	if (start && parse_host(copy, &port.host) < 0)
		return refuse(text, what, "the host's address is none (IPv6 in brackets)", err);
	if (host.last - host.first != inside.last - inside.first)
		return refuse(text, what, "both runs of ports must be of one length", err);
	port.host_port = (uint16_t)host.first;
	port.container_port = (uint16_t)inside.first;
	port.count = (uint16_t)(host.last - host.first + 1);
	return publish_add(&port, what, list, err);
}

/* ---- lists ---- */

/* 0.0.0.0 and :: mean every address of their family. */
static bool hosts_meet(const struct ip_addr *a, const struct ip_addr *b)
{
	if (ip_is_set(a) && ip_is_set(b) && a->family != b->family)
		return false;
	return ip_is_any(a) || ip_is_any(b) || ip_equal(a, b);
}

bool publish_overlap(const struct record_port *a, const struct record_port *b)
{
	return a->proto == b->proto && a->host_port < b->host_port + b->count &&
	       b->host_port < a->host_port + a->count && hosts_meet(&a->host, &b->host);
}

/* The kernel routes nothing from ::1 to elsewhere; the others are no address of a host at all. */
static int check_host(const struct record_port *port, const char *what, struct err *err)
{
	const struct ip_addr *host = &port->host;

	if (ip_is_any(host) || ip_is_for_hosts(host) ||
	    (host->family == AF_INET && host->bytes[0] == 127))
		return 0;
	return err_set(err, EINVAL,
		       "%s: '%s': nothing that is sent to %s can be led to a container; give an "
		       "address of one of the host's interfaces, or none for all of them",
		       what, publish_text(port).text, ip_addr_text(host).text);
}

/* Some runtimes spell a run of ports out, one by one. */
static bool follows(const struct record_port *last, const struct record_port *port)
{
	return last->proto == port->proto && last->host.family == port->host.family &&
	       (!ip_is_set(&port->host) || ip_equal(&last->host, &port->host)) &&
	       port->host_port == last->host_port + last->count &&
	       port->container_port == last->container_port + last->count;
}

int publish_add(const struct record_port *port, const char *what, struct publish_list *list,
		struct err *err)
{
	if (port->host_port == 0 || port->container_port == 0 || port->count == 0 ||
	    port->host_port + port->count - 1 > PORT_MAX ||
	    port->container_port + port->count - 1 > PORT_MAX)
		return err_set(err, EINVAL, "%s: ports must be 1..%d", what, PORT_MAX);
	if (check_host(port, what, err) < 0)
		return -err->code;
	for (size_t i = 0; i < list->n; i++) {
		if (publish_overlap(port, &list->items[i]))
			return err_set(err, EINVAL, "%s: %s and %s want the same port of the host",
				       what, publish_text(&list->items[i]).text,
				       publish_text(port).text);
	}
	if (list->n > 0 && follows(&list->items[list->n - 1], port)) {
		list->items[list->n - 1].count =
			(uint16_t)(list->items[list->n - 1].count + port->count);
		return 0;
	}
	if (list->n == PUBLISH_MAX)
		return err_set(err, E2BIG,
			       "%s: more than %d ports and runs of ports; a run such as "
			       "8000-8999:8000-8999 is one",
			       what, PUBLISH_MAX);
	list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
	list->items[list->n++] = *port;
	return 0;
}

struct publish_text publish_text(const struct record_port *port)
{
	struct publish_text out = { .text = "" };
	const struct ip_text host = ip_addr_text(&port->host);
	const bool is_ipv6 = port->host.family == AF_INET6;
	char ends[2][8] = { "", "" };

	if (port->count > 1) {
		(void)snprintf(ends[0], sizeof(ends[0]), "-%u",
			       (unsigned int)(uint16_t)(port->host_port + port->count - 1));
		(void)snprintf(ends[1], sizeof(ends[1]), "-%u",
			       (unsigned int)(uint16_t)(port->container_port + port->count - 1));
	}
	(void)snprintf(out.text, sizeof(out.text), "%s%s%s%s%u%s:%u%s/%s", is_ipv6 ? "[" : "",
		       ip_is_set(&port->host) ? host.text : "", is_ipv6 ? "]" : "",
		       ip_is_set(&port->host) ? ":" : "", port->host_port, ends[0],
		       port->container_port, ends[1], record_protocol_name(port->proto));
	return out;
}
