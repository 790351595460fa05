/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/forwarding.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/bridge_state.h"
#include "common/net/sysctl.h"
#include "common/str.h"

struct parameter {
	const char *sysctl;
	const char *mark; /* in the state directory: it was off before us */
};

static const struct parameter *parameter_of(int family)
{
	static const struct parameter ipv4 = { "ipv4/ip_forward", "ip_forward.was_off" };
	static const struct parameter ipv6 = { "ipv6/conf/all/forwarding",
					       "ipv6_forwarding.was_off" };

	return family == AF_INET6 ? &ipv6 : &ipv4;
}

const char *forwarding_sysctl(int family)
{
	return parameter_of(family)->sysctl;
}

int forwarding_is_on(int family, struct err *err)
{
	char value[SYSCTL_VALUE_SIZE];

	if (sysctl_read(forwarding_sysctl(family), value, err) < 0)
		return -err->code;
	return str_eq(value, "1");
}

int forwarding_enable(int state_fd, int family, struct err *err)
{
	const struct parameter *p = parameter_of(family);
	autoclose int host_fd = -1;
	autoclose int mark_fd = -1;
	int on = forwarding_is_on(family, err);

	if (on != 0)
		return on < 0 ? on : 0;
	host_fd = network_lock_host(state_fd, err);
	if (host_fd < 0)
		return host_fd;
	on = forwarding_is_on(family, err);
	if (on != 0)
		return on < 0 ? on : 0;
	/* The mark first: a crash in between leaves a mark that is true. */
	mark_fd = openat(state_fd, p->mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (mark_fd < 0)
		return err_errno(err, "state directory: %s", p->mark);
	return sysctl_ensure(p->sysctl, "1", err);
}

static int stop_at_family(const char *name, const struct bridge_state *state, void *ctx)
{
	const int *family = ctx;

	(void)name;
	for (size_t i = 0; i < state->n_gateways; i++) {
		if (state->gateways[i].addr.family == *family)
			return 1;
	}
	return 0;
}

int forwarding_release(int state_fd, const struct network *net, int family, const char **why,
		       struct err *err)
{
	const struct parameter *p = parameter_of(family);
	autoclose int host_fd = network_lock_host(state_fd, err);
	int changed = 0;
	int others = 0;

	*why = "was on before";
	if (host_fd < 0)
		return host_fd;
	if (faccessat(state_fd, p->mark, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	others = bridge_state_others(state_fd, net, stop_at_family, &family, err);
	if (others != 0) {
		*why = "another network needs it";
		return others < 0 ? others : 0;
	}
	changed = sysctl_ensure(p->sysctl, "0", err);
	if (changed >= 0 && unlinkat(state_fd, p->mark, 0) < 0 && errno != ENOENT)
		return err_errno(err, "state directory: %s", p->mark);
	return changed;
}
