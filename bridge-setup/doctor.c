/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The questions that an administrator asks at night, each a function that adds its answer. Nothing is
 * changed. Before the network is up, what `up` or the first container will set right is a note.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge-setup/findings.h"
#include "bridge-setup/setup.h"
#include "common/cleanup.h"
#include "common/file.h"
#include "common/net/bridge.h"
#include "common/net/bridge_state.h"
#include "common/net/firewall/firewall.h"
#include "common/net/firewall/firewalld.h"
#include "common/net/firewall/fw_forward.h"
#include "common/net/firewall/fw_legacy.h"
#include "common/net/forwarding.h"
#include "common/net/link.h"
#include "common/net/route.h"
#include "common/net/subnet.h"
#include "common/net/sysctl.h"
#include "common/str.h"

struct doctor {
	struct setup *setup;
	const struct setup_network_options *which;
	char *up; /* the command that brings this very network up */
	struct findings *findings;
	bool is_up;               /* what has the addresses is there; routed: it was made */
	struct link_info gateway; /* what has the addresses */
	enum firewall_kind firewall;
	/* What firewalld says of it. */
	int firewalld; /* 1: it runs, 0: it does not, negative: .firewalld_err */
	struct firewalld_zones zones;
	struct err firewalld_err;
};

static void doctor_free(struct doctor *d)
{
	firewalld_zones_free(&d->zones);
	free(d->up);
}

static void add_option(struct strbuf *text, const char *name, const char *value,
		       const char *instead)
{
	if (value && !str_starts(instead, name))
		strbuf_printf(text, " %s %s", name, value);
}

/* bridge-setup with the options that this network was named by; `more` takes the place of its own. */
static char *command(const struct doctor *d, const char *verb, const char *more)
{
	const struct setup_network_options *which = d->which;
	autofree char *mtu = which->mtu > 0 ? xasprintf("%d", (int)which->mtu) : NULL;
	autofree char *vlan = which->vlan > 0 ? xasprintf("%d", (int)which->vlan) : NULL;
	struct strbuf text = { .text = NULL };

	strbuf_printf(&text, "bridge-setup %s", verb);
	add_option(&text, "--network", which->network, more);
	add_option(&text, "--mode", which->mode, more);
	add_option(&text, "--bridge", which->bridge, more);
	add_option(&text, "--ip", which->ip, more);
	add_option(&text, "--mtu", mtu, more);
	add_option(&text, "--vlan", vlan, more);
	add_option(&text, "--firewalld-zone", which->firewalld_zone, more);
	strbuf_printf(&text, "%s%s", more[0] ? " " : "", more);
	return strbuf_take(&text);
}

/* What is wrong now, and will be made right by whoever makes the network. */
static enum finding_state wrong(const struct doctor *d)
{
	return d->is_up ? FINDING_PROBLEM : FINDING_NOTE;
}

#define ADD(state, question, mend, ...)                                                            \
	findings_add(d->findings, (state), (question), (mend), __VA_ARGS__)

/* ---- forwarding ---- */

static void ask_forwarding(struct doctor *d)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		const char *sysctl = forwarding_sysctl(families[i]);
		struct err err = ERR_INIT;
		autofree char *mend = xasprintf("echo 1 >/proc/sys/net/%s", sysctl);
		int on = 0;

		if (!network_has_family(&d->setup->net, families[i]))
			continue;
		on = forwarding_is_on(families[i], &err);
		if (on > 0)
			ADD(FINDING_OK, "forwarding", NULL, "net/%s is on", sysctl);
		else
			ADD(wrong(d), "forwarding", mend,
			    "net/%s is off: no packet leaves the %s%s", sysctl,
			    d->setup->net.routed ? "network" : "bridge",
			    d->is_up ? "" : "; 'bridge-setup up' switches it on");
	}
}

/* ---- who drops ---- */

static void add_wrong(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	struct doctor *d = ctx;

	(void)kind;
	if (state == REPORT_WRONG)
		ADD(wrong(d), "forward", d->up, "%s", text);
}

static bool is_zoned(const struct doctor *d)
{
	return d->firewalld > 0 && !str_eq(d->setup->net.firewalld_zone, FIREWALLD_NONE);
}

static void ask_drop(struct doctor *d)
{
	const struct report report = { .item = add_wrong, .ctx = d };
	struct err err = ERR_INIT;
	bool legacy = fw_legacy_in_use() && fw_legacy_drops();
	int nft = fw_forward_check(&d->setup->net, is_zoned(d), &report, &err);

	if (legacy && d->firewall == FIREWALL_NFTABLES)
		ADD(FINDING_PROBLEM, "forward", "iptables-legacy -P FORWARD ACCEPT",
		    "the legacy tables drop what is forwarded, and the network's rules are in "
		    "nftables, which cannot undo that");
	else if (legacy)
		ADD(FINDING_OK, "forward", NULL,
		    "the legacy tables' FORWARD drops; the network's rules come before it%s",
		    d->is_up ? "" : " once it is up");
	else if (nft == 0)
		ADD(FINDING_OK, "forward", NULL, "nobody drops what is forwarded for the network");
}

