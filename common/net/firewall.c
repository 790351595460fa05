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

int firewall_publish(const struct attachment *att, struct err *err)
{
	return att->n_ports > 0 ? backend()->publish(att, err) : 0;
}

int firewall_check_ports(const struct attachment *att, const struct report *report, struct err *err)
{
	return att->n_ports > 0 ? backend()->check_ports(att, report, err) : 0;
}

int firewall_unpublish(const struct attachment *att, struct err *err)
{
	return att->n_ports > 0 ? backend()->unpublish(att, err) : 0;
}
