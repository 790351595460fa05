/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "netns-hook/check.h"
#include "netns-hook/dns.h"
#include "netns-hook/hosts.h"

static void tell_hosts(void *ctx, const char *text)
{
	check_differs(ctx, "%s", text);
}

/* One that is not even to be read, such as a far too long one, was changed. */
static void check_resolv(struct check *check, int folder_fd, const char *made)
{
	autofree char *text = NULL;
	struct err why = ERR_INIT;
	int rc = file_read_at(folder_fd, DNS_RESOLV_NAME, DNS_RESOLV_BYTES, &text, NULL, &why);

	if (rc == -ENOENT)
		check_differs(check, "its resolv.conf: is missing");
	else if (rc < 0 || !str_eq(text, made))
		check_differs(check, "its resolv.conf: was changed");
}

/* Both are one for all interfaces, and go with the network that they came with. */
static int check_laid(struct check *check, const struct attachment *att, int folder_fd,
		      struct err *err)
{
	autofree char *made = NULL;
	int rc = file_read_at(folder_fd, DNS_RESOLV_MADE, DNS_RESOLV_BYTES, &made, NULL, err);

	if (rc >= 0) {
		rc = hosts_is_linked(check->state_fd, folder_fd, att->network, err);
		if (rc == -ENOENT)
			check_differs(check, "its hosts file: is missing, or of a network "
					     "that is gone");
	}
	if (rc > 0)
		check_resolv(check, folder_fd, made);
	if (rc == -ENOENT) {
		err_clear(err);
		return 0;
	}
	return rc;
}

int check_names(struct check *check, const struct attachment *att, struct err *err)
{
	autofree char *path = xasprintf("containers/%s", att->container);
	autoclose int folder_fd =
		openat(check->state_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct hosts_report report = { tell_hosts, check };

	if (folder_fd < 0)
		return err_errno(err, "open '%s'", path);
	int rc = hosts_check(check->state_fd, att, &report, err);

	return rc < 0 ? rc : check_laid(check, att, folder_fd, err);
}
