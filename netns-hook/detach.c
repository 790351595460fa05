/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/conntrack.h"
#include "common/net/firewall/firewall.h"
#include "common/net/mac_check.h"
#include "common/net/neigh.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/dns.h"
#include "netns-hook/hosts.h"
#include "netns-hook/ipam.h"
#include "netns-hook/ports.h"
#include "netns-hook/state.h"

#define LOCK_WAIT_MS 10000

static struct ipam_holder holder_of(const struct attachment *att)
{
	return (struct ipam_holder){
		.container = att->container,
		.ifname = att->ifname,
		.boot_id = att->owner.boot_id,
	};
}

/*
 * Whose address is it now? A lease of ours may have been taken over while its container was dead;
 * what belongs to the address then (connections, neighbour entry) is the new holder's.
 */
static int holds_address(const struct detach *detach, const struct attachment *att,
			 const struct ip_addr *addr, struct err *err)
{
	const struct ipam_holder holder = holder_of(att);

	return ipam_holds(detach->state_fd, att->network, addr, &holder, err);
}

/*
 * Nobody is led to an address that is about to be nobody's. What `ct-netns dns` would bind goes too, if it
 * is of this network; where it is bound it stays.
 */
int detach_names(const struct detach *detach, const struct attachment *att, struct err *err)
{
	autofree char *path = xasprintf("containers/%s", att->container);
	autofree char *hosts =
		xasprintf("networks/%s/" HOSTS_NAME, att->network ? att->network : "");
	autoclose int fd =
		openat(detach->state_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat own, shared;

	if (fd >= 0 && fstatat(fd, HOSTS_NAME, &own, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(detach->state_fd, hosts, &shared, AT_SYMLINK_NOFOLLOW) == 0 &&
	    own.st_ino == shared.st_ino) {
		(void)unlinkat(fd, HOSTS_NAME, 0);
		(void)unlinkat(fd, DNS_RESOLV_NAME, 0);
		(void)unlinkat(fd, DNS_RESOLV_MADE, 0);
	}
	return hosts_remove(detach->state_fd, att->network, att->container, att->ifname, err);
}

/* First of the kernel's: nothing is sent to an address that is about to be nobody's. */
int detach_ports(const struct detach *detach, const struct attachment *att, struct err *err)
{
	int rc = ports_unpublish(att, err);

	return rc < 0 ? rc : ports_release(detach->state_fd, att, err);
}

int detach_lost_ports(const struct detach *detach, const struct attachment *att, struct err *err)
{
	struct attachment view = *att; /* owns the ports alone */
	int rc = 0;

	view.ports = NULL;
	view.n_ports = 0;
	view.firewall = FIREWALL_AUTO;
	rc = ports_find(detach->state_fd, &view, err);
	if (rc >= 0)
		rc = detach_ports(detach, &view, err);
	free(view.ports);
	return rc;
}

int detach_conntrack(const struct detach *detach, const struct attachment *att, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < att->n_addresses; i++) {
		const struct ip_addr *addr = &att->addresses[i].prefix.addr;

		rc = holds_address(detach, att, addr, err);
		if (rc > 0)
			rc = conntrack_flush(addr, err);
	}
	return rc;
}

int detach_neighbour(const struct detach *detach, const struct attachment *att, struct err *err)
{
	struct link_info gateway;
	int rc = att->n_addresses > 0
			 ? link_find(detach->nl, attachment_gateway_if(att), &gateway, err)
			 : 0;

	if (rc <= 0)
		return rc;
	for (size_t i = 0; rc >= 0 && i < att->n_addresses; i++) {
		const struct ip_addr *addr = &att->addresses[i].prefix.addr;

		rc = holds_address(detach, att, addr, err);
		if (rc > 0)
			rc = neigh_delete(detach->nl, gateway.index, addr, err);
	}
	return rc;
}

/*
 * The child holds nothing of ours: a runtime that reads its hook's output to the end must not wait
 * for it, a lock must end with us, and on one socket each would get answers that are the other's.
 */
static int delete_in_background(struct netlink *nl, int index, struct err *err)
{
	struct netlink own = NETLINK_INIT;
	pid_t pid = fork();

	if (pid != 0)
		return pid > 0 ? 0 : link_delete(nl, index, err);
	(void)syscall(SYS_close_range, 0, ~0U, 0);
	(void)setsid();
	if (netlink_open(&own, err) < 0 || link_delete(&own, index, err) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_SUCCESS);
}

int detach_interface(const struct detach *detach, const struct attachment *att, struct err *err)
{
	struct link_info info;
	int rc = link_find(detach->nl, att->veth, &info, err);

	/* The record of a stranger's link is none: a name that is no veth was never ours. */
	if (rc <= 0 || !str_eq(info.kind, "veth"))
		return rc < 0 ? rc : 0;
	rc = link_detach(detach->nl, info.index, err);
	if (rc < 0)
		return rc;
	const struct netns_id *netns = &att->owner.netns;
	enum detach_link how = detach->link;

	if (detach->ending.ino != 0 && netns_id_equal(&detach->ending, netns))
		how = DETACH_LINK_LEAVE;
	switch (how) {
	case DETACH_LINK_DELETE:
		return link_delete(detach->nl, info.index, err);
	case DETACH_LINK_BACKGROUND:
		return delete_in_background(detach->nl, info.index, err);
	case DETACH_LINK_LEAVE:
		break;
	}
	return 0;
}

int detach_mac_check(const struct detach *detach, const struct attachment *att, struct err *err)
{
	(void)detach;
	return mac_check_remove(att, err);
}

/* It stands on the host, so the end of the namespace does not take it along. */
int detach_bandwidth(const struct detach *detach, const struct attachment *att, struct err *err)
{
	struct link_info info;
	int rc = att->ifb[0] ? link_find(detach->nl, att->ifb, &info, err) : 0;

	if (rc <= 0 || !str_eq(info.kind, "ifb"))
		return rc < 0 ? rc : 0;
	return detach->link == DETACH_LINK_DELETE
		       ? link_delete(detach->nl, info.index, err)
		       : delete_in_background(detach->nl, info.index, err);
}

int detach_lease(const struct detach *detach, const struct attachment *att, struct err *err)
{
	const struct ipam_holder holder = holder_of(att);

	/* An ADD that died between lease and record left an address that no record knows. */
	if (att->n_addresses == 0)
		return ipam_release_all(detach->state_fd, &holder, err);
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < att->n_addresses; i++)
		rc = ipam_release(detach->state_fd, att->network, &att->addresses[i].prefix.addr,
				  &holder, err);
	return rc;
}

