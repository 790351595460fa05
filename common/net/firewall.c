/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall.h"

/* The back end that rules are written with. */
static const struct firewall_backend *backend(void)
{
	return &firewall_iptables;
}

int firewall_ensure(const struct network *net, const struct report *report, struct err *err)
{
	return backend()->ensure(net, report, err);
}

int firewall_check(const struct network *net, const struct report *report, struct err *err)
{
	return backend()->check(net, report, err);
}

int firewall_remove(const struct network *net, const struct report *report, struct err *err)
{
	return backend()->remove(net, report, err);
}
