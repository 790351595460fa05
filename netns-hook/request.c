/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/bridge.h"
#include "common/str.h"
#include "netns-hook/detach.h"
#include "netns-hook/hosts.h"
#include "netns-hook/state.h"
#include "netns-hook/wishes.h"

void request_list_free(struct request_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		network_free(&list->nets[i]);
	free(list->nets);
	free(list->items);
	publish_free(&list->publish);
	strlist_free(&list->aliases);
	record_devices_free(&list->devices);
}

/* ---- networks ---- */

static bool has_ifname(const struct request_list *list, size_t n, const char *ifname)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(list->nets[i].ifname, ifname))
			return true;
	}
	return false;
}

/* Definitions that do not care all say eth0. */
static void choose_ifname(struct request_list *list, size_t i)
{
	struct network *net = &list->nets[i];

	for (size_t n = i; has_ifname(list, i, net->ifname); n++)
		(void)snprintf(net->ifname, sizeof(net->ifname), "eth%zu", n);
}

static int read_network(const struct options *options, struct request_list *list, size_t i,
			struct err *err)
{
	struct network *net = &list->nets[i];
	const struct network_overrides flags = {
		.bridge = options->bridge,
		.ip = options->ip,
		.mtu = options->mtu,
		.vlan = options->vlan,
		.mode = options->mode,
		.firewalld_zone = options->firewalld_zone,
		.ifname = i == 0 ? options->ifname : NULL,
	};
	int rc =
		network_load(options->networks.n > 0 ? options->networks.items[i] : NULL, net, err);

	if (rc >= 0)
		rc = network_override(net, &flags, err);
	if (rc < 0)
		return rc;
	choose_ifname(list, i);
	if (i > 0)
		net->default_route = false;
	list->items[i] = (struct attach_request){
		.state_dir = options_state_dir(options),
		.net = net,
		.netns_fd = -1,
		.dns_servers = &options->dns_servers,
	};
	return 0;
}

static int read_networks(const struct options *options, struct request_list *list, struct err *err)
{
	const size_t n = options->networks.n > 0 ? options->networks.n : 1;

	if (n > 1 && (options->bridge || options->ip || options->vlan || options->mode))
		return err_set(err, EINVAL,
			       "%s: is of one network, and there are %zu; write it into their "
			       "definitions",
			       options->bridge ? "--bridge"
			       : options->ip   ? "--ip"
			       : options->vlan ? "--vlan"
					       : "--mode",
			       n);
	list->nets = xcalloc(n, sizeof(*list->nets));
	list->items = xcalloc(n, sizeof(*list->items));
	for (size_t i = 0; i < n; i++) {
		list->n = i + 1;
		if (read_network(options, list, i, err) < 0)
			return -err->code;
	}
	return 0;
}

/* ---- addresses ---- */

int request_list_preview(struct request_list *list, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	int rc = state_open(list->items[0].state_dir, false, &state_fd, err);

	if (rc >= 0)
		rc = netlink_open(&nl, err);
	for (size_t i = 0; rc >= 0 && i < list->n; i++)
		rc = bridge_preview(&nl, state_fd, &list->nets[i], err);
	return rc;
}

static struct attach_request *home_of(struct request_list *list, const struct ip_addr *addr)
{
	for (size_t i = 0; list->n > 1 && i < list->n; i++) {
		if (network_range_of(&list->nets[i], addr))
			return &list->items[i];
	}
	/* With one network its own check says what is wrong with the address. */
	return list->n > 1 ? NULL : &list->items[0];
}

static int add_static_ip(struct request_list *list, const char *text, const char *what,
			 struct err *err)
{
	struct ip_addr addr;
	struct attach_request *request = NULL;
	int rc = ip_parse_addr(text, what, &addr, err);

	if (rc < 0)
		return rc;
	request = home_of(list, &addr);
	if (!request)
		return err_set(err, EINVAL, "%s: %s is in no subnet of these networks", what, text);
	if (request->n_static_ips == ATTACHMENT_MAX_ADDRESSES)
		return err_set(err, E2BIG, "%s: more than %d addresses for an interface", what,
			       ATTACHMENT_MAX_ADDRESSES);
	request->static_ips[request->n_static_ips++] = addr;
	return 0;
}

/* ---- names ---- */