/* Only the file that we wrote: a regular one that holds this very address. */
int detach_ipfile(const struct detach *detach, const struct attachment *att, struct err *err)
{
	struct ip_text address = ip_addr_text(&att->addresses[0].prefix.addr);
	struct stat st;

	(void)detach;
	if (!att->ipfile || att->n_addresses == 0)
		return 0;
	autoclose int fd = open(att->ipfile, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[IP_TEXT_SIZE] = "";

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    read(fd, text, sizeof(text) - 1) < 0 || !str_eq(text, address.text))
		return 0;
	if (unlink(att->ipfile) < 0 && errno != ENOENT)
		return err_errno(err, "remove address file '%s'", att->ipfile);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct detach *, const struct attachment *, struct err *);
} teardown[] = {
	{ "devices", detach_devices },     { "names", detach_names },
	{ "ports", detach_ports },         { "conntrack", detach_conntrack },
	{ "neighbour", detach_neighbour }, { "interface", detach_interface },
	{ "deadends", detach_dead_ends },  { "bandwidth", detach_bandwidth },
	{ "maccheck", detach_mac_check },  { "lease", detach_lease },
	{ "ipfile", detach_ipfile },
};

int detach_one(const struct detach *detach, const struct record_folder *folder,
	       const struct attachment *att, struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(teardown); i++) {
		struct err why = ERR_INIT;
		int rc = fault_point(teardown[i].name, ".detach", &why);

		if (rc >= 0)
			rc = teardown[i].run(detach, att, &why);
		if (rc >= 0)
			continue;
		(void)err_ctx(&why, "%s", teardown[i].name);
		if (first < 0) {
			log_warning("container '%s': %s; ignoring", att->container, why.msg);
			continue;
		}
		first = rc;
		*err = why;
	}
	if (first >= 0)
		first = record_remove(folder, att->ifname, err);
	return first < 0 ? first : 0;
}

