/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/config/config_tables.h"

static const struct {
	const char *key; /* a '/' at its end: all below it */
	enum ns_type type;
} namespaced[] = {
	{ "kernel/domainname", NS_UTS },
	{ "kernel/msgmax", NS_IPC },
	{ "kernel/msgmnb", NS_IPC },
	{ "kernel/msgmni", NS_IPC },
	{ "kernel/sem", NS_IPC },
	{ "kernel/shmall", NS_IPC },
	{ "kernel/shmmax", NS_IPC },
	{ "kernel/shmmni", NS_IPC },
	{ "kernel/shm_rmid_forced", NS_IPC },
	{ "fs/mqueue/", NS_IPC },
	{ "net/", NS_NET },
};

/* The path below /proc/sys. The caller frees. */
static char *key_path(const char *key)
{
	char *path = xstrdup(key);
	const char *first = strpbrk(path, "./");

	if (!first || *first == '/')
		return path;
	for (char *p = path; *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	return path;
}

/* Without "", "." and "..", so that it leads where it says. */
static bool is_plain(const char *path)
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

/* NS_COUNT: of no namespace. */
static enum ns_type key_namespace(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		const char *key = namespaced[i].key;
		bool all = key[strlen(key) - 1] == '/';

		if (all ? str_starts(path, key) : str_eq(path, key))
			return namespaced[i].type;
	}
	return NS_COUNT;
}

static int check_entry(const struct config *config, const struct strmap_entry *entry,
		       const struct json_path *path, struct err *err)
{
	const char *key = entry->key, *value = entry->value;
	autofree char *file = key_path(key);
	const struct json_path *here = config_at(path, key);

	if (!is_plain(file))
		return json_fail(here, err, "is no name of a kernel parameter");
	if (value[0] == '\0')
		return json_fail(here, err, "is an empty string, which the kernel does not see");
	if (str_eq(file, "kernel/hostname"))
		return json_fail(here, err, "is set by the property 'hostname'; use that");
	enum ns_type type = key_namespace(file);

	if (type == NS_COUNT)
		return json_fail(here, err,
				 "belongs to no namespace, it would be changed on the host; set it "
				 "there");
	if (!config->namespaces[type].present)
		return json_fail(here, err,
				 "would be set on the host; add '%s' to linux.namespaces",
				 config_namespace_name(type));
	return 0;
}

int sysctl_check(const struct config *config, const struct json_path *path, struct err *err)
{
	for (size_t i = 0; i < config->sysctl.n; i++) {
		int rc = check_entry(config, &config->sysctl.items[i], path, err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int sysctl_check_joined(const struct config *config, const struct namespaces *ns, struct err *err)
{
	for (size_t i = 0; i < config->sysctl.n; i++) {
		const char *key = config->sysctl.items[i].key;
		autofree char *file = key_path(key);
		enum ns_type type = key_namespace(file);

		if (ns->join_fds[type] >= 0 && namespaces_is_own(ns->join_fds[type], type))
			return err_set(
				err, EINVAL,
				"config.json: linux.sysctl.%s: would be set on the host, whose "
				"%s namespace linux.namespaces joins",
				key, config_namespace_name(type));
	}
	return 0;
}

static int open_key(int proc_fd, const char *path)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, proc_fd, path, &how, sizeof(how));
}

static int write_key(int proc_fd, const char *file, const char *value, struct err *err)
{
	autofree char *path = xasprintf("sys/%s", file);
	autoclose int fd = open_key(proc_fd, path);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "this kernel has no such parameter ('/proc/%s')", path);
	if (fd < 0 && errno == EXDEV)
		return err_set(err, EXDEV, "something is mounted over '/proc/%s'", path);
	if (fd < 0)
		return err_errno(err, "open '/proc/%s'", path);
	/* One write: the kernel takes what a second one brings for a value of its own. */
	ssize_t n = write(fd, value, strlen(value));

	if (n < 0)
		return err_errno(err, "write '%.64s'", value);
	if ((size_t)n != strlen(value))
		return err_set(err, EINVAL, "the kernel takes but a part of '%.64s'", value);
	return 0;
}

/* The file of the domain name is the host's root's alone, the system call is for a user namespace. */
static int set_key(int proc_fd, const char *key, const char *value, struct err *err)
{
	autofree char *file = key_path(key);

	if (!str_eq(file, "kernel/domainname"))
		return write_key(proc_fd, file, value, err);
	if (setdomainname(value, strlen(value)) < 0)
		return err_errno(err, "set '%.128s'", value);
	return 0;
}

int sysctl_write(const struct config *config, int proc_fd, struct err *err)
{
	for (size_t i = 0; i < config->sysctl.n; i++) {
		const struct strmap_entry *entry = &config->sysctl.items[i];

		if (set_key(proc_fd, entry->key, entry->value, err) < 0)
			return err_ctx(err, "config.json: linux.sysctl.%s", entry->key);
	}
	return 0;
}
