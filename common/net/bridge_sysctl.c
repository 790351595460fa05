/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "common/cleanup.h"
#include "common/net/bridge_steps.h"
#include "common/net/sysctl.h"
#include "common/str.h"

/*
 * Per bridge, written while it is down. rp_filter 2 (loose): a container on two networks answers
 * through its default route, and strict filtering would drop that. Router advertisements from a
 * container must not configure the host (CVE-2020-10749).
 */
static const struct {
	const char *family, *name, *value;
} sysctls[] = {
	{ "ipv4", "rp_filter", "2" },
	{ "ipv6", "accept_ra", "0" },
	{ "ipv6", "autoconf", "0" },
};

/*
 * Of the interface with the addresses; and of our bridge below it, to which a container of a VLAN can
 * speak too as long as its port is in the default VLAN.
 */
static const char *sysctl_if(const struct bridge_work *work, size_t i)
{
	const struct network *net = work->net;
	const char *const names[] = {
		network_gateway_if(net),
		net->vlan_if[0] && work->found && bridge_is_ours(work) ? net->bridge : NULL,
	};

	return i < ARRAY_SIZE(names) ? names[i] : NULL;
}

static int ensure_sysctl(struct bridge_work *work, const char *ifname, size_t i, struct err *err)
{
	char value[SYSCTL_VALUE_SIZE];
	autofree char *path =
		xasprintf("%s/conf/%s/%s", sysctls[i].family, ifname, sysctls[i].name);
	autofree char *text = xasprintf("net/%s = %s", path, sysctls[i].value);
	bool right = false;

	if (work->check && work->gateway.index == 0) {
		bridge_tell(work, REPORT_SYSCTL, false, text);
		return 0;
	}
	if (sysctl_read(path, value, err) < 0) {
		/* A kernel without IPv6 has nothing to guard. */
		if (err->code != ENOENT || !str_eq(sysctls[i].family, "ipv6"))
			return -err->code;
		err_clear(err);
		return 0;
	}
	right = str_eq(value, sysctls[i].value);
	if (!right && !work->check && sysctl_ensure(path, sysctls[i].value, err) < 0)
		return -err->code;
	bridge_tell(work, REPORT_SYSCTL, right, text);
	return 0;
}

int bridge_step_sysctls(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	const char *ifname = NULL;

	for (size_t n = 0; (ifname = sysctl_if(work, n)); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
			if (ensure_sysctl(work, ifname, i, err) < 0)
				return -err->code;
		}
	}
	return 0;
}

/* 1: all right. */
static int glance_sysctls_of(const char *ifname, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		char value[SYSCTL_VALUE_SIZE];
		autofree char *path =
			xasprintf("%s/conf/%s/%s", sysctls[i].family, ifname, sysctls[i].name);

		if (sysctl_read(path, value, err) == 0) {
			if (!str_eq(value, sysctls[i].value))
				return 0;
			continue;
		}
		if (err->code != ENOENT || !str_eq(sysctls[i].family, "ipv6"))
			return -err->code;
		err_clear(err);
	}
	return 1;
}

int bridge_glance_sysctls(const struct bridge_work *work, struct err *err)
{
	const char *ifname = NULL;

	for (size_t n = 0; (ifname = sysctl_if(work, n)); n++) {
		int right = glance_sysctls_of(ifname, err);

		if (right <= 0)
			return right;
	}
	return 1;
}
