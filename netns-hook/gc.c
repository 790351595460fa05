/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Garbage: records of another boot, or whose host veth is gone (and with it the container's
 * namespace); leases without such a record; host ends that a detach took off the bridge and left to
 * a namespace that then did not end.
 */
#include "netns-hook/gc.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/link.h"
#include "common/net/record.h"
#include "common/process.h"
#include "common/str.h"
#include "netns-hook/detach.h"
#include "netns-hook/hosts.h"
#include "netns-hook/options.h"
#include "netns-hook/ports.h"
#include "netns-hook/state.h"

struct gc {
	int state_fd;
	struct netlink nl;
	char boot_id[37];
	unsigned int removed;
};

/* A folder whose lock is held is at work; one without a record was left by a process that died. */
static int collect_container(struct gc *gc, const char *id, struct err *err)
{
	struct strlist ifnames = { 0 };
	const struct detach detach = { gc->state_fd, &gc->nl, DETACH_LINK_DELETE, { 0 }, -1 };
	struct state_alive alive = { gc->state_fd, &gc->nl, gc->boot_id };
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	struct err busy = ERR_INIT;
	bool any_alive = false;

	int rc = record_folder_open(gc->state_fd, id, false, 0, &folder, &busy);

	if (rc <= 0)
		return rc == 0 || rc == -EWOULDBLOCK ? 0 : (*err = busy, rc);
	rc = record_folder_ifnames(&folder, &ifnames, err);
	for (size_t i = 0; rc >= 0 && i < ifnames.n && !any_alive; i++)
		any_alive = state_attachment_lives(&alive, &folder, ifnames.items[i]);
	if (rc >= 0 && !any_alive) {
		rc = detach_folder(&detach, &folder, err);
		if (rc >= 0) {
			(void)printf("container '%s' is gone: removed what was left of it\n", id);
			gc->removed++;
		}
	}
	strlist_free(&ifnames);
	return rc;
}

static int collect_containers(struct gc *gc, struct err *err)
{
	struct strlist ids = { 0 };
	int rc = record_containers(gc->state_fd, &ids, err);
	int first = rc;

	for (size_t i = 0; rc >= 0 && i < ids.n; i++) {
		struct err why = ERR_INIT;

		if (collect_container(gc, ids.items[i], &why) >= 0)
			continue;
		if (first >= 0)
			*err = why;
		else
			log_warning("container '%s': %s; ignoring", ids.items[i], why.msg);
		first = -why.code;
	}
	strlist_free(&ids);
	return first;
}

static void lease_removed(void *ctx, const char *network, const char *address,
			  const char *container)
{
	struct gc *gc = ctx;

	if (str_eq(network, "ports"))
		(void)printf("published port %s is free again, container '%s' is gone\n", address,
			     container);
	else
		(void)printf("network '%s': %s is free again, container '%s' is gone\n", network,
			     address, container);
	gc->removed++;
}

static int collect_leases(struct gc *gc, struct err *err)
{
	struct state_alive alive = { gc->state_fd, &gc->nl, gc->boot_id };
	const struct ipam_gc collect = {
		.boot_id = gc->boot_id,
		.alive = state_alive_of(&alive),
		.removed = lease_removed,
		.ctx = gc,
	};

	const struct hosts_gc names = { .alive = state_is_alive, .ctx = &alive };
	int rc = ipam_collect(gc->state_fd, &collect, err);

	if (rc >= 0)
		rc = ports_collect(gc->state_fd, &collect, err);
	if (rc >= 0)
		rc = hosts_collect(gc->state_fd, &names, err);
	if (rc > 0) {
		(void)printf("removed %d names of containers that are gone\n", rc);
		gc->removed++;
	}
	return rc;
}

static bool is_our_name(const char *name)
{
	autofree char *veth = xstrdup(name);
	char *tilde = strchr(veth, '~');

	if (tilde) /* the IFB of a routed network's */
		*tilde = '-';
	if (record_is_routed_name(veth))
		return true;
	return strlen(name) == 14 && (str_starts(name, "ct") || str_starts(name, "cb")) &&
	       strspn(name + 2, "0123456789abcdef") == 12;
}

