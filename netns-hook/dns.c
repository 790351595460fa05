/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding names into a container, as steps. The order matters:
 * - what is bound is opened before the image is touched;
 * - both places are found, and made where they are missing, before anything is bound;
 * - the image may belong to somebody hostile: its links are followed below its root alone, and what is
 *   made and bound is so through descriptors.
 *
 * With a user namespace this process is nobody on the host: it walks through <state> without reading.
 */
#include "netns-hook/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/mount_fd.h"
#include "common/net/netns.h"
#include "common/net/record.h"
#include "common/oci_state.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/bundle.h"
#include "netns-hook/hook.h"
#include "netns-hook/hosts.h"
#include "netns-hook/options.h"

#define LOCK_WAIT_MS 10000

static const struct {
	const char *source, *target;
} files[] = {
	{ DNS_RESOLV_NAME, "/etc/resolv.conf" },
	{ HOSTS_NAME, "/etc/hosts" },
};
#define N_FILES ARRAY_SIZE(files)

struct dns {
	const char *state_dir;
	const struct oci_state *state;
	int state_fd, folder_fd, root_fd;
	int mount_fds[N_FILES];  /* detached copies, until they are bound */
	int target_fds[N_FILES]; /* -1: has a mount of the configuration's own */
	struct file_made made;
};

/* ---- the container ---- */

/*
 * As another hook than createContainer this would bind into the host's mounts, where nobody takes it
 * away. Only there, and not in a user namespace, can the records be read.
 */
static int check_namespace(const struct dns *dns, struct err *err)
{
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	struct strlist ifnames = { 0 };
	struct netns_id own, theirs = { 0 };
	autoclose int own_fd = netns_open_own(err);
	int rc = own_fd < 0 ? own_fd : netns_identify(own_fd, &own, err);

	if (rc >= 0)
		rc = record_folder_open(dns->state_fd, dns->state->id, false, LOCK_WAIT_MS, &folder,
					err);
	if (rc == -EACCES) {
		err_clear(err);
		return 0;
	}
	if (rc >= 0)
		rc = record_folder_ifnames(&folder, &ifnames, err);
	for (size_t i = 0; rc >= 0 && i < ifnames.n; i++) {
		autoattachment struct attachment att = { 0 };

		rc = record_read(&folder, ifnames.items[i], &att, err);
		if (rc > 0 && !netns_id_equal(&own, &theirs))
			theirs = att.owner.netns;
	}
	strlist_free(&ifnames);
	if (rc < 0)
		return rc;
	return netns_id_equal(&own, &theirs)
		       ? 0
		       : err_set(err, EINVAL,
				 "this is not the container's network namespace: 'ct-netns dns' is "
				 "a createContainer hook");
}

static int run_container(void *ctx, struct err *err)
{
	struct dns *dns = ctx;
	autofree char *folder = xasprintf("containers/%s", dns->state->id);

	/* O_PATH: to walk through it is all that a user namespace's root may do. */
	dns->state_fd = open(dns->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dns->state_fd >= 0)
		dns->folder_fd = openat(dns->state_fd, folder,
					O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dns->folder_fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT,
			       "it has no network in '%s': ct-netns comes first, as a "
			       "createRuntime hook and with the same --state-dir",
			       dns->state_dir);
	if (dns->folder_fd < 0 && errno == EACCES)
		return err_set(err, EACCES,
			       "the container's root may not walk through '%s/%s': with a user "
			       "namespace all folders on that way need mode 0711",
			       dns->state_dir, folder);
	if (dns->folder_fd < 0)
		return err_errno(err, "open '%s/%s'", dns->state_dir, folder);
	return check_namespace(dns, err);
}

static void warn_without_server(const struct dns *dns)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;

	if (file_read_at(dns->folder_fd, DNS_RESOLV_NAME, DNS_RESOLV_BYTES, &text, NULL,
			 &ignored) >= 0 &&
	    !strstr(text, "\nnameserver "))
		log_warning(
			"container '%s' has no name server: the host's are on its loopback; see "
			"--dns, and \"dns\" in the network's definition",
			dns->state->id);
}

static int run_sources(void *ctx, struct err *err)
{
	struct dns *dns = ctx;
	const uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				    MOUNT_ATTR_NOEXEC;

	for (size_t i = 0; i < N_FILES; i++) {
		dns->mount_fds[i] = mount_fd_clone(dns->folder_fd, files[i].source, false);
		if (dns->mount_fds[i] < 0 ||
		    mount_fd_set(dns->mount_fds[i], false, attributes, 0, MS_PRIVATE) < 0)
			return err_errno(err, "copy the mount of '%s/containers/%s/%s'",
					 dns->state_dir, dns->state->id, files[i].source);
	}
	warn_without_server(dns);
	return 0;
}

/* ---- the image ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/*
 * root.path, or the working directory when that is it: runtimes call these hooks from there, and with
 * a user namespace the path may lead through folders that are shut.
 */
