/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "common/cleanup.h"
#include "common/net/addr.h"
#include "common/net/bridge.h"
#include "common/net/bridge_steps.h"
#include "common/net/sysctl.h"
#include "common/str.h"

/*
 * Per bridge, written while it is down. rp_filter 2 (loose): a container on two networks answers
 * through its default route, and strict filtering would drop that. Router advertisements from a
 * container must not configure the host (CVE-2020-10749).
 */
static const struct link_setting sysctls[] = {
	{ LINK_RP_FILTER, 2 },
	{ LINK_ACCEPT_RA, 0 },
	{ LINK_AUTOCONF, 0 },
};

/*
 * Of the interface with the addresses; and of our bridge below it, to which a container of a VLAN can
 * speak too as long as its port is in the default VLAN.
 */
static const struct link_info *sysctl_link(const struct bridge_work *work, size_t i)
{
	const bool below = work->net->vlan_if[0] && work->found && bridge_is_ours(work);
	const struct link_info *const links[] = { &work->gateway, below ? &work->link : NULL };

	return i < ARRAY_SIZE(links) ? links[i] : NULL;
}

/*
 * A kernel without IPv6 has nothing to guard. An interface without it may have it by now, and one
 * that had it may have lost it: its MTU decides.
 */
static int ensure_sysctl(struct bridge_work *work, const struct link_info *link,
			 const struct link_setting *wanted, struct err *err)
{
	const bool found = link->index != 0;
	const bool lacks = found && !link->conf.has[wanted->parameter];
	const bool right = found && !lacks && link_conf_is(&link->conf, wanted);
	const char *ifname = found ? link->name : network_gateway_if(work->net);
	autofree char *text = link_setting_text(ifname, wanted);
	int rc = right || work->check ? 0 : link_conf_write(ifname, wanted, err);

	if (rc < 0 && err->code != ENOENT)
		return rc;
	if (rc < 0 || (lacks && work->check)) {
		err_clear(err);
		return 0;
	}
	bridge_tell(work, REPORT_SYSCTL, right, text);
	return 0;
}

int bridge_step_sysctls(void *ctx, struct err *err)
{
	struct bridge_work *work = ctx;
	const struct link_info *link = NULL;

	for (size_t n = 0; (link = sysctl_link(work, n)); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
			if (ensure_sysctl(work, link, &sysctls[i], err) < 0)
				return -err->code;
		}
	}
	return 0;
}

int bridge_guard_interface(const struct link_info *link, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		if (!link_conf_is(&link->conf, &sysctls[i]) &&
		    link_conf_write(link->name, &sysctls[i], err) < 0)
			return -err->code;
	}
	return 0;
}

int bridge_enable_ipv6(const struct network *net, const char *ifname, struct err *err)
{
	autofree char *path = xasprintf("ipv6/conf/%s/disable_ipv6", ifname);

	if (sysctl_ensure(path, "0", err) >= 0)
		return 0;
	return err->code == ENOENT ? err_set(err, EAFNOSUPPORT,
					     "%s: this kernel has no IPv6 (or it is switched off "
					     "with ipv6.disable=1)",
					     ip_addr_text(network_gateway(net, AF_INET6)).text)
				   : -err->code;
}

int bridge_glance_address(struct bridge_work *work, const struct ip_prefix *prefix, struct err *err)
{
	int added = addr_add(work->nl, work->gateway.index, prefix, err);

	/* IPv6 was switched off there: the whole set-up switches it on again. */
	if (added == -EACCES && prefix->addr.family == AF_INET6) {
		err_clear(err);
		return 0;
	}
	work->mended = work->mended || (work->net->routed && added > 0);
	return added < 0 ? added : 1;
}

void bridge_check_interface(const struct link_info *link, const struct report *report)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		autofree char *text = link_setting_text(link->name, &sysctls[i]);
		const bool right = link_conf_is(&link->conf, &sysctls[i]);

		report_item(report, REPORT_SYSCTL, right ? REPORT_RIGHT : REPORT_WRONG, "%s", text);
	}
}

bool bridge_glance_sysctls(const struct bridge_work *work)
{
	const struct link_info *link = NULL;

	for (size_t n = 0; (link = sysctl_link(work, n)); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
			if (!link_conf_is(&link->conf, &sysctls[i]))
				return false;
		}
	}
	return true;
}
