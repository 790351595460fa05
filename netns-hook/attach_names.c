/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of attach that makes the container known by name in its network, and lays ready what `ct-netns
 * dns` binds into it: <state>/containers/<id>/resolv.conf, with a copy for `check`, and `hosts` beside it, a
 * hard link to the file of the container's first network.
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
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/dns.h"
#include "netns-hook/hosts.h"
#include "netns-hook/resolv.h"

/* 1: the container's hosts file is that of this network, 0: of one that it had before. */
static int link_hosts(struct attach *a, struct err *err)
{
	const char *network = a->request->net->name;
	int rc = hosts_is_linked(a->state_fd, a->folder.fd, network, err);
	autofree char *path = xasprintf("networks/%s/" HOSTS_NAME, network);

	if (rc != -ENOENT)
		return rc;
	err_clear(err);
	if (unlinkat(a->folder.fd, HOSTS_NAME, 0) < 0 && errno != ENOENT)
		return err_errno(err, "remove the old hosts file");
	if (linkat(a->state_fd, path, a->folder.fd, HOSTS_NAME, 0) < 0)
		return err_errno(err, "link the hosts file");
	a->linked_hosts = true;
	return 1;
}

/* In place, where a container may have it bound; false: it must be made anew. */
static bool write_in_place(const struct attach *a, const char *text)
{
	autoclose int fd = openat(a->folder.fd, DNS_RESOLV_NAME,
				  O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       pwrite(fd, text, strlen(text), 0) == (ssize_t)strlen(text) &&
	       ftruncate(fd, (off_t)strlen(text)) == 0;
}

static char *read_resolv(const struct attach *a, const char *name)
{
	char *text = NULL;
	struct err ignored = ERR_INIT;

	(void)file_read_at(a->folder.fd, name, DNS_RESOLV_BYTES, &text, NULL, &ignored);
	return text;
}

/* A new one; or without servers asked for, the one that was made, if somebody has changed it. */
static int write_resolv(struct attach *a, struct err *err)
{
	autofree char *made = a->request->dns_servers ? NULL : read_resolv(a, DNS_RESOLV_MADE);
	autofree char *text = made ? read_resolv(a, DNS_RESOLV_NAME) : NULL;
	int rc = 0;

	if (made && (str_eq(text, made) || write_in_place(a, made)))
		return 0;
	if (!made) {
		made = resolv_compose(&a->request->net->dns, a->request->dns_servers);
		rc = file_write_atomic_at(a->folder.fd, DNS_RESOLV_MADE, made, strlen(made), 0600,
					  err);
	}
	return rc < 0 ? rc
		      : file_write_atomic_at(a->folder.fd, DNS_RESOLV_NAME, made, strlen(made),
					     0644, err);
}

int attach_run_names(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	int rc = hosts_add(a->state_fd, a->request->net, a->att, err);

	if (rc >= 0)
		rc = fault_point("names", ".added", err);
	if (rc >= 0)
		rc = link_hosts(a, err);
	if (rc > 0)
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
		(void)unlinkat(a->folder.fd, DNS_RESOLV_MADE, 0);
	}
	return hosts_remove(a->state_fd, a->att->network, a->att->container, a->att->ifname, err);
}

void attach_plan_names(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;

	(void)fprintf(out, "write the container's names to %s/networks/%s/" HOSTS_NAME "\n",
		      a->request->state_dir, a->request->net->name);
	(void)fprintf(out, "write %s/containers/%s/resolv.conf, if there is none\n",
		      a->request->state_dir, a->att->container);
}
