/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/mounts/hidden.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/root_dir.h"

#define MOUNTINFO_MAX_BYTES (64u << 20)

static bool is_below(const char *path, const char *folder)
{
	size_t n = str_eq(folder, "/") ? 0 : strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* A source that is not there has its error when it is to be bound. */
static bool is_bound_above(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->mounts.n; i++) {
		const struct config_mount *mount = &config->mounts.items[i];

		if (!mount->source || !strlist_has(&mount->options, "rbind"))
			continue;
		autofree char *source = realpath(mount->source, NULL);

		if (source && is_below(path, source))
			return true;
	}
	return false;
}

/* "\040" and its like stand for blanks (proc(5)). In place. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *p = text; *p; out++) {
		if (p[0] == '\\' && p[1] && p[2] && p[3]) {
			*out = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*out = *p++;
		}
	}
	*out = '\0';
}

/* The fifth field is the mount point; optional fields stand between the sixth and "-". */
static void add_unbindable(char *line, struct strlist *paths)
{
	char *point = NULL, *word;

	for (int i = 1; (word = strsep(&line, " ")) && !str_eq(word, "-"); i++) {
		if (i == 5)
			point = word;
		if (i <= 6 || !point || !str_eq(word, "unbindable"))
			continue;
		unescape(point);
		strlist_add(paths, point);
		return;
	}
}

int hidden_find(const struct config *config, const char *root, struct strlist *paths,
		struct err *err)
{
	const struct config_namespace *ns = &config->namespaces[NS_MOUNT];
	autofree char *real_root = realpath(root, NULL);
	autofree char *text = NULL;

	if (!real_root)
		real_root = xstrdup(root);
	if (!ns->present || ns->path ||
	    (!is_bound_above(config, real_root) && !is_bound_above(config, ROOT_DIR_DEFAULT)))
		return 0;
	int rc = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX_BYTES, &text, NULL,
			      err);

	if (rc < 0)
		return rc;
	/* It becomes a mount when the first container is made. */
	strlist_add(paths, real_root);
	for (char *line = text, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		add_unbindable(line, paths);
	}
	return 0;
}

void hidden_mark(const struct strlist *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		(void)mount(NULL, paths->items[i], NULL, MS_UNBINDABLE, NULL);
}

int hidden_leave(const struct strlist *paths, struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_errno(err, "make a mount namespace without state folders");
	/* First, or the host would lose them too. */
	if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_errno(err, "change the propagation of '/' in the mount namespace");
	for (size_t i = 0; i < paths->n; i++)
		/* One may lie below another that is gone by now. */
		if (umount2(paths->items[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			return err_errno(err, "unmount '%s'", paths->items[i]);
	return 0;
}
