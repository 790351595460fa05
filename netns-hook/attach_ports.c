/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The step of attach that publishes ports, and what brings back those of others. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/bridge.h"
#include "common/net/bridge_state.h"
#include "common/net/conntrack.h"
#include "common/net/firewall/firewall.h"
#include "common/net/sysctl.h"
#include "common/steps.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"
#include "netns-hook/ports.h"
#include "netns-hook/publish.h"
#include "netns-hook/republish.h"
#include "netns-hook/state.h"

/* Only answers of containers come through: CT-INPUT, one of the network's constant rules. */
static int open_loopback(const struct attachment *att, struct err *err)
{
	autofree char *path = xasprintf("ipv4/conf/%s/route_localnet", attachment_gateway_if(att));
	int rc = ports_use_loopback(att) ? sysctl_ensure(path, "1", err) : 0;

	return rc < 0 ? rc : 0;
}

/*
 * A client that went on sending while nobody was there has a connection that leads nowhere, and would
 * keep it. (A TCP client comes with a new one.)
 */
static bool is_published(const void *ctx, uint16_t port)
{
	const struct attachment *att = ctx;

	for (size_t i = 0; i < att->n_ports; i++) {
		const struct record_port *p = &att->ports[i];

		if (p->proto == IPPROTO_UDP && port >= p->host_port &&
		    port - p->host_port < p->count)
			return true;
	}
	return false;
}

static int forget_clients(const struct attachment *att, struct err *err)
{
	const struct conntrack_ports all = { is_published, att };
	unsigned int n = 0;
	uint16_t last = 0;

	for (size_t i = 0; i < att->n_ports; i++) {
		if (att->ports[i].proto == IPPROTO_UDP) {
			n += att->ports[i].count;
			last = att->ports[i].host_port;
		}
	}
	if (n <= 1)
		return n == 0 ? 0 : conntrack_flush_port(IPPROTO_UDP, last, err);
	return conntrack_flush_ports(IPPROTO_UDP, &all, err);
}

static int check_network(const struct attach *a, struct err *err)
{
	if (a->request->net->unmanaged)
		return err_set(err, EINVAL,
			       "network '%s' is unmanaged, without rules of ours: no port of a "
			       "container can be published",
			       a->att->network);
	if (a->request->net->internal)
		return err_set(err, EINVAL,
			       "network '%s' is internal: no port of a container can be published",
			       a->att->network);
	for (size_t i = 0; i < a->att->n_ports; i++) {
		const struct record_port *port = &a->att->ports[i];

		if (ip_is_set(&port->host) && !attachment_address_of(a->att, port->host.family))
			return err_set(err, EINVAL,
				       "published port %s: the container has no address of that "
				       "family",
				       publish_text(port).text);
	}
	return 0;
}

/*
 * What br_netfilter has sent to another port of the bridge it hands over as a frame, and isolated
 * ports take none from each other.
 */
static void warn_isolated(const struct attach *a)
{
	static const char *const keys[] = { "bridge/bridge-nf-call-iptables",
					    "bridge/bridge-nf-call-ip6tables" };
	const struct network *net = a->request->net;
	char value[SYSCTL_VALUE_SIZE] = "";
	struct err none = ERR_INIT;

	if (a->was_attached ||
	    (net->ingress != NETWORK_INGRESS_ISOLATED && !net->shape.port_isolation))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (sysctl_read(keys[i], value, &none) < 0 || !str_eq(value, "1"))
			continue;
		log_warning(
			"container '%s': as long as net/%s is 1, the published ports are out of "
			"reach for the containers of its own network, which are isolated",
			a->att->container, keys[i]);
		return;
	}
}

int attach_run_ports(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	struct state_alive alive = { a->state_fd, &a->nl, a->att->owner.boot_id };
	const struct ipam_alive others = state_alive_of(&alive);
	int rc = 0;

	if (a->bridge.mended) {
		republish_others(a->state_fd, &a->nl, &a->folder, a->att->ifname);
		bridge_restored(a->state_fd, a->request->net);
	}
	if (a->att->n_ports == 0)
		return 0;
	a->att->firewall = a->bridge.firewall;
	rc = check_network(a, err);
	if (rc >= 0)
		rc = ports_claim(a->state_fd, a->att, &others, err);
	if (rc >= 0)
		rc = record_write(&a->folder, a->att, err);
	if (rc >= 0)
		rc = fault_point("ports", ".claimed", err);
	if (rc >= 0)
		rc = open_loopback(a->att, err);
	if (rc >= 0)
		rc = firewall_publish(a->att, err);
	if (rc >= 0)
		rc = forget_clients(a->att, err);
	if (rc >= 0)
		warn_isolated(a);
	if (rc < 0) {
		struct err ignored = ERR_INIT;

		(void)attach_undo_ports(a, &ignored);
	}
	return rc < 0 ? rc : 0;
}

int attach_undo_ports(void *ctx, struct err *err)
{
	struct attach *a = ctx;
	const struct detach undo = attach_undo(a);

	return a->was_attached ? 0 : detach_ports(&undo, a->att, err);
}

/* The back end that the network was made with, or would be. */
static enum firewall_kind plan_firewall(const struct attach_request *request)
{
	autofree char *path = xasprintf("networks/%s", request->net->name);
	struct bridge_state state = { .firewall = FIREWALL_AUTO };
	autoclose int state_fd = -1;
	autoclose int net_fd = -1;
	struct err ignored = ERR_INIT;

	if (state_open(request->state_dir, false, &state_fd, &ignored) > 0)
		net_fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (net_fd < 0 || bridge_state_load(net_fd, &state, &ignored) <= 0 ||
	    state.firewall == FIREWALL_AUTO)
		(void)firewall_choose(request->net, &state.firewall, &ignored);
	return state.firewall;
}

void attach_plan_ports(const void *ctx, FILE *out)
{
	const struct attach *a = ctx;
	const struct report report = { .item = attach_plan_item, .ctx = out };
	struct attachment att = *a->att; /* a view: owns nothing */
	struct err err = ERR_INIT;

	if (att.n_ports == 0)
		return;
	att.firewall = plan_firewall(a->request);
	for (size_t i = 0; i < att.n_ports; i++)
		(void)fprintf(out, "publish %s:\n", publish_text(&att.ports[i]).text);
	if (ports_use_loopback(&att))
		(void)fprintf(out, "  make: net/ipv4/conf/%s/route_localnet = 1\n",
			      attachment_gateway_if(&att));
	for (size_t i = 0; i < att.n_ports; i++) {
		if (att.ports[i].proto == IPPROTO_UDP)
			(void)fprintf(out,
				      "  IPCTNL_MSG_CT_DELETE of connections to port %u/udp%s\n",
				      att.ports[i].host_port,
				      att.ports[i].count > 1 ? " and so on" : "");
	}
	if (firewall_check_ports(&att, &report, &err) < 0)
		(void)fprintf(out, "  refused: %s\n", err.msg);
}