static int open_rootfs(const struct oci_state *state, struct err *err)
{
	autobundle struct bundle bundle = { .hostname = NULL };
	struct err no_bundle = ERR_INIT;
	struct stat here, there;
	autoclose int cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (cwd_fd < 0 || fstat(cwd_fd, &here) < 0)
		return err_errno(err, "working directory");
	if (bundle_read(state->bundle, &bundle, &no_bundle) < 0) {
		if ((stat("/", &there) == 0 && same_file(&here, &there)) ||
		    (state->bundle && stat(state->bundle, &there) == 0 && same_file(&here, &there)))
			return *err = no_bundle, -err->code;
		log_debug("%s: the rootfs is the working directory", no_bundle.msg);
		return take_fd(&cwd_fd);
	}
	if (!bundle.rootfs)
		return err_set(err, EINVAL, "config.json has no root.path");
	if (stat(bundle.rootfs, &there) == 0 && same_file(&here, &there))
		return take_fd(&cwd_fd);
	int fd = open(bundle.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_errno(err, "open the rootfs '%s'", bundle.rootfs) : fd;
}

/* 1: to bind over, 0: a mount of the configuration's own is there, which is not touched. */
static int check_target(int fd, const char *path, struct err *err)
{
	struct statx st;
	struct statfs fs;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0 || fstatfs(fd, &fs) < 0)
		return err_errno(err, "stat '%s' below the rootfs", path);
	if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) {
		log_debug("'%s' is a mount of config.json already: it stays", path);
		return 0;
	}
	if (!S_ISREG(st.stx_mode))
		return err_set(err, EINVAL, "'%s' below the rootfs is no regular file", path);
	if (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC)
		return err_set(err, EINVAL,
			       "'%s' below the rootfs is a link to a file of the kernel", path);
	return 1;
}

static int find_target(struct dns *dns, size_t i, struct err *err)
{
	const char *path = files[i].target;
	autoclose int fd = file_create_in_root_made(dns->root_fd, path, 0644, &dns->made, err);

	if (fd < 0 && err->code == EROFS)
		return err_set(err, EROFS,
			       "the image has no '%s' and cannot be written to: add an empty file "
			       "to it, or a mount to config.json",
			       path);
	int rc = fd < 0 ? fd : check_target(fd, path, err);

	if (rc > 0)
		dns->target_fds[i] = take_fd(&fd);
	return rc;
}

static int run_targets(void *ctx, struct err *err)
{
	struct dns *dns = ctx;
	int rc = 0;

	dns->root_fd = open_rootfs(dns->state, err);
	if (dns->root_fd < 0)
		return dns->root_fd;
	for (size_t i = 0; rc >= 0 && i < N_FILES; i++)
		rc = find_target(dns, i, err);
	if (rc < 0)
		file_made_undo(&dns->made);
	return rc < 0 ? rc : 0;
}

static int undo_targets(void *ctx, struct err *err)
{
	struct dns *dns = ctx;

	(void)err;
	file_made_undo(&dns->made);
	return 0;
}

/* ---- binding ---- */

/* An attached mount's descriptor is its root, which is what umount2 wants. */
static int undo_bind(void *ctx, struct err *err)
{
	struct dns *dns = ctx;

	(void)err;
	for (size_t i = 0; i < N_FILES; i++)
		(void)umount2(file_fd_path(dns->mount_fds[i]).text, MNT_DETACH);
	return 0;
}

static int run_bind(void *ctx, struct err *err)
{
	struct dns *dns = ctx;

	for (size_t i = 0; i < N_FILES; i++) {
		struct err ignored = ERR_INIT;
		int rc = fault_point("dns.bind", files[i].target, err);

		if (rc >= 0 && dns->target_fds[i] >= 0 &&
		    mount_fd_attach(dns->mount_fds[i], dns->target_fds[i]) < 0)
			rc = err_errno(err, "bind '%s' below the rootfs", files[i].target);
		if (rc < 0) {
			(void)undo_bind(dns, &ignored);
			return rc;
		}
	}
	return 0;
}

static const struct step steps[] = {
	{ .name = "dns.container", .run = run_container },
	{ .name = "dns.sources", .run = run_sources },
	{ .name = "dns.targets", .run = run_targets, .undo = undo_targets },
	{ .name = "dns.bind", .run = run_bind, .undo = undo_bind },
};

static int run_dns(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	struct oci_state state = { 0 };
	struct dns dns = { .state_fd = -1, .folder_fd = -1, .root_fd = -1 };

	(void)unused;
	(void)args;
	(void)n_args;
	int rc = hook_read_state(&state, err);

	if (rc < 0)
		return rc;
	dns.state_dir = options_state_dir(globals);
	dns.state = &state;
	for (size_t i = 0; i < N_FILES; i++)
		dns.mount_fds[i] = dns.target_fds[i] = -1;
	rc = steps_run(steps, ARRAY_SIZE(steps), &dns, err);
	if (rc < 0)
		(void)err_ctx(err, "container '%s'", state.id);
	for (size_t i = 0; i < N_FILES; i++) {
		cleanup_close(&dns.mount_fds[i]);
		cleanup_close(&dns.target_fds[i]);
	}
	file_made_free(&dns.made);
	cleanup_close(&dns.root_fd);
	cleanup_close(&dns.folder_fd);
	cleanup_close(&dns.state_fd);
	oci_state_free(&state);
	return rc < 0 ? rc : 0;
}

const struct cmd dns_cmd = {
	.name = "dns",
	.args = "",
	.help = "bind /etc/resolv.conf and /etc/hosts into the container (a createContainer hook)",
	.run = run_dns,
};
