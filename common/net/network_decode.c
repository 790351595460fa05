/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/ip_decode.h"
#include "common/net/link.h"
#include "common/net/network.h"
#include "common/net/network_ipam.h"
#include "common/net/network_routed.h"
#include "common/str.h"

/*
 * CNI's netconf: the keys of its plugins that work on a bridge, and some of our own, "ifname" and
 * "ingress". What the plugins know and is not applied here is refused by name (JSON_UNSUPPORTED),
 * so that a definition never does less than it says.
 */
struct netconf_doc {
	char *cni_version, *name, *bridge, *ifname, *firewalld_zone;
	int type, mode, ingress, firewall, ingress_policy;
	bool is_gateway, is_default_gateway, ip_masq, masq_random_fully, internal;
	struct prefixes_doc {
		struct ip_prefix *items;
		size_t n;
	} masq_exclude;
	struct ip_addr snat[2]; /* IPv4, IPv6 */
	bool managed, has_managed;
	bool has_is_gateway, has_is_default_gateway, has_ip_masq, has_ingress, has_ipam;
	bool has_ingress_policy, has_bandwidth, has_bandwidth_key;
	int64_t mtu, metric, vlan;
	struct vlan_set vlan_trunk;
	bool preserve_default_vlan, has_preserve_default_vlan;
	struct network_shape shape;
	struct network_ipam ipam;
	struct network_dns dns;
};

static int decode_ifname(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);
	struct err why = ERR_INIT;

	if (!text)
		return json_fail(path, err, "must be a string");
	if (link_check_name(text, field->key, &why) < 0)
		return json_fail(path, err, "'%s' is not an interface name", text);
	*(char **)out = xstrdup(text);
	return 0;
}

static int decode_prefixes(const json_node *node, const struct json_field *field, void *out,
			   const struct json_path *path, struct err *err)
{
	struct prefixes_doc *list = out;

	if (!json_is_array(node))
		return json_fail(path, err, "must be an array of subnets");
	for (const json_node *n = json_first(node); n; n = json_next(n)) {
		const struct json_path item = { .parent = path, .index = list->n };

		list->items = xreallocarray(list->items, list->n + 1, sizeof(*list->items));
		if (ip_decode_subnet(n, field, &list->items[list->n++], &item, err) < 0)
			return -err->code;
	}
	return 0;
}

/* "snat": an address, or one of each family; or true. */
static int decode_snat(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	struct ip_addr *addrs = out;
	size_t i = 0;

	/* Of portmap: answers of published ports find their way back, which they always do. */
	if (json_is_true(node))
		return 0;
	if (!json_is_array(node) && !json_string(node))
		return json_fail(path, err, "must be an address, or an array of two");
	for (const json_node *n = json_is_array(node) ? json_first(node) : node; n;
	     n = json_is_array(node) ? json_next(n) : NULL, i++) {
		const struct json_path item = { .parent = path, .index = i };
		struct ip_addr addr = { .family = AF_UNSPEC };

		if (ip_decode_addr(n, field, &addr, json_is_array(node) ? &item : path, err) < 0)
			return -err->code;
		if (ip_is_set(&addrs[addr.family == AF_INET6]))
			return json_fail(&item, err, "a second address of one family");
		addrs[addr.family == AF_INET6] = addr;
	}
	return 0;
}

/* One thing under the names that the plugins bridge, portmap and firewall have for it. */
static int decode_firewall(const json_node *node, const struct json_field *field, void *out,
			   const struct json_path *path, struct err *err)
{
	int *kind = out;
	int wanted = FIREWALL_AUTO;

	if (json_decode_enum(node, field, &wanted, path, err) < 0)
		return -err->code;
	if (*kind != FIREWALL_AUTO && wanted != FIREWALL_AUTO && wanted != *kind)
		return json_fail(path, err,
				 "says '%s', and another key otherwise: a network has its rules in "
				 "one place",
				 json_string(node));
	if (wanted != FIREWALL_AUTO)
		*kind = wanted;
	return 0;
}

static const struct json_enum types[] = { { "ct-netns", 1 }, { NULL, 0 } };

static const struct json_enum modes[] = { { "bridge", 0 }, { "routed", 1 }, { NULL, 0 } };

static const struct json_enum ingresses[] = {
	{ "established", NETWORK_INGRESS_ESTABLISHED },
	{ "open", NETWORK_INGRESS_OPEN },
	{ "isolated", NETWORK_INGRESS_ISOLATED },
	{ NULL, 0 },
};

/* The same in the words of CNI's firewall. */
static const struct json_enum ingress_policies[] = {
	{ "same-bridge", NETWORK_INGRESS_ESTABLISHED },
	{ "open", NETWORK_INGRESS_OPEN },
	{ "isolated", NETWORK_INGRESS_ISOLATED },
	{ NULL, 0 },
};

