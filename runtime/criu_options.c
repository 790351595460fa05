/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/criu_options.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "common/cleanup.h"

#define IMAGE_FOLDER "checkpoint"

static int check_mode(const char *mode, struct err *err)
{
	static const char *const known[] = { "soft", "full", "strict", "ignore" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!mode || str_eq(mode, known[i]))
			return 0;
	return err_set(err, EINVAL,
		       "--manage-cgroups-mode: '%s' is neither soft, full, strict nor ignore",
		       mode);
}

int criu_options_check(struct criu_options *o, struct err *err)
{
	int rc = check_mode(o->manage_cgroups, err);

	if (rc < 0)
		return rc;
	if (o->empty_ns && !str_eq(o->empty_ns, "network"))
		return err_set(err, EINVAL,
			       "--empty-ns: '%s' is not 'network', the only one that there is",
			       o->empty_ns);
	if (o->parent_path && o->parent_path[0] == '/')
		return err_set(err, EINVAL, "--parent-path: '%s' must be relative to --image-path",
			       o->parent_path);
	if (o->lazy_pages)
		return err_set(
			err, ENOTSUP,
			"--lazy-pages: not supported; without it all pages are in the image");
	o->images = cmds_absolute(o->image_path ? o->image_path : IMAGE_FOLDER);
	o->work = o->work_path ? cmds_absolute(o->work_path) : xstrdup(o->images);
	return 0;
}

void criu_options_free(struct criu_options *o)
{
	free(o->images);
	free(o->work);
}

static bool is_cgroup1(const struct config_mount *mount)
{
	struct statfs fs;

	return str_eq(mount->type, "cgroup") &&
	       !(statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC);
}

int criu_options_check_config(const struct config *config, const char *what, struct err *err)
{
	static const enum ns_type never_joined[] = { NS_CGROUP, NS_PID, NS_MOUNT, NS_TIME };

	if (config->namespaces[NS_USER].present)
		return err_set(err, ENOTSUP,
			       "%s: config.json: linux.namespaces: a container with a user "
			       "namespace is not supported",
			       what);
	if (!config->namespaces[NS_PID].present || !config->namespaces[NS_MOUNT].present)
		return err_set(
			err, ENOTSUP,
			"%s: config.json: linux.namespaces: must have 'pid' and 'mount': the "
			"process ids and mounts of an image are made again in there",
			what);
	for (size_t i = 0; i < ARRAY_SIZE(never_joined); i++)
		if (config->namespaces[never_joined[i]].path)
			return err_set(
				err, ENOTSUP,
				"%s: config.json: linux.namespaces: a %s namespace joined by "
				"path ('%s') is not supported",
				what, config_namespace_name(never_joined[i]),
				config->namespaces[never_joined[i]].path);
	if (config->has_process && config->process.terminal)
		return err_set(err, ENOTSUP,
			       "%s: config.json: process.terminal: a container with a terminal is "
			       "not supported; run it without one",
			       what);
	for (size_t i = 0; i < config->mounts.n; i++)
		if (is_cgroup1(&config->mounts.items[i]))
			return err_set(err, ENOTSUP,
				       "%s: config.json: mounts[%zu]: type 'cgroup' on a host with "
				       "cgroup v1 is not supported; leave this mount out",
				       what, i);
	return 0;
}

void criu_options_call(const struct criu_options *o, const char *command, struct criu_call *call)
{
	const struct {
		bool given;
		const char *flag;
	} flags[] = {
		{ o->tcp_established, "--tcp-established" },
		{ o->tcp_skip_in_flight, "--skip-in-flight" },
		{ o->ext_unix_sk, "--ext-unix-sk" },
		{ o->shell_job, "--shell-job" },
		{ o->file_locks, "--file-locks" },
		{ o->link_remap, "--link-remap" },
		{ o->auto_dedup, "--auto-dedup" },
	};
	const char *log = str_eq(command, "restore") ? "restore.log" : "dump.log";
	struct strlist *args = &call->args;

	strlist_add(args, command);
	strlist_add(args, "-v4");
	strlist_add(args, "--log-file");
	strlist_add(args, log);
	strlist_add(args, "--images-dir");
	strlist_add(args, o->images);
	strlist_add(args, "--work-dir");
	strlist_add(args, o->work);
	strlist_take(args, xasprintf("--manage-cgroups=%s",
				     o->manage_cgroups ? o->manage_cgroups : "soft"));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].given)
			strlist_add(args, flags[i].flag);
	call->log = xasprintf("%s/%s", o->work, log);
}