static void ask_mixed(struct doctor *d)
{
	struct err err = ERR_INIT;
	bool legacy = fw_legacy_in_use();
	int nft = fw_forward_any(&err);

	if (legacy && nft > 0)
		ADD(FINDING_NOTE, "mixed", NULL,
		    "legacy iptables and nftables both hold rules on the forward path: a packet must "
		    "pass both ('iptables-legacy -S FORWARD', 'nft list ruleset')");
	else
		ADD(FINDING_OK, "mixed", NULL, "%s",
		    nft > 0  ? "nftables alone is on the forward path"
		    : legacy ? "the legacy tables alone are on the forward path"
			     : "no firewall is on the forward path");
}

static void ask_backend(struct doctor *d)
{
	struct err err = ERR_INIT;
	bool legacy = d->firewall == FIREWALL_IPTABLES;

	if (legacy ? !fw_legacy_is_there(AF_INET) : fw_forward_any(&err) < 0)
		ADD(FINDING_PROBLEM, "firewall",
		    legacy ? "modprobe iptable_nat iptable_filter" : "modprobe nf_tables",
		    "the kernel has no %s, which the network's rules are for",
		    legacy ? "legacy tables" : "nf_tables");
	else
		ADD(FINDING_OK, "firewall", NULL, "rules go to %s", firewall_name(d->firewall));
}

static void ask_rules(struct doctor *d)
{
	struct err err = ERR_INIT;
	autofree char *status = command(d, "status", "");
	int n = 0;

	if (!d->is_up) {
		ADD(FINDING_NOTE, "network", d->up,
		    "network '%s' is not up; the first container brings it up", d->setup->net.name);
		return;
	}
	n = bridge_check(&d->setup->nl, d->setup->state_fd, &d->setup->net, NULL, &err);
	if (n < 0)
		ADD(FINDING_PROBLEM, "network", NULL, "%s", err.msg);
	else if (n > 0)
		ADD(FINDING_PROBLEM, "network", d->up,
		    "%d thing(s) of network '%s' are not right ('%s')", n, d->setup->net.name,
		    status);
	else
		ADD(FINDING_OK, "network", NULL, "network '%s' is up and right",
		    d->setup->net.name);
}

static void ask_br_netfilter(struct doctor *d)
{
	autoclose int fd =
		open("/proc/sys/net/bridge/bridge-nf-call-iptables", O_RDONLY | O_CLOEXEC);
	char value = '0';

	if (d->setup->net.routed)
		return;
	if (fd >= 0 && read(fd, &value, 1) == 1 && value == '1')
		ADD(FINDING_OK, "br_netfilter", NULL,
		    "bridged packets pass the firewall too; the network's rules let neighbours "
		    "through with their own address");
	else
		ADD(FINDING_OK, "br_netfilter", NULL, "bridged packets do not pass the firewall");
}

/* ---- addresses ---- */

/* Is a process of that name there? */
static bool runs(const char *name)
{
	autodir DIR *dir = opendir("/proc");

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		autofree char *path = NULL;
		autofree char *comm = NULL;
		struct err ended = ERR_INIT;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		path = xasprintf("/proc/%s/comm", e->d_name);
		if (file_read_at(AT_FDCWD, path, 64, &comm, NULL, &ended) < 0)
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		if (str_eq(comm, name))
			return true;
	}
	return false;
}

static void ask_overlap(struct doctor *d)
{
	autouses struct subnet_uses uses = { .items = NULL };
	struct err err = ERR_INIT;
	int own = d->is_up ? d->gateway.index : 0;
	autofree char *mend = command(d, "up", "--ip ANOTHER/16");
	bool any = false;

	if (subnet_read_uses(&d->setup->nl, &uses, &err) < 0) {
		ADD(FINDING_NOTE, "subnet", NULL, "%s", err.msg);
		return;
	}
	for (size_t i = 0; i < d->setup->net.n_ranges; i++) {
		const struct ip_prefix *subnet = &d->setup->net.ranges[i].subnet;
		const struct subnet_use *use = subnet_overlap(&uses, subnet, own);

		if (!use)
			continue;
		any = true;
		ADD(FINDING_PROBLEM, "subnet", mend, "%s overlaps the %s %s of this host",
		    ip_prefix_text(subnet).text, use->as, ip_prefix_text(&use->prefix).text);
	}
	if (!any)
		ADD(FINDING_OK, "subnet", NULL, "no address or route of the host overlaps");
}