static const struct json_enum firewalls[] = {
	{ "auto", FIREWALL_AUTO },         { "", FIREWALL_AUTO }, { "iptables", FIREWALL_IPTABLES },
	{ "nftables", FIREWALL_NFTABLES }, { NULL, 0 },
};

static const struct json_range range_mtu_or_0 = { 0, LINK_MTU_MAX };
static const struct json_range range_u32 = { 0, UINT32_MAX };
static const struct json_range range_vlan_or_0 = { 0, VLAN_ID_MAX };

#define AT(member) offsetof(struct netconf_doc, member)
#define BANDWIDTH_KEY(name)                                                                        \
	{                                                                                          \
		name, network_decode_bandwidth_key, AT(shape.bandwidth), 0, NULL,                  \
			AT(has_bandwidth_key)                                                      \
	}

static const struct json_field netconf_fields[] = {
	{ "cniVersion", json_decode_string, AT(cni_version), 0, NULL, 0 },
	{ "name", json_decode_string, AT(name), JSON_REQUIRED, NULL, 0 },
	{ "type", json_decode_enum, AT(type), JSON_REQUIRED, types, 0 },
	{ "mode", json_decode_enum, AT(mode), 0, modes, 0 },
	{ "bridge", decode_ifname, AT(bridge), 0, NULL, 0 },
	{ "ifname", decode_ifname, AT(ifname), 0, NULL, 0 },
	{ "isGateway", json_decode_bool, AT(is_gateway), 0, NULL, AT(has_is_gateway) },
	{ "isDefaultGateway", json_decode_bool, AT(is_default_gateway), 0, NULL,
	  AT(has_is_default_gateway) },
	{ "ipMasq", json_decode_bool, AT(ip_masq), 0, NULL, AT(has_ip_masq) },
	{ "masqRandomFully", json_decode_bool, AT(masq_random_fully), 0, NULL, 0 },
	{ "masqExclude", decode_prefixes, AT(masq_exclude), 0, NULL, 0 },
	{ "snat", decode_snat, AT(snat), 0, NULL, 0 },
	{ "ingress", json_decode_enum, AT(ingress), 0, ingresses, AT(has_ingress) },
	{ "ingressPolicy", json_decode_enum, AT(ingress_policy), 0, ingress_policies,
	  AT(has_ingress_policy) },
	{ "firewall", decode_firewall, AT(firewall), 0, firewalls, 0 },
	{ "ipMasqBackend", decode_firewall, AT(firewall), 0, firewalls, 0 },
	{ "backend", decode_firewall, AT(firewall), 0, firewalls, 0 },
	{ "internal", json_decode_bool, AT(internal), 0, NULL, 0 },
	{ "mtu", json_decode_int, AT(mtu), 0, &range_mtu_or_0, 0 },
	{ "metric", json_decode_int, AT(metric), 0, &range_u32, 0 },
	{ "bandwidth", network_decode_bandwidth, AT(shape.bandwidth), 0, NULL, AT(has_bandwidth) },
	BANDWIDTH_KEY("ingressRate"),
	BANDWIDTH_KEY("ingressBurst"),
	BANDWIDTH_KEY("egressRate"),
	BANDWIDTH_KEY("egressBurst"),
	{ "shapedSubnets", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "unshapedSubnets", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "hairpinMode", json_decode_bool, AT(shape.hairpin), 0, NULL, 0 },
	{ "portIsolation", json_decode_bool, AT(shape.port_isolation), 0, NULL, 0 },
	{ "macspoofchk", json_decode_bool, AT(shape.mac_check), 0, NULL, 0 },
	{ "promiscMode", json_decode_bool, AT(shape.bridge_promisc), 0, NULL, 0 },
	{ "managed", json_decode_bool, AT(managed), 0, NULL, AT(has_managed) },
	{ "enabledad", json_decode_bool, AT(shape.enable_dad), 0, NULL, 0 },
	{ "sysctl", network_decode_sysctls, AT(shape.sysctls), 0, NULL, 0 },
	{ "promisc", json_decode_bool, AT(shape.promisc), 0, NULL, 0 },
	{ "allmulti", json_decode_bool, AT(shape.allmulti), 0, NULL, 0 },
	{ "txQLen", json_decode_int, AT(shape.txqueuelen), 0, &range_u32,
	  AT(shape.has_txqueuelen) },
	{ "ipam", network_ipam_decode, AT(ipam), 0, NULL, AT(has_ipam) },
	{ "disableCheck", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "capabilities", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "forceAddress", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "vlan", json_decode_int, AT(vlan), 0, &range_vlan_or_0, 0 },
	{ "vlanTrunk", vlan_decode_trunk, AT(vlan_trunk), 0, NULL, 0 },
	{ "preserveDefaultVlan", json_decode_bool, AT(preserve_default_vlan), 0, NULL,
	  AT(has_preserve_default_vlan) },
	{ "disableContainerInterface", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "iptablesAdminChainName", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "firewalldZone", json_decode_string, AT(firewalld_zone), 0, NULL, 0 },
	{ "masqAll", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "conditionsV4", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "conditionsV6", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	/* How portmap marks packets; nothing is marked here. */
	{ "markMasqBit", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "externalSetMarkChain", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "mac", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "dataDir", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "dns", network_dns_decode, AT(dns), 0, NULL, 0 },
	/* CNI's conventions: whoever has no use for it lets it be. */
	{ "args", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "runtimeConfig", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "prevResult", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "plugins", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
};

static const struct json_table netconf_table = {
	.fields = netconf_fields,
	.n_fields = ARRAY_SIZE(netconf_fields),
};

static void netconf_free(struct netconf_doc *doc)
{
	free(doc->cni_version);
	free(doc->name);
	free(doc->bridge);
	free(doc->ifname);
	free(doc->firewalld_zone);
	network_ipam_free(&doc->ipam);
	free(doc->masq_exclude.items);
	network_dns_free(&doc->dns);
	network_shape_free(&doc->shape);
}

/* The kinds of network that leave something out, and what may not be asked of them then. */
enum without {
	UNMANAGED = 1, /* rules, and changes to the bridge */
	INTERNAL = 2,  /* a way out, and one in */
	UNMASKED = 4,  /* "ipMasq": false */
};

static int refuse_asked(const struct netconf_doc *doc, enum without kind, const char *why,
			struct err *err)
{
	const struct {
		const char *key;
		bool asked;
		int without;
	} keys[] = {
		{ "ipMasq", doc->ip_masq, UNMANAGED | INTERNAL },
		{ "masqRandomFully", doc->masq_random_fully, UNMANAGED | INTERNAL | UNMASKED },
		{ "masqExclude", doc->masq_exclude.n > 0, UNMANAGED | INTERNAL | UNMASKED },
		{ "snat", ip_is_set(&doc->snat[0]) || ip_is_set(&doc->snat[1]),
		  UNMANAGED | INTERNAL | UNMASKED },
		{ "ingress", doc->has_ingress, UNMANAGED },
		{ "ingress", doc->has_ingress && doc->ingress == NETWORK_INGRESS_OPEN, INTERNAL },
		{ "ingressPolicy", doc->has_ingress_policy, UNMANAGED },
		{ "internal", doc->internal, UNMANAGED },
		{ "promiscMode", doc->shape.bridge_promisc, UNMANAGED },
		{ "isGateway", doc->is_gateway, UNMANAGED },
		{ "isDefaultGateway", doc->is_default_gateway, INTERNAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].asked && (keys[i].without & (int)kind))
			return err_set(err, EINVAL, "%s: %s", keys[i].key, why);
	}
	return 0;
}

/* CNI's bridge without isGateway has no address; here it is the same as "managed": false. */
static int apply_unmanaged(const struct netconf_doc *doc, struct network *net, struct err *err)
{
	net->unmanaged = doc->has_managed ? !doc->managed
					  : doc->has_is_gateway && !doc->is_gateway &&
						    !doc->is_default_gateway;
	if (!net->unmanaged)
		return 0;
	if (refuse_asked(doc, UNMANAGED,
			 "an unmanaged network has a bridge that is left alone, and no rules",
			 err) < 0)
		return -err->code;
	if (!doc->bridge)
		return err_set(err, EINVAL, "bridge: an unmanaged network must name one");
	net->default_route = doc->is_default_gateway;
	return 0;
}

static int check_outbound(const struct netconf_doc *doc, struct err *err)
{
	if (doc->internal &&
	    refuse_asked(doc, INTERNAL, "an internal network has no way out and none in", err) < 0)
		return -err->code;
	if (doc->has_ip_masq && !doc->ip_masq &&
	    refuse_asked(doc, UNMASKED, "ipMasq is false, and addresses stay as they are", err) < 0)
		return -err->code;
	for (size_t i = 0; i < ARRAY_SIZE(doc->snat); i++) {
		if (ip_is_set(&doc->snat[i]) && !ip_is_for_hosts(&doc->snat[i]))
			return err_set(err, EINVAL, "snat: %s is no address that replies come to",
				       ip_addr_text(&doc->snat[i]).text);
	}
	return 0;
}

/* What may be said in two ways is said in one. */
static int check_twice(const struct netconf_doc *doc, struct err *err)
{
	const char *fault = network_bandwidth_fault(&doc->shape.bandwidth);

	if (doc->has_ingress && doc->has_ingress_policy)
		return err_set(err, EINVAL,
			       "ingressPolicy: stands beside \"ingress\"; one is enough");
	if (doc->has_bandwidth && doc->has_bandwidth_key)
		return err_set(err, EINVAL,
			       "bandwidth: stands beside ingressRate and the like; one is enough");
	return fault ? err_set(err, EINVAL, "it has %s", fault) : 0;
}

/* A port is of one VLAN or of many, as CNI's bridge has it. */
static int apply_vlan(const struct netconf_doc *doc, struct network *net, struct err *err)
{
	net->vlan = (struct vlan_port){
		.access = (unsigned int)doc->vlan,
		.trunk = doc->vlan_trunk,
		.drop_default = doc->has_preserve_default_vlan && !doc->preserve_default_vlan,
	};
	if (doc->vlan > 0 && !vlan_set_is_empty(&doc->vlan_trunk))
		return err_set(err, EINVAL, "vlan: cannot be set together with vlanTrunk");
	if (net->vlan.drop_default && !vlan_port_is_used(&net->vlan))
		return err_set(err, EINVAL,
			       "preserveDefaultVlan: false asks for nothing without vlan or "
			       "vlanTrunk; leave it out");
	return 0;
}

static int apply(struct netconf_doc *doc, struct network *net, struct err *err)
{
	const struct network_overrides flags = {
		.bridge = doc->bridge,
		.ifname = doc->ifname,
		.mtu = doc->mtu,
		/* Of CNI's firewall: "" is its default. */
		.firewalld_zone =
			doc->firewalld_zone && doc->firewalld_zone[0] ? doc->firewalld_zone : NULL,
	};

	if (str_check_name(doc->name, "name", err) < 0)
		return -err->code;
	if (doc->shape.hairpin && doc->shape.bridge_promisc)
		return err_set(err, EINVAL, "hairpinMode: cannot be set together with promiscMode");
	if (check_twice(doc, err) < 0 || check_outbound(doc, err) < 0)
		return -err->code;
	net->cni_version = take_ptr(&doc->cni_version);
	if (doc->has_is_default_gateway)
		net->default_route = doc->is_default_gateway;
	if (doc->has_ip_masq)
		net->ip_masq = doc->ip_masq;
	if (doc->has_ingress)
		net->ingress = (enum network_ingress)doc->ingress;
	if (doc->has_ingress_policy)
		net->ingress = (enum network_ingress)doc->ingress_policy;
	if (apply_unmanaged(doc, net, err) < 0 || apply_vlan(doc, net, err) < 0)
		return -err->code;
	net->masq_random_fully = doc->masq_random_fully;
	net->n_masq_exclude = doc->masq_exclude.n;
	net->masq_exclude = take_ptr(&doc->masq_exclude.items);
	net->dns = doc->dns;
	doc->dns = (struct network_dns){ .domain = NULL };
	net->firewall = (enum firewall_kind)doc->firewall;
	net->metric = (uint32_t)doc->metric;
	net->shape = doc->shape;
	doc->shape.sysctls = (struct strmap){ 0 }; /* the network's now */
	net->routed = doc->mode;
	net->internal = doc->internal;
	/* There is nothing behind an internal network that a route could lead to. */
	if (net->internal)
		net->default_route = false;
	if (network_override(net, &flags, err) < 0)
		return -err->code;
	/* After the flags, which are checked against the subnets: those are not in place yet. */
	net->snat = doc->snat[0];
	net->snat6 = doc->snat[1];
	/* So is this one: they would call a network of another bridge after it. */
	free(net->name);
	net->name = take_ptr(&doc->name);
	/* Only `default` has a subnet to fall back to: two that did could end up in one. */
	if (!doc->has_ipam && !str_eq(net->name, NETWORK_DEFAULT_NAME))
		return err_set(err, EINVAL, "ipam: is missing");
	if (doc->has_ipam && network_ipam_apply(&doc->ipam, net, err) < 0)
		return -err->code;
	return network_check_families(net, err) < 0 ? -err->code : network_check_routed(net, err);
}

int network_decode(const json_node *node, const char *what, struct network *net, struct err *err)
{
	__attribute__((cleanup(netconf_free))) struct netconf_doc doc = { .cni_version = NULL };

	if (json_decode(node, what, &netconf_table, &doc, err) < 0)
		return -err->code;
	network_default(net);
	if (apply(&doc, net, err) < 0) {
		network_free(net);
		return err_ctx(err, "%s", what);
	}
	return 0;
}