/* A record that cannot be read: what follows from id and interface name alone. */
static int guess_attachment(const struct detach *detach, const struct record_folder *folder,
			    const char *ifname, struct attachment *att, struct err *err)
{
	*att = (struct attachment){ .container = xstrdup(folder->container) };
	(void)memcpy(att->ifname, ifname, strlen(ifname) + 1);
	record_veth_name(folder->container, ifname, 0, att->veth);
	(void)record_find_routed(folder->container, ifname, att->veth);
	record_ifb_name(att->veth, att->ifb);
	att->mac_check = true; /* it may have been */
	return ports_find(detach->state_fd, att, err);
}

/* 1: detached, 0: it is another network's. */
static int detach_ifname(const struct detach *detach, const struct record_folder *folder,
			 const char *ifname, const char *network, struct err *err)
{
	autoattachment struct attachment att = { 0 };
	int rc = record_read(folder, ifname, &att, err);

	if (rc > 0 && network && !str_eq(att.network, network))
		return 0;
	if (rc <= 0) {
		log_warning("%s; removing what belongs to it",
			    rc < 0 ? err->msg : "a record vanished");
		err_clear(err);
		rc = guess_attachment(detach, folder, ifname, &att, err);
		if (rc < 0)
			return rc;
	}
	rc = detach_one(detach, folder, &att, err);
	return rc < 0 ? rc : 1;
}

int detach_folder(const struct detach *detach, struct record_folder *folder, struct err *err)
{
	struct strlist ifnames = { 0 };
	int first = record_folder_ifnames(folder, &ifnames, err);
	int n = first < 0 ? first : (int)ifnames.n;

	for (size_t i = 0; i < ifnames.n; i++) {
		struct err why = ERR_INIT;
		int rc = detach_ifname(detach, folder, ifnames.items[i], NULL, &why);

		if (rc >= 0)
			continue;
		if (first >= 0)
			*err = why;
		else
			log_warning("container '%s': %s; ignoring", folder->container, why.msg);
		first = rc;
	}
	strlist_free(&ifnames);
	if (first >= 0)
		first = record_folder_remove(folder, err);
	return first < 0 ? first : n;
}

int detach_container(const struct detach *detach, const char *container, struct err *err)
{
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	int rc = record_folder_open(detach->state_fd, container, false, LOCK_WAIT_MS, &folder, err);

	if (rc > 0)
		rc = detach_folder(detach, &folder, err);
	return rc;
}

int detach_chosen(const struct detach *detach, const char *container,
		  const struct detach_choice *choice, struct err *err)
{
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	struct strlist ifnames = { 0 };
	int n = 0;
	int rc = record_folder_open(detach->state_fd, container, false, LOCK_WAIT_MS, &folder, err);

	if (rc <= 0)
		return rc;
	rc = record_folder_ifnames(&folder, &ifnames, err);
	if (rc >= 0 && strlist_has(&ifnames, choice->ifname))
		rc = n = detach_ifname(detach, &folder, choice->ifname, choice->network, err);
	if (rc >= 0)
		rc = record_folder_prune(&folder, err);
	strlist_free(&ifnames);
	return rc < 0 ? rc : n;
}

int detach_from(const char *state_dir, const char *container, const struct detach_choice *choice,
		struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	int rc = state_open(state_dir, false, &state_fd, err);

	if (rc > 0)
		rc = netlink_open(&nl, err) < 0 ? -err->code : 1;
	if (rc <= 0)
		return rc;
	const struct detach detach = {
		.state_fd = state_fd,
		.nl = &nl,
		.link = DETACH_LINK_DELETE,
		.netns_fd = -1,
	};

	rc = choice ? detach_chosen(&detach, container, choice, err)
		    : detach_container(&detach, container, err);
	return rc < 0 ? err_ctx(err, "container '%s'", container) : rc;
}