/* moby's ipamutils: 172.17 to 172.31, and 192.168 in /20s. */
static void ask_docker(struct doctor *d)
{
	static const struct {
		const char *text;
	} pools[] = { { "172.16.0.0/12" }, { "192.168.0.0/16" } };

	if (!runs("dockerd"))
		return;
	for (size_t i = 0; i < d->setup->net.n_ranges; i++) {
		for (size_t p = 0; p < ARRAY_SIZE(pools); p++) {
			const struct ip_prefix *subnet = &d->setup->net.ranges[i].subnet;
			struct ip_prefix pool = { .len = 0 };
			struct err err = ERR_INIT;

			if (ip_parse_prefix(pools[p].text, "pool", &pool, &err) < 0 ||
			    !ip_overlap(&pool, subnet))
				continue;
			ADD(FINDING_NOTE, "docker",
			    "set \"default-address-pools\" in /etc/docker/daemon.json",
			    "docker runs and may give %s to a network of its own",
			    ip_prefix_text(subnet).text);
		}
	}
}

/* ---- links ---- */

static void ask_mtu(struct doctor *d)
{
	autoroutes struct route_list routes = { .items = NULL };
	struct link_info uplink = { .index = 0 };
	struct err err = ERR_INIT;
	autofree char *option = NULL, *mend = NULL;

	if (route_list(&d->setup->nl, &routes, &err) < 0)
		return;
	for (size_t i = 0; i < routes.n && uplink.index == 0; i++) {
		if (routes.items[i].dst.len == 0 && routes.items[i].link_index > 0 &&
		    link_find_index(&d->setup->nl, routes.items[i].link_index, &uplink, &err) <= 0)
			uplink.index = 0;
	}
	if (uplink.index == 0) {
		ADD(FINDING_NOTE, "uplink", NULL, "this host has no default route");
		return;
	}
	option = xasprintf("--mtu %u", uplink.mtu);
	mend = command(d, "up", option);
	if (d->setup->net.mtu > uplink.mtu)
		ADD(FINDING_NOTE, "mtu", mend,
		    "the network's MTU is %u, that of '%s' %u: large packets depend on ICMP that "
		    "firewalls like to drop",
		    d->setup->net.mtu, uplink.name, uplink.mtu);
	else
		ADD(FINDING_OK, "mtu", NULL, "%u, and %u on '%s'", d->setup->net.mtu, uplink.mtu,
		    uplink.name);
}

static void ask_rp_filter(struct doctor *d)
{
	autofree char *path =
		xasprintf("ipv4/conf/%s/rp_filter", network_gateway_if(&d->setup->net));
	autofree char *mend = xasprintf("echo 2 >/proc/sys/net/%s", path);
	char value[SYSCTL_VALUE_SIZE] = "";
	struct err err = ERR_INIT;

	if (!d->is_up || d->setup->net.routed || sysctl_read(path, value, &err) < 0)
		return;
	if (str_eq(value, "1"))
		ADD(FINDING_PROBLEM, "rp_filter", mend,
		    "strict on '%s': answers of a container on two networks are dropped",
		    network_gateway_if(&d->setup->net));
	else
		ADD(FINDING_OK, "rp_filter", NULL, "%s on '%s'",
		    str_eq(value, "2") ? "loose" : "off", network_gateway_if(&d->setup->net));
}

static void ask_managers(struct doctor *d)
{
	const char *bridge = d->setup->net.bridge;
	autofree char *nm = xasprintf("nmcli device set %s managed no", bridge);

	if (d->setup->net.routed)
		return;
	if (runs("NetworkManager"))
		ADD(FINDING_NOTE, "manager", nm,
		    "NetworkManager runs and may take the address off '%s'", bridge);
}

/* Which zone, if any, and for how long. */
static void ask_firewalld(struct doctor *d)
{
	const struct network *net = &d->setup->net;
	const char *now = d->zones.now, *wanted = firewalld_wanted(net);
	const struct firewalld_name name = firewalld_name(net);
	const char *interface = name.text;
	autofree char *permanent = NULL;

	if (d->firewalld < 0)
		ADD(FINDING_PROBLEM, "firewalld", "systemctl restart firewalld", "%s",
		    d->firewalld_err.msg);
	if (d->firewalld <= 0)
		return;
	if (!is_zoned(d)) {
		ADD(FINDING_NOTE, "firewalld", NULL,
		    "firewalld runs and has '%s' in %s%s; the network leaves that to you",
		    interface, now[0] ? "zone " : "no zone", now);
		return;
	}
	if (!firewalld_is_right(net, now)) {
		ADD(wrong(d), "firewalld", d->up,
		    "firewalld runs and has '%s' in %s%s, not in zone %s: it refuses what containers "
		    "send",
		    interface, now[0] ? "zone " : "no zone", now, wanted);
		return;
	}
	if (!str_eq(now, wanted)) {
		permanent = xasprintf("firewall-cmd --zone=%s --change-interface=%s", wanted,
				      interface);
		ADD(FINDING_NOTE, "firewalld", permanent,
		    "somebody has put '%s' into zone %s, which decides what containers may do",
		    interface, now);
		return;
	}
	permanent = xasprintf("firewall-cmd --permanent --zone=%s --change-interface=%s", wanted,
			      interface);
	if (str_eq(d->zones.permanent, wanted))
		ADD(FINDING_OK, "firewalld", NULL, "'%s' is in zone %s", interface, wanted);
	else
		ADD(FINDING_NOTE, "firewalld", permanent,
		    "'%s' is in zone %s until firewalld is reloaded, and again from the next attach "
		    "or 'bridge-setup up' on",
		    interface, wanted);
}

