/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/root_dir.h"

struct list_options {
	const char *format;
	bool quiet;
};

#define ROW "%-24s %-9s %-10s %-40s %-32s %s\n"

/* One look-up for the many containers of one user. */
static const char *owner_name(int64_t uid)
{
	static char name[64];
	static int64_t known = -1;

	if (uid == known)
		return name;
	const struct passwd *pw = getpwuid((uid_t)uid);

	known = uid;
	if (pw)
		(void)snprintf(name, sizeof(name), "%s", pw->pw_name);
	else
		(void)snprintf(name, sizeof(name), "#%lld", (long long)uid);
	return name;
}

static void print_row(const struct container *c, enum oci_status status)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d",
		       status == OCI_STATUS_STOPPED ? 0 : (int)c->state.oci.pid);
	(void)printf(ROW, c->id, pid, oci_status_name(status), c->state.oci.bundle,
		     c->state.created, owner_name(c->state.owner));
}

/* runc's has the owner, by name. */
static json_node *list_json(const struct container *c, enum oci_status status)
{
	json_node *node = state_json(&c->state, status);

	json_put_string(node, "owner", owner_name(c->state.owner));
	return node;
}

static void list_one(const char *root, const char *id, const struct list_options *o,
		     json_node *array)
{
	autocontainer struct container c = CONTAINER_INIT;
	struct err err = ERR_INIT;
	int rc = container_name(&c, root, id, &err);

	if (rc >= 0)
		rc = container_open_state(&c, CONTAINER_UNLOCKED, &err);
	if (rc < 0) {
		/* Taken away at this moment is nothing to speak of; anything else is in the way of
		 * whoever wants this id, and none of the other containers' business. */
		if (rc == -ENOENT && c.dir_fd < 0)
			log_debug("%s; ignoring", err.msg);
		else
			log_warning("%s; not listed", err.msg);
		return;
	}
	enum oci_status status = container_shown_status(&c);

	if (o->quiet)
		(void)printf("%s\n", c.id);
	else if (array)
		json_append(array, list_json(&c, status));
	else
		print_row(&c, status);
}

static int list_all(const char *root, const struct list_options *o, json_node *array,
		    struct err *err)
{
	int fd = root_dir_open(root, err);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	autodir DIR *dir = fdopendir(fd);

	if (!dir)
		return err_errno(err, "read folder '%s'", root);
	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			list_one(root, e->d_name, o, array);
	return 0;
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct list_options *o = options;
	autofree char *root = NULL;
	autojson json_node *array = NULL;
	int rc = root_dir_path(g->root, &root, err);

	(void)args;
	(void)n_args;
	if (rc < 0)
		return rc;
	if (o->format && !str_eq(o->format, "table") && !str_eq(o->format, "json"))
		return err_set(err, EINVAL, "--format: '%s' is neither table nor json", o->format);
	if (str_eq(o->format, "json"))
		array = json_array();
	else if (!o->quiet)
		(void)printf(ROW, "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
	rc = list_all(root, o, array, err);
	if (rc >= 0 && array && !o->quiet) {
		autofree char *text = json_print(array, false);

		(void)printf("%s\n", text);
	}
	return rc;
}

static const struct cmd_option list_options[] = {
	{ .name = "format",
	  .short_name = 'f',
	  .type = CMD_STRING,
	  .value = "FORMAT",
	  .offset = offsetof(struct list_options, format),
	  .help = "table (default) or json" },
	{ .name = "quiet",
	  .short_name = 'q',
	  .type = CMD_FLAG,
	  .offset = offsetof(struct list_options, quiet),
	  .help = "ids alone" },
};

const struct cmd cmd_list = {
	.name = "list",
	.args = "",
	.help = "list the containers",
	.options = list_options,
	.n_options = ARRAY_SIZE(list_options),
	.options_size = sizeof(struct list_options),
	.run = run,
};
