/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of attach that makes the container known by name in its network, and lays ready what `ct-netns
 * dns` binds into it: <state>/containers/<id>/resolv.conf, and `hosts` beside it, a hard link to the file of
 * the container's first network.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/steps.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/dns.h"
#include "netns-hook/hosts.h"
#include "netns-hook/resolv.h"

/*
 * 1: the container's hosts file is that of this network, 0: of one that it had before. A link to a
 * file without another name is left of a network that was removed since.
 */
static int link_hosts(struct attach *a, struct err *err)
{
	autoclose int network_fd = network_open_state(a->state_fd, a->request->net, err);
	struct stat mine, there;

	if (network_fd < 0)
		return network_fd;
	if (fstatat(network_fd, HOSTS_NAME, &mine, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "stat the hosts file");
	if (fstatat(a->folder.fd, HOSTS_NAME, &there, AT_SYMLINK_NOFOLLOW) == 0) {
		if (there.st_nlink > 1)
			return there.st_ino == mine.st_ino;
		if (unlinkat(a->folder.fd, HOSTS_NAME, 0) < 0)
			return err_errno(err, "remove the old hosts file");
	}
	if (linkat(network_fd, HOSTS_NAME, a->folder.fd, HOSTS_NAME, 0) < 0)
		return err_errno(err, "link the hosts file");
	a->linked_hosts = true;
	return 1;
}

static int write_resolv(struct attach *a, struct err *err)
{
	autofree char *text = resolv_compose(&a->request->net->dns, a->request->dns_servers);

	return file_write_atomic_at(a->folder.fd, DNS_RESOLV_NAME, text, strlen(text), 0644, err);
}

int attach_run_names(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	int rc = hosts_add(a->state_fd, a->request->net, a->att, err);

	if (rc >= 0)
		rc = fault_point("names", ".added", err);
	if (rc >= 0)
		rc = link_hosts(a, err);
	if (rc > 0 && (a->linked_hosts || a->request->dns_servers))
		rc = write_resolv(a, err);
	if (rc < 0) {
		struct err ignored = ERR_INIT;

		(void)attach_undo_names(a, &ignored);
	}
	return rc < 0 ? rc : 0;
}

int attach_undo_names(void *ctx, struct err *err)
{
	struct attach *a = ctx;

	if (a->was_attached)
		return 0;
	if (a->linked_hosts) {
		(void)unlinkat(a->folder.fd, HOSTS_NAME, 0);
		(void)unlinkat(a->folder.fd, DNS_RESOLV_NAME, 0);
	}
	return hosts_remove(a->state_fd, a->att->network, a->att->container, a->att->ifname, err);
}

void attach_plan_names(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;

	(void)fprintf(out, "write the container's names to %s/networks/%s/" HOSTS_NAME "\n",
		      a->request->state_dir, a->request->net->name);
}