/* ---- connections ---- */

static uint64_t number_of(const char *path)
{
	char value[SYSCTL_VALUE_SIZE] = "";
	struct err err = ERR_INIT;
	uint64_t number = 0;

	if (sysctl_read(path, value, &err) < 0 ||
	    str_to_u64(value, path, 0, UINT64_MAX, &number, &err) < 0)
		return 0;
	return number;
}

static void ask_conntrack(struct doctor *d)
{
	uint64_t count = number_of("netfilter/nf_conntrack_count");
	uint64_t max = number_of("netfilter/nf_conntrack_max");
	autofree char *mend = xasprintf("sysctl -w net.netfilter.nf_conntrack_max=%llu",
					(unsigned long long)max * 2);

	if (max == 0)
		return;
	if (count >= max - max / 10)
		ADD(FINDING_PROBLEM, "conntrack", mend,
		    "%llu of %llu connections: when the table is full, new ones are dropped",
		    (unsigned long long)count, (unsigned long long)max);
	else
		ADD(FINDING_OK, "conntrack", NULL, "%llu of %llu connections",
		    (unsigned long long)count, (unsigned long long)max);
}

static void ask_accept_ra(struct doctor *d)
{
	if (!network_has_family(&d->setup->net, AF_INET6) || !number_of("ipv6/conf/all/forwarding"))
		return;
	if (number_of("ipv6/conf/all/accept_ra") != 2)
		ADD(FINDING_NOTE, "accept_ra", "echo 2 >/proc/sys/net/ipv6/conf/UPLINK/accept_ra",
		    "with IPv6 forwarding on, the host takes no router advertisements any more, unless "
		    "accept_ra of its uplink is 2");
}

static void (*const questions[])(struct doctor *d) = {
	ask_rules,        ask_forwarding, ask_backend,   ask_drop,      ask_mixed,
	ask_br_netfilter, ask_overlap,    ask_docker,    ask_mtu,       ask_rp_filter,
	ask_managers,     ask_firewalld,  ask_conntrack, ask_accept_ra,
};

static int look_at_network(struct doctor *d, struct err *err)
{
	struct setup *setup = d->setup;
	autofree char *path = NULL;
	autoclose int net_fd = -1;
	struct bridge_state state = { .index = 0 };
	int found = 0;

	if (bridge_preview(&setup->nl, setup->state_fd, &setup->net, err) < 0)
		return -err->code;
	path = xasprintf("networks/%s", setup->net.name);
	if (setup->state_fd >= 0)
		net_fd = openat(setup->state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bridge_state_load(net_fd, &state, err) < 0)
		return -err->code;
	found = link_find(&setup->nl, setup->net.routed ? "lo" : network_gateway_if(&setup->net),
			  &d->gateway, err);
	if (found < 0)
		return found;
	d->is_up = setup->net.routed ? state.index > 0 : found;
	d->firewalld = firewalld_zones_of(&setup->net, &d->zones, &d->firewalld_err);
	d->firewall = state.firewall;
	return d->firewall == FIREWALL_AUTO ? firewall_choose(&setup->net, &d->firewall, err) : 0;
}

int setup_doctor(void *globals, void *options, char **args, int n_args, struct err *err)
{
	const struct setup_status_options *o = options;
	autosetup struct setup setup = SETUP_INIT;
	autofindings struct findings findings = { .items = NULL };
	__attribute__((cleanup(doctor_free))) struct doctor doctor = {
		.setup = &setup,
		.which = &o->which,
		.findings = &findings,
	};

	(void)args;
	(void)n_args;
	if (setup_open(globals, &o->which, false, &setup, err) < 0 ||
	    look_at_network(&doctor, err) < 0)
		return -err->code;
	doctor.up = command(&doctor, "up", "");
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
		questions[i](&doctor);
	if (o->json)
		findings_print_json(&findings);
	else
		findings_print(&findings);
	return findings_count(&findings, FINDING_PROBLEM) > 0;
}
