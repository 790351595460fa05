/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/pins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "runtime/namespaces.h"

static void pins_add(struct strmap *pins, const char *key, const char *path)
{
	pins->items = xreallocarray(pins->items, pins->n + 1, sizeof(*pins->items));
	pins->items[pins->n++] =
		(struct strmap_entry){ .key = xstrdup(key), .value = xstrdup(path) };
}

void pins_list(const char *dir_path, uint64_t new_flags, struct strmap *pins)
{
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		autofree char *path = xasprintf("%s/ns/%s", dir_path, namespaces_file(type));

		if (type != NS_PID && (new_flags & namespaces_flag(type)))
			pins_add(pins, namespaces_file(type), path);
	}
}

int pins_prepare(int dir_fd, struct err *err)
{
	if (mkdirat(dir_fd, "ns", 0700) < 0)
		return err_errno(err, "create folder 'ns'");
	return 0;
}

/* From the runtime's side: a process cannot bind its own mount namespace into itself. */
int pins_make(int dir_fd, enum ns_type type, pid_t pid, struct err *err)
{
	const char *name = namespaces_file(type);
	char source[64], pin[32];

	(void)snprintf(pin, sizeof(pin), "ns/%s", name);
	(void)snprintf(source, sizeof(source), "/proc/%d/ns/%s", (int)pid, name);
	autoclose int fd = openat(dir_fd, pin, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	if (fd < 0)
		return err_errno(err, "create pin '%s'", pin);
	if (mount(source, file_fd_path(fd).text, NULL, MS_BIND, NULL) < 0) {
		(void)err_errno(err, "bind '%s' on '%s'", source, pin);
		(void)unlinkat(dir_fd, pin, 0);
		return -err->code;
	}
	return 0;
}

int pins_remove(int dir_fd, struct err *err)
{
	autoclose int ns_fd = openat(dir_fd, "ns", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (ns_fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open folder 'ns'");
	for (enum ns_type type = 0; type < NS_COUNT; type++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", ns_fd,
			       namespaces_file(type));
		/* A create that died may have left a file without a mount (EINVAL), or nothing. */
		if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL &&
		    errno != ENOENT)
			return err_errno(err, "unmount pin 'ns/%s'", namespaces_file(type));
		if (unlinkat(ns_fd, namespaces_file(type), 0) < 0 && errno != ENOENT)
			return err_errno(err, "remove pin 'ns/%s'", namespaces_file(type));
	}
	return 0;
}

int pins_open(int dir_fd, enum ns_type type, struct err *err)
{
	const char *name = namespaces_file(type);
	char path[32];

	(void)snprintf(path, sizeof(path), "ns/%s", name);
	autoclose int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_errno(err, "open pin '%s'", path);
	/* After a reboot the file is there and nothing is mounted on it. */
	if (ioctl(fd, NS_GET_NSTYPE) != (int)namespaces_flag(type))
		return err_set(err, ENOENT, "pin '%s' holds no namespace any more", path);
	return take_fd(&fd);
}
