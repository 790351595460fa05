/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/firewall/firewall.h"
#include "common/net/link.h"
#include "common/net/network.h"
#include "common/str.h"
#include "netns-hook/lease_file.h"
#include "netns-hook/publish.h"

#define FOLDER    "ports"
#define NAME_SIZE 96

/* ---- names of claims ---- */

static void claim_name(const struct record_port *port, char name[NAME_SIZE])
{
	const struct ip_text host = ip_addr_text(&port->host);

	(void)snprintf(name, NAME_SIZE, "%s,%u,%u,%s", record_protocol_name(port->proto),
		       port->host_port, port->count, ip_is_set(&port->host) ? host.text : "any");
}

static int proto_of(const char *name)
{
	static const int protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (str_eq(name, record_protocol_name(protocols[i])))
			return protocols[i];
	}
	return 0;
}

/* False: a stranger's file. */
static bool parse_name(const char *name, struct record_port *port)
{
	struct err ignored = ERR_INIT;
	autofree char *copy = xstrdup(name);
	char *save = copy;
	const char *proto = strsep(&save, ","), *first = strsep(&save, ",");
	const char *count = strsep(&save, ",");
	uint64_t number = 0, n = 0;

	*port = (struct record_port){ .proto = proto_of(proto) };
	if (!port->proto || !first || !count || !save ||
	    str_to_u64(first, "port", 1, 65535, &number, &ignored) < 0 ||
	    str_to_u64(count, "count", 1, 65536 - number, &n, &ignored) < 0)
		return false;
	port->host_port = (uint16_t)number;
	port->count = (uint16_t)n;
	return str_eq(save, "any") || ip_parse_addr(save, "host", &port->host, &ignored) >= 0;
}

/* ---- the folder ---- */

/* Locked and open; make: created when missing. -1 in dir_fd and 0: there is none. */
struct folder {
	int host_fd; /* the lock */
	int dir_fd;
};
#define FOLDER_INIT                                                                                \
	{                                                                                          \
		.host_fd = -1, .dir_fd = -1                                                        \
	}
#define autoportfolder __attribute__((cleanup(folder_close)))

static void folder_close(struct folder *folder)
{
	cleanup_close(&folder->dir_fd);
	cleanup_close(&folder->host_fd);
}

