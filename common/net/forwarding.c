/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/forwarding.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/bridge_state.h"
#include "common/net/sysctl.h"
#include "common/str.h"

#define PARAMETER "ipv4/ip_forward"
#define MARK      "ip_forward.was_off"

int forwarding_is_on(struct err *err)
{
	char value[SYSCTL_VALUE_SIZE];

	if (sysctl_read(PARAMETER, value, err) < 0)
		return -err->code;
	return str_eq(value, "1");
}

int forwarding_enable(int state_fd, struct err *err)
{
	autoclose int host_fd = -1;
	autoclose int mark_fd = -1;
	int on = forwarding_is_on(err);

	if (on != 0)
		return on < 0 ? on : 0;
	host_fd = network_lock_host(state_fd, err);
	if (host_fd < 0)
		return host_fd;
	on = forwarding_is_on(err);
	if (on != 0)
		return on < 0 ? on : 0;
	/* The mark first: a crash in between leaves a mark that is true. */
	mark_fd = openat(state_fd, MARK, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (mark_fd < 0)
		return err_errno(err, "state directory: %s", MARK);
	return sysctl_ensure(PARAMETER, "1", err);
}

static int stop_at_first(const char *name, const struct bridge_state *state, void *ctx)
{
	(void)name;
	(void)state;
	(void)ctx;
	return 1;
}

int forwarding_release(int state_fd, const struct network *net, const char **why, struct err *err)
{
	autoclose int host_fd = network_lock_host(state_fd, err);
	int changed = 0;
	int others = 0;

	*why = "was on before";
	if (host_fd < 0)
		return host_fd;
	if (faccessat(state_fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	others = bridge_state_others(state_fd, net, stop_at_first, NULL, err);
	if (others != 0) {
		*why = "another network needs it";
		return others < 0 ? others : 0;
	}
	changed = sysctl_ensure(PARAMETER, "0", err);
	if (changed >= 0 && unlinkat(state_fd, MARK, 0) < 0 && errno != ENOENT)
		return err_errno(err, "state directory: %s", MARK);
	return changed;
}
