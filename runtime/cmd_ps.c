/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/cmds.h"
#include "runtime/container_pids.h"

#define PS_MAX_BYTES (16u << 20)

struct ps_options {
	const char *format;
};

static void print_json(const pid_t *pids, size_t n)
{
	(void)printf("[");
	for (size_t i = 0; i < n; i++)
		(void)printf("%s%d", i ? "," : "", (int)pids[i]);
	(void)printf("]\n");
}

/* ---- the table: what ps(1) says, and of it the lines that are the container's ---- */

static int run_ps(char **args, int n_args, char **text, struct err *err)
{
	autofree char **argv = xcalloc((size_t)n_args + 3, sizeof(*argv));
	autoclose int fd = memfd_create("ps", MFD_CLOEXEC);
	posix_spawn_file_actions_t actions;
	char name[] = "ps", all[] = "-ef";
	int status = 0;
	pid_t pid;

	if (fd < 0)
		return err_errno(err, "memfd_create");
	argv[0] = name;
	argv[1] = all;
	for (int i = 0; i < n_args; i++)
		argv[i + 1] = args[i];
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	int code = posix_spawnp(&pid, "ps", &actions, NULL, argv, environ);

	(void)posix_spawn_file_actions_destroy(&actions);
	if (code)
		return err_set(err, code, "run ps: %s; use --format json", strerror(code));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		return err_set(err, EINVAL, "ps failed, its reason is above");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "read what ps said");
	return file_read_fd(fd, "what ps said", PS_MAX_BYTES, text, NULL, err);
}

/* The number of the column; -1: there is none. */
static int find_column(const char *header, const char *name)
{
	size_t len = strlen(name);
	int column = 0;

	for (const char *p = header + strspn(header, " "); *p; column++) {
		size_t word = strcspn(p, " ");

		if (word == len && strncmp(p, name, len) == 0)
			return column;
		p += word;
		p += strspn(p, " ");
	}
	return -1;
}

static bool is_ours(const char *line, int column, const pid_t *pids, size_t n)
{
	const char *p = line + strspn(line, " ");
	int pid;

	for (; column > 0; column--) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	/* NOLINTNEXTLINE(cert-err34-c): what is no pid is none of ours */
	if (sscanf(p, "%d", &pid) != 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static int print_table(const pid_t *pids, size_t n, char **args, int n_args, struct err *err)
{
	autofree char *text = NULL;
	int rc = run_ps(args, n_args, &text, err);

	if (rc < 0)
		return rc;
	int column = -1;

	for (char *line = text, *end; line && *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (line == text) {
			column = find_column(line, "PID");
			if (column < 0)
				return err_set(err, EINVAL, "what ps said has no column PID");
			(void)puts(line);
		} else if (is_ours(line, column, pids, n)) {
			(void)puts(line);
		}
	}
	return 0;
}

static int run(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct runtime_globals *g = globals;
	const struct ps_options *o = options;
	autocontainer struct container c = CONTAINER_INIT;
	autofree pid_t *pids = NULL;
	size_t n = 0;

	if (o->format && !str_eq(o->format, "table") && !str_eq(o->format, "json"))
		return err_set(err, EINVAL, "--format: '%s' is neither table nor json", o->format);
	int rc = container_name(&c, g->root, args[0], err);

	if (rc >= 0)
		rc = container_open_state(&c, CONTAINER_UNLOCKED, err);
	/* Of a stopped container nobody is left, or what its cgroup still holds. */
	if (rc >= 0)
		rc = container_pids(&c, &pids, &n, err);
	if (rc < 0)
		return rc;
	if (!str_eq(o->format, "json"))
		return print_table(pids, n, args + 1, n_args - 1, err);
	print_json(pids, n);
	return 0;
}

static const struct cmd_option ps_options[] = {
	{ .name = "format",
	  .short_name = 'f',
	  .type = CMD_STRING,
	  .value = "FORMAT",
	  .offset = offsetof(struct ps_options, format),
	  .help = "table (default, by ps(1)) or json (process ids alone)" },
};

const struct cmd cmd_ps = {
	.name = "ps",
	.args = "ID [PS-OPTION]...",
	.help = "list the processes of a container",
	.options = ps_options,
	.n_options = ARRAY_SIZE(ps_options),
	.options_size = sizeof(struct ps_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