static int folder_open(int state_fd, bool make, struct folder *folder, struct err *err)
{
	folder->host_fd = network_lock_host(state_fd, err);
	if (folder->host_fd < 0)
		return folder->host_fd;
	if (make && mkdirat(state_fd, FOLDER, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "create folder '" FOLDER "'");
	folder->dir_fd = openat(state_fd, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder->dir_fd < 0 && (make || errno != ENOENT))
		return err_errno(err, "open folder '" FOLDER "'");
	return 0;
}

/* Under the lock: the folder goes with its last claim. */
static void folder_prune(int state_fd)
{
	(void)unlinkat(state_fd, FOLDER, AT_REMOVEDIR);
}

typedef int claim_fn(const struct folder *folder, const char *name, const struct record_port *port,
		     void *ctx, struct err *err);

/* Every claim; the sum of what fn returned, or the first negative. */
static int each_claim(const struct folder *folder, claim_fn *fn, void *ctx, struct err *err)
{
	int own_fd = openat(folder->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = own_fd >= 0 ? fdopendir(own_fd) : NULL;
	int n = 0;

	if (!dir)
		return err_errno(err, "read folder '" FOLDER "'");
	for (const struct dirent *e; (e = readdir(dir));) {
		struct record_port port;
		int rc = 0;

		if (parse_name(e->d_name, &port))
			rc = fn(folder, e->d_name, &port, ctx, err);
		if (rc < 0)
			return rc;
		n += rc;
	}
	return n;
}

/* ---- claiming ---- */

static bool is_holder(const struct lease_file *lease, const struct attachment *att)
{
	return str_eq(lease->container, att->container) && str_eq(lease->ifname, att->ifname);
}

static bool is_dead(const struct lease_file *lease, const char *boot_id,
		    const struct ipam_alive *alive)
{
	return !lease->container || !str_eq(lease->boot_id, boot_id) ||
	       !alive->check(alive->ctx, lease->container, lease->ifname);
}

/* ---- rules ---- */

/*
 * With which firewall they were published the record does not say: it is lost, or was written before.
 * The rules are known by their comment; the addresses say of which families there may be some.
 */
static int unpublish_anywhere(const struct attachment *att, struct err *err)
{
	static const enum firewall_kind kinds[] = { FIREWALL_IPTABLES, FIREWALL_NFTABLES };
	struct attachment view = *att; /* owns nothing */
	struct err why = ERR_INIT;
	size_t failed = 0;

	view.addresses[0].prefix = ip_default(AF_INET);
	view.addresses[1].prefix = ip_default(AF_INET6);
	view.n_addresses = 2;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		view.firewall = kinds[i];
		failed += firewall_unpublish(&view, &why) < 0;
	}
	/* One of them this kernel may not have. */
	if (failed == ARRAY_SIZE(kinds))
		*err = why;
	return failed == ARRAY_SIZE(kinds) ? -why.code : 0;
}

int ports_unpublish(const struct attachment *att, struct err *err)
{
	return att->n_ports > 0 && att->firewall == FIREWALL_AUTO ? unpublish_anywhere(att, err)
								  : firewall_unpublish(att, err);
}

/* Whose record is lost: its rules are known by the name that its veth had. */
static int unpublish_lost(const struct lease_file *lease, const struct record_port *port,
			  struct err *err)
{
	struct record_port one = *port;
	/* a view: owns nothing */
	struct attachment lost = { .container = lease->container, .ports = &one, .n_ports = 1 };

	(void)memcpy(lost.ifname, lease->ifname, strlen(lease->ifname) + 1);
	record_veth_name(lost.container, lost.ifname, 0, lost.veth);
	(void)record_find_routed(lost.container, lost.ifname, lost.veth);
	return unpublish_anywhere(&lost, err);
}

/* A dead container's rules would go on catching what is meant for the new holder. */
static int unpublish_dead(int state_fd, const struct lease_file *lease,
			  const struct record_port *port, struct err *err)
{
	autoattachment struct attachment dead = { 0 };
	struct err damaged = ERR_INIT;

	if (!lease->container || str_check_name(lease->container, "container id", &damaged) < 0 ||
	    link_check_name(lease->ifname, "interface", &damaged) < 0)
		return 0;
	if (record_load(state_fd, lease->container, lease->ifname, &dead, &damaged) <= 0)
		return unpublish_lost(lease, port, err);
	return firewall_unpublish(&dead, err);
}

struct claim {
	int state_fd;
	const struct attachment *att;
	const struct ipam_alive *alive;
};

static const struct record_port *wanted_by(const struct attachment *att,
					   const struct record_port *port)
{
	for (size_t i = 0; i < att->n_ports; i++) {
		if (publish_overlap(&att->ports[i], port))
			return &att->ports[i];
	}
	return NULL;
}

/* A claim that is in the way goes when its holder is gone, or when it is ours of another time. */
static int clear_way(const struct folder *folder, const char *name, const struct record_port *port,
		     void *ctx, struct err *err)
{
	const struct claim *claim = ctx;
	const struct record_port *wanted = wanted_by(claim->att, port);
	autolease struct lease_file lease = { 0 };
	int rc = wanted ? lease_file_read(folder->dir_fd, name, &lease, err) : 0;

	if (rc <= 0)
		return rc;
	if (!is_holder(&lease, claim->att) &&
	    !is_dead(&lease, claim->att->owner.boot_id, claim->alive))
		return err_set(err, EADDRINUSE,
			       "published port %s: container '%s' has it already (%s)",
			       publish_text(wanted).text, lease.container, name);
	if (!is_holder(&lease, claim->att))
		rc = unpublish_dead(claim->state_fd, &lease, port, err);
	if (rc >= 0)
		rc = lease_file_remove(folder->dir_fd, name, err);
	return rc < 0 ? rc : 0;
}

/* A socket that is bound there would be deaf from now on, and nobody would know why. */
static int try_bind(const struct record_port *port, int family, struct err *err)
{
	const int on = 1;
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	for (unsigned int i = 0; i < port->count; i++) {
		autoclose int fd = socket(family,
					  (port->proto == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) |
						  SOCK_CLOEXEC,
					  port->proto);
		bool is_ipv6 = family == AF_INET6;

		if (fd < 0)
			return 0; /* no such family here */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (is_ipv6)
			(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
		memcpy(&in4.sin_addr, port->host.bytes, sizeof(in4.sin_addr));
		memcpy(&in6.sin6_addr, port->host.bytes, sizeof(in6.sin6_addr));
		in4.sin_port = in6.sin6_port = htons((uint16_t)(port->host_port + i));
		if (bind(fd, is_ipv6 ? (const void *)&in6 : (const void *)&in4,
			 is_ipv6 ? sizeof(in6) : sizeof(in4)) < 0 &&
		    errno == EADDRINUSE)
			return err_set(err, EADDRINUSE,
				       "published port %s: a process of this host has port %u "
				       "already (see 'ss -anp sport = :%u')",
				       publish_text(port).text, port->host_port + i,
				       port->host_port + i);
	}
	return 0;
}

/*
 * Kernels forward SCTP that have no sockets of it, or not yet: to ask for one would load the module, and
 * before that nobody has any.
 */
static bool has_sctp_sockets(void)
{
	return access("/proc/sys/net/sctp", F_OK) == 0;
}

static int check_host(const struct record_port *port, struct err *err)
{
	int rc = 0;

	if (port->proto == IPPROTO_SCTP && !has_sctp_sockets())
		return 0;
	if (port->host.family != AF_INET6)
		rc = try_bind(port, AF_INET, err);
	if (rc >= 0 && port->host.family != AF_INET)
		rc = try_bind(port, AF_INET6, err);
	return rc;
}

static int make_claims(const struct folder *folder, const struct attachment *att, struct err *err)
{
	autolease struct lease_file lease = {
		.container = xstrdup(att->container),
		.ifname = xstrdup(att->ifname),
		.boot_id = xstrdup(att->owner.boot_id),
	};
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < att->n_ports; i++) {
		char name[NAME_SIZE];

		claim_name(&att->ports[i], name);
		rc = lease_file_create(folder->dir_fd, name, &lease, err);
	}
	return rc < 0 ? rc : 0;
}

static int release_locked(const struct folder *folder, const struct attachment *att,
			  struct err *err)
{
	for (size_t i = 0; i < att->n_ports; i++) {
		autolease struct lease_file lease = { 0 };
		char name[NAME_SIZE];

		claim_name(&att->ports[i], name);
		int rc = lease_file_read(folder->dir_fd, name, &lease, err);

		if (rc > 0 && is_holder(&lease, att))
			rc = lease_file_remove(folder->dir_fd, name, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int ports_claim(int state_fd, const struct attachment *att, const struct ipam_alive *alive,
		struct err *err)
{
	autoportfolder struct folder folder = FOLDER_INIT;
	struct claim claim = { state_fd, att, alive };
	int rc = folder_open(state_fd, true, &folder, err);

	for (size_t i = 0; rc >= 0 && i < att->n_ports; i++)
		rc = check_host(&att->ports[i], err);
	if (rc >= 0)
		rc = each_claim(&folder, clear_way, &claim, err);
	if (rc >= 0)
		rc = make_claims(&folder, att, err);
	if (rc < 0 && folder.dir_fd >= 0) {
		struct err ignored = ERR_INIT;

		(void)release_locked(&folder, att, &ignored);
		folder_prune(state_fd);
	}
	return rc;
}

int ports_release(int state_fd, const struct attachment *att, struct err *err)
{
	autoportfolder struct folder folder = FOLDER_INIT;
	int rc = att->n_ports > 0 ? folder_open(state_fd, false, &folder, err) : 0;

	if (rc >= 0 && folder.dir_fd >= 0) {
		rc = release_locked(&folder, att, err);
		folder_prune(state_fd);
	}
	return rc;
}

int ports_holds(int state_fd, const struct attachment *att, const struct record_port *port,
		struct err *err)
{
	autolease struct lease_file lease = { 0 };
	char name[NAME_SIZE];
	autofree char *path = (claim_name(port, name), xasprintf(FOLDER "/%s", name));
	int rc = lease_file_read(state_fd, path, &lease, err);

	return rc <= 0 ? rc : is_holder(&lease, att);
}

static int take_held(const struct folder *folder, const char *name, const struct record_port *port,
		     void *ctx, struct err *err)
{
	struct attachment *att = ctx;
	autolease struct lease_file lease = { 0 };
	int rc = lease_file_read(folder->dir_fd, name, &lease, err);

	if (rc <= 0 || !is_holder(&lease, att))
		return rc < 0 ? rc : 0;
	att->ports = xreallocarray(att->ports, att->n_ports + 1, sizeof(*att->ports));
	att->ports[att->n_ports++] = *port;
	return 1;
}

int ports_find(int state_fd, struct attachment *att, struct err *err)
{
	autoportfolder struct folder folder = FOLDER_INIT;
	int rc = folder_open(state_fd, false, &folder, err);

	return rc < 0 || folder.dir_fd < 0 ? rc : each_claim(&folder, take_held, att, err);
}

struct collecting {
	int state_fd;
	const struct ipam_gc *gc;
};

static int collect(const struct folder *folder, const char *name, const struct record_port *port,
		   void *ctx, struct err *err)
{
	const struct collecting *collecting = ctx;
	const struct ipam_gc *gc = collecting->gc;
	autolease struct lease_file lease = { 0 };
	int rc = lease_file_read(folder->dir_fd, name, &lease, err);

	if (rc <= 0 || !is_dead(&lease, gc->boot_id, &gc->alive))
		return rc < 0 ? rc : 0;
	rc = unpublish_dead(collecting->state_fd, &lease, port, err);
	if (rc >= 0)
		rc = lease_file_remove(folder->dir_fd, name, err);
	if (rc >= 0 && gc->removed)
		gc->removed(gc->ctx, FOLDER, name, lease.container ? lease.container : "(damaged)");
	return rc < 0 ? rc : 1;
}

int ports_collect(int state_fd, const struct ipam_gc *gc, struct err *err)
{
	autoportfolder struct folder folder = FOLDER_INIT;
	struct collecting collecting = { state_fd, gc };
	int rc = folder_open(state_fd, false, &folder, err);

	if (rc < 0 || folder.dir_fd < 0)
		return rc;
	rc = each_claim(&folder, collect, &collecting, err);
	folder_prune(state_fd);
	return rc;
}

bool ports_use_loopback(const struct attachment *att)
{
	for (size_t i = 0; i < att->n_ports; i++) {
		const struct ip_addr *host = &att->ports[i].host;

		if (host->family != AF_INET6 && (ip_is_any(host) || host->bytes[0] == 127))
			return true;
	}
	return false;
}