/* An IFB without its veth: attach makes it after that one, detach removes it right after it. */
static int is_lone_ifb(struct gc *gc, struct link_info *link, struct err *err)
{
	char *tilde = strchr(link->name, '~');
	autofree char *veth =
		tilde ? xasprintf("%.*s-%s", (int)(tilde - link->name), link->name, tilde + 1)
		      : xasprintf("ct%s", link->name + 2);
	struct link_info info;
	int found = str_eq(link->kind, "ifb") ? link_find(&gc->nl, veth, &info, err) : 1;

	return found < 0 ? found : !found;
}

/* Down and on no bridge: only a detach leaves one so; an attach makes them up and on their bridge. */
static int collect_link(struct gc *gc, const char *name, struct err *err)
{
	struct link_info link;
	int rc = link_find(&gc->nl, name, &link, err);

	if (rc > 0 && (str_starts(name, "cb") || strchr(name, '~')))
		rc = is_lone_ifb(gc, &link, err);
	else if (rc > 0)
		rc = !link.up && link.master == 0 && str_eq(link.kind, "veth") &&
		     (!record_is_routed_name(name) || link_mac_is_ours(&link.mac));
	if (rc <= 0)
		return rc;
	rc = link_delete(&gc->nl, link.index, err);
	if (rc >= 0) {
		(void)printf("interface '%s' was left over: deleted\n", name);
		gc->removed++;
	}
	return rc;
}

static int collect_links(struct gc *gc, struct err *err)
{
	struct if_nameindex *names = if_nameindex();
	int rc = 0;

	if (!names)
		return err_errno(err, "list the interfaces");
	for (const struct if_nameindex *n = names; rc >= 0 && n->if_name; n++)
		if (is_our_name(n->if_name))
			rc = collect_link(gc, n->if_name, err);
	if_freenameindex(names);
	return rc;
}

static int collect(struct gc *gc, struct err *err)
{
	int rc = process_boot_id(gc->boot_id, err);

	if (rc >= 0)
		rc = netlink_open(&gc->nl, err);
	if (rc >= 0)
		rc = collect_containers(gc, err);
	if (rc >= 0)
		rc = collect_leases(gc, err);
	return rc < 0 ? rc : collect_links(gc, err);
}

static int collect_unwanted(struct gc *gc, bool (*keep)(void *ctx, const struct attachment *att),
			    void *ctx, struct err *err)
{
	const struct detach detach = { gc->state_fd, &gc->nl, DETACH_LINK_DELETE, { 0 }, -1 };
	autorecords struct record_list list = { 0 };
	int first = record_list(gc->state_fd, &list, err);

	for (size_t i = 0; i < list.n; i++) {
		const struct attachment *att = &list.items[i];
		const struct detach_choice choice = { att->ifname, att->network };
		struct err why = ERR_INIT;

		if (keep(ctx, att) || detach_chosen(&detach, att->container, &choice, &why) >= 0)
			continue;
		if (first >= 0)
			*err = why;
		else
			log_warning("container '%s': %s; ignoring", att->container, why.msg);
		first = -why.code;
	}
	return first;
}

int gc_collect_unwanted(int state_fd, bool (*keep)(void *ctx, const struct attachment *att),
			void *ctx, struct err *err)
{
	struct gc gc = { .state_fd = state_fd, .nl = NETLINK_INIT };
	struct state_alive alive = { state_fd, &gc.nl, gc.boot_id };
	const struct ipam_gc leases = { .boot_id = gc.boot_id, .alive = state_alive_of(&alive) };
	int rc = process_boot_id(gc.boot_id, err);

	if (rc >= 0)
		rc = netlink_open(&gc.nl, err);
	if (rc >= 0)
		rc = collect_unwanted(&gc, keep, ctx, err);
	if (rc >= 0)
		rc = ipam_collect(state_fd, &leases, err);
	if (rc >= 0)
		rc = ports_collect(state_fd, &leases, err);
	netlink_close(&gc.nl);
	return rc < 0 ? rc : 0;
}

static int run_gc(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	struct gc gc = { .state_fd = -1, .nl = NETLINK_INIT };
	int rc = state_open(options_state_dir(globals), false, &gc.state_fd, err);

	(void)unused;
	(void)args;
	(void)n_args;
	if (rc > 0)
		rc = collect(&gc, err);
	if (rc >= 0 && gc.removed == 0)
		(void)printf("nothing to collect\n");
	netlink_close(&gc.nl);
	cleanup_close(&gc.state_fd);
	return rc < 0 ? rc : 0;
}

const struct cmd gc_cmd = {
	.name = "gc",
	.args = "",
	.help = "remove records, leases and interfaces whose container is gone",
	.run = run_gc,
};