static int check_servers(const struct strlist *servers, struct err *err)
{
	struct ip_addr addr;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < servers->n; i++)
		rc = ip_parse_addr(servers->items[i], "--dns", &addr, err);
	return rc;
}

/* ---- all of it ---- */

static int add_wish(struct request_list *list, enum wish wish, const char *text, const char *what,
		    struct err *err)
{
	switch (wish) {
	case WISH_PUBLISH:
		return publish_parse(text, what, &list->publish, err);
	case WISH_IP:
		return add_static_ip(list, text, what, err);
	case WISH_MAC:
		return attach_parse_mac(text, what, &list->items[0].mac, err);
	case WISH_ALIASES:
		return hosts_add_alias(&list->aliases, text, what, err);
	case WISH_COUNT:
		break;
	}
	return 0;
}

int request_list_read(const struct options *options, const struct strmap *annotations,
		      struct request_list *list, struct err *err)
{
	autowishes struct wishes wishes = { .all = { { .what = NULL } } };
	int rc = read_networks(options, list, err);

	if (rc >= 0)
		rc = wishes_read(options, annotations, &wishes, err);
	/* Where an address belongs is known once every subnet is. */
	if (rc >= 0 && list->n > 1 && wishes.all[WISH_IP].items.n > 0)
		rc = request_list_preview(list, err);
	for (int wish = 0; rc >= 0 && wish < WISH_COUNT; wish++) {
		const struct strlist *items = &wishes.all[wish].items;

		for (size_t i = 0; rc >= 0 && i < items->n; i++)
			rc = add_wish(list, (enum wish)wish, items->items[i], wishes.all[wish].what,
				      err);
	}
	if (rc >= 0)
		rc = check_servers(&options->dns_servers, err);
	for (size_t i = 0; rc >= 0 && i < options->sysctls.n; i++)
		rc = network_add_sysctl(&list->nets[0].shape.sysctls, options->sysctls.items[i],
					"--sysctl", err);
	for (size_t i = 0; rc >= 0 && i < options->devices.n; i++)
		rc = record_devices_parse(options->devices.items[i], "--device", &list->devices,
					  err);
	if (rc < 0)
		return rc;
	list->items[0].ports = list->publish.items;
	list->items[0].n_ports = list->publish.n;
	for (size_t i = 0; i < list->n; i++)
		list->items[i].aliases = &list->aliases;
	list->items[0].devices = &list->devices;
	return 0;
}

/* ---- attach ---- */

void request_list_aim(struct request_list *list, const struct request_target *target)
{
	for (size_t i = 0; i < list->n; i++) {
		struct attach_request *request = &list->items[i];

		request->container = target->container;
		request->pid = target->pid;
		request->netns_fd = target->netns_fd;
		request->netns_path = target->netns_path;
		request->hostname = target->hostname;
		request->ipfile = i == 0 ? target->ipfile : NULL;
		request->ipfile_must = target->ipfile_must;
	}
}

static void undo(const struct attach_request *request)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	struct err err = ERR_INIT;
	const struct detach_choice choice = { request->net->ifname, request->net->name };
	int rc = state_open(request->state_dir, false, &state_fd, &err);

	if (rc > 0)
		rc = netlink_open(&nl, &err) < 0 ? -err.code : 1;
	if (rc > 0) {
		const struct detach detach = {
			state_fd, &nl, DETACH_LINK_DELETE, { 0 }, request->netns_fd
		};

		rc = detach_chosen(&detach, request->container, &choice, &err);
	}
	if (rc < 0)
		log_warning("container '%s', %s: %s; ignoring, 'ct-netns gc' tries again",
			    request->container, request->net->ifname, err.msg);
}

int request_list_attach(struct request_list *list, struct err *err)
{
	autofree bool *is_new = xcalloc(list->n, sizeof(*is_new));
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < list->n; i++) {
		autoattachment struct attachment att = { 0 };

		rc = attach(&list->items[i], &att, err);
		is_new[i] = rc == 0;
		if (rc >= 0)
			log_debug("container '%s': %s on '%s' has %s", att.container, att.ifname,
				  att.bridge, ip_prefix_text(&att.addresses[0].prefix).text);
		for (size_t made = i; rc < 0 && made-- > 0;)
			if (is_new[made])
				undo(&list->items[made]);
	}
	return rc < 0 ? rc : 0;
}
