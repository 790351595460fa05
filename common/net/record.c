/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/record.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/net/ip_decode.h"
#include "common/net/network_routed.h"
#include "common/str.h"

#define RECORD_MAX_BYTES (1u << 20)
#define RECORD_SUFFIX    ".json"

void attachment_free(struct attachment *att)
{
	free(att->container);
	free(att->network);
	free(att->netns_path);
	free(att->ipfile);
	free(att->hostname);
	strlist_free(&att->aliases);
	free(att->ports);
	record_devices_free(&att->devices);
	route_list_free(&att->dead_ends);
	*att = (struct attachment){ 0 };
}

struct ip_prefix attachment_prefix(const struct attachment *att, size_t i)
{
	const struct ip_prefix *prefix = &att->addresses[i].prefix;

	return att->routed ? ip_host_prefix(&prefix->addr) : *prefix;
}

bool attachment_gateway_is_new(const struct attachment *att, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (ip_equal(&att->addresses[j].gateway, &att->addresses[i].gateway))
			return false;
	}
	return true;
}

const char *attachment_gateway_if(const struct attachment *att)
{
	if (att->routed)
		return att->veth;
	return att->vlan_if[0] ? att->vlan_if : att->bridge;
}

const struct attachment_address *attachment_address_of(const struct attachment *att, int family)
{
	for (size_t i = 0; i < att->n_addresses; i++) {
		if (att->addresses[i].prefix.addr.family == family)
			return &att->addresses[i];
	}
	return NULL;
}

const char *record_state_name(enum record_state state)
{
	switch (state) {
	case RECORD_ADDING:
		return "adding";
	case RECORD_ATTACHED:
		return "attached";
	}
	return "unknown";
}

/* 48 bits make a clash on one host a curiosity. */
void record_veth_name(const char *container, const char *ifname, unsigned int salt,
		      char name[IFNAMSIZ])
{
	uint64_t hash = str_hash(STR_HASH + salt, container);

	hash = str_hash(hash, ifname);
	hash ^= hash >> 48;
	(void)snprintf(name, IFNAMSIZ, "ct%012llx", (unsigned long long)(hash & 0xffffffffffffULL));
}

#define ROUTED_DIGITS 8

void record_routed_name(const char *bridge, const char *container, const char *ifname,
			unsigned int salt, char name[IFNAMSIZ])
{
	char whole[IFNAMSIZ];

	record_veth_name(container, ifname, salt, whole);
	(void)snprintf(name, IFNAMSIZ, "%.*s-%s", NETWORK_ROUTED_NAME_MAX, bridge,
		       whole + strlen(whole) - ROUTED_DIGITS);
}

bool record_is_routed_name(const char *name)
{
	const char *dash = strchr(name, '-');

	return dash && dash != name && dash - name <= NETWORK_ROUTED_NAME_MAX &&
	       strlen(dash + 1) == ROUTED_DIGITS &&
	       strspn(dash + 1, "0123456789abcdef") == ROUTED_DIGITS;
}

bool record_find_routed(const char *container, const char *ifname, char name[IFNAMSIZ])
{
	struct if_nameindex *links = if_nameindex();
	char whole[IFNAMSIZ];
	bool found = false;

	record_veth_name(container, ifname, 0, whole);
	for (const struct if_nameindex *l = links; l && l->if_name && !found; l++) {
		found = record_is_routed_name(l->if_name) &&
			str_eq(strchr(l->if_name, '-') + 1, whole + strlen(whole) - ROUTED_DIGITS);
		if (found)
			(void)snprintf(name, IFNAMSIZ, "%s", l->if_name);
	}
	if (links)
		if_freenameindex(links);
	return found;
}

void record_ifb_name(const char veth[IFNAMSIZ], char name[IFNAMSIZ])
{
	const int prefix = (int)strcspn(veth, "-");

	if (record_is_routed_name(veth))
		(void)snprintf(name, IFNAMSIZ, "%.*s~%s", prefix, veth, veth + prefix + 1);
	else
		(void)snprintf(name, IFNAMSIZ, "cb%s", veth + 2);
}

/* ---- decoding ---- */

static int decode_ifname(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);
	struct err why = ERR_INIT;

	(void)field;
	if (!text)
		return json_fail(path, err, "must be a string");
	if (link_check_name(text, "interface", &why) < 0)
		return json_fail(path, err, "%s", why.msg);
	(void)memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int decode_mac(const json_node *node, const struct json_field *field, void *out,
		      const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);
	struct err why = ERR_INIT;

	(void)field;
	if (!text)
		return json_fail(path, err, "must be a string");
	if (link_mac_parse(text, "mac", out, &why) < 0)
		return json_fail(path, err, "%s", why.msg);
	return 0;
}

static const struct json_field address_fields[] = {
	{ "address", ip_decode_prefix, offsetof(struct attachment_address, prefix), JSON_REQUIRED,
	  NULL, 0 },
	{ "gateway", ip_decode_addr, offsetof(struct attachment_address, gateway), 0, NULL, 0 },
};
static const struct json_table address_table = {
	.fields = address_fields,
	.n_fields = ARRAY_SIZE(address_fields),
	.item_size = sizeof(struct attachment_address),
	.count_offset = sizeof(struct attachment_address *),
};

static int decode_addresses(const json_node *node, const struct json_field *field, void *out,
			    const struct json_path *path, struct err *err)
{
	struct attachment *att = out;
	struct {
		struct attachment_address *items;
		size_t n;
	} list = { NULL, 0 };
	int rc = json_decode_array(node, field, &list, path, err);

	if (rc >= 0 && list.n > ATTACHMENT_MAX_ADDRESSES)
		rc = json_fail(path, err, "has more than %d addresses", ATTACHMENT_MAX_ADDRESSES);
	if (rc >= 0) {
		for (size_t i = 0; i < list.n; i++)
			att->addresses[i] = list.items[i];
		att->n_addresses = list.n;
	}
	free(list.items);
	return rc;
}

static const struct json_enum protocols[] = { { "tcp", IPPROTO_TCP },
					      { "udp", IPPROTO_UDP },
					      { "sctp", IPPROTO_SCTP },
					      { NULL, 0 } };

struct port_text {
	int proto;
	struct ip_addr host;
	int64_t host_port, container_port, count;
};

static const struct json_range range_port = { 1, 65535 };

static const struct json_field port_fields[] = {
	{ "protocol", json_decode_enum, offsetof(struct port_text, proto), JSON_REQUIRED, protocols,
	  0 },
	{ "hostIP", ip_decode_addr, offsetof(struct port_text, host), 0, NULL, 0 },
	{ "hostPort", json_decode_int, offsetof(struct port_text, host_port), JSON_REQUIRED,
	  &range_port, 0 },
	{ "containerPort", json_decode_int, offsetof(struct port_text, container_port),
	  JSON_REQUIRED, &range_port, 0 },
	{ "count", json_decode_int, offsetof(struct port_text, count), JSON_REQUIRED, &range_port,
	  0 },
};
static const struct json_table port_table = {
	.fields = port_fields,
	.n_fields = ARRAY_SIZE(port_fields),
	.item_size = sizeof(struct port_text),
	.count_offset = sizeof(struct port_text *),
};

static int decode_ports(const json_node *node, const struct json_field *field, void *out,
			const struct json_path *path, struct err *err)
{
	struct attachment *att = out;
	struct {
		struct port_text *items;
		size_t n;
	} list = { NULL, 0 };
	int rc = json_decode_array(node, field, &list, path, err);

	att->ports = xreallocarray(att->ports, list.n + 1, sizeof(*att->ports));
	for (size_t i = 0; rc >= 0 && i < list.n; i++) {
		const struct port_text *text = &list.items[i];

		if (text->host_port + text->count > 65536 ||
		    text->container_port + text->count > 65536)
			rc = json_fail(path, err, "reaches beyond port 65535");
		else
			att->ports[att->n_ports++] = (struct record_port){
				.proto = text->proto,
				.host = text->host,
				.host_port = (uint16_t)text->host_port,
				.container_port = (uint16_t)text->container_port,
				.count = (uint16_t)text->count,
			};
	}
	free(list.items);
	return rc;
}

static const struct json_enum firewalls[] = { { "iptables", FIREWALL_IPTABLES },
					      { "nftables", FIREWALL_NFTABLES },
					      { NULL, 0 } };

static const struct json_enum states[] = {
	{ "adding", RECORD_ADDING },
	{ "attached", RECORD_ATTACHED },
	{ NULL, 0 },
};

/* What the tables decode into; copied to struct attachment once all of it is there. */
struct record_text {
	struct attachment att;
	int state;
	int firewall;
	int64_t mtu, vlan;
	char *boot_id;
	struct record_owner_text {
		int64_t pid, start_ticks, dev, ino;
	} owner;
};

static const struct json_range range_u53 = { 0, (int64_t)1 << 53 };
static const struct json_range range_pid = { 0, 4194304 };
static const struct json_range range_vlan = { VLAN_ID_MIN, VLAN_ID_MAX };
static const struct json_range range_mtu = { LINK_MTU_MIN, LINK_MTU_MAX };

#define OWNER_INT(name, member, limits)                                                            \
	{                                                                                          \
		.key = (name), .decode = json_decode_int,                                          \
		.offset = offsetof(struct record_owner_text, member), .arg = (limits),             \
	}
static const struct json_field owner_fields[] = {
	OWNER_INT("pid", pid, &range_pid),
	OWNER_INT("startTicks", start_ticks, &range_u53),
	OWNER_INT("netnsDev", dev, &range_u53),
	OWNER_INT("netnsInode", ino, &range_u53),
};
static const struct json_table owner_table = {
	.fields = owner_fields,
	.n_fields = ARRAY_SIZE(owner_fields),
};

#define FIELD(name, decoder, member, how, with)                                                    \
	{                                                                                          \
		.key = (name), .decode = (decoder),                                                \
		.offset = offsetof(struct record_text, member), .flags = (how), .arg = (with),     \
	}
static const struct json_field record_fields[] = {
	FIELD("container", json_decode_string, att.container, JSON_REQUIRED, NULL),
	FIELD("ifname", decode_ifname, att.ifname, JSON_REQUIRED, NULL),
	FIELD("state", json_decode_enum, state, JSON_REQUIRED, states),
	FIELD("network", json_decode_string, att.network, JSON_REQUIRED, NULL),
	FIELD("routed", json_decode_bool, att.routed, 0, NULL),
	FIELD("bridge", decode_ifname, att.bridge, JSON_REQUIRED, NULL),
	FIELD("vlanInterface", decode_ifname, att.vlan_if, 0, NULL),
	FIELD("vlan", json_decode_int, vlan, 0, &range_vlan),
	FIELD("vlanTrunk", vlan_decode_trunk, att.vlan.trunk, 0, NULL),
	FIELD("dropDefaultVlan", json_decode_bool, att.vlan.drop_default, 0, NULL),
	FIELD("veth", decode_ifname, att.veth, JSON_REQUIRED, NULL),
	FIELD("ifb", decode_ifname, att.ifb, 0, NULL),
	FIELD("bandwidth", network_decode_bandwidth, att.bandwidth, 0, NULL),
	FIELD("addresses", decode_addresses, att, 0, &address_table),
	FIELD("firewall", json_decode_enum, firewall, 0, firewalls),
	FIELD("ports", decode_ports, att, 0, &port_table),
	FIELD("mac", decode_mac, att.mac, 0, NULL),
	FIELD("devices", record_decode_devices, att.devices, 0, NULL),
	FIELD("deadEnds", record_decode_dead_ends, att.dead_ends, 0, NULL),
	FIELD("tuned", json_decode_bool, att.tuned, 0, NULL),
	FIELD("macCheck", json_decode_bool, att.mac_check, 0, NULL),
	FIELD("mtu", json_decode_int, mtu, JSON_REQUIRED, &range_mtu),
	FIELD("defaultRoute", json_decode_bool, att.default_route, 0, NULL),
	FIELD("netns", json_decode_string, att.netns_path, 0, NULL),
	FIELD("cni", json_decode_bool, att.cni, 0, NULL),
	FIELD("ipfile", json_decode_string, att.ipfile, 0, NULL),
	FIELD("hostname", json_decode_string, att.hostname, 0, NULL),
	FIELD("aliases", json_decode_strings, att.aliases, 0, NULL),
	FIELD("bootId", json_decode_string, boot_id, JSON_REQUIRED, NULL),
	FIELD("owner", json_decode_object, owner, JSON_REQUIRED, &owner_table),
};
static const struct json_table record_table = {
	.fields = record_fields,
	.n_fields = ARRAY_SIZE(record_fields),
};

static int check_record(const struct record_text *rec, const char *container, const char *ifname,
			struct err *err)
{
	if (!str_eq(rec->att.container, container) || !str_eq(rec->att.ifname, ifname))
		return err_set(err, EBADMSG, "it speaks of another attachment");
	if (strlen(rec->boot_id) >= sizeof(rec->att.owner.boot_id))
		return err_set(err, EBADMSG, "bootId is too long");
	if (rec->att.ipfile && rec->att.ipfile[0] != '/')
		return err_set(err, EBADMSG, "ipfile is not absolute");
	return str_check_name(rec->att.network, "network", err);
}

static int decode_record(const char *text, size_t len, const char *container, const char *ifname,
			 struct attachment *att, struct err *err)
{
	autojson json_node *root = NULL;
	struct record_text rec = { 0 };
	autofree char *boot_id = NULL;
	int rc = json_parse(text, len, "record", &root, err);

	if (rc >= 0)
		rc = json_decode(root, "record", &record_table, &rec, err);
	if (rc >= 0)
		rc = check_record(&rec, container, ifname, err);
	boot_id = rec.boot_id;
	if (rc < 0) {
		attachment_free(&rec.att);
		return err_ctx(err, "record of container '%s', interface '%s', is damaged",
			       container, ifname);
	}
	*att = rec.att;
	att->state = (enum record_state)rec.state;
	att->mtu = (unsigned int)rec.mtu;
	att->vlan.access = (unsigned int)rec.vlan;
	att->firewall = (enum firewall_kind)rec.firewall;
	att->owner = (struct record_owner){
		.pid = (pid_t)rec.owner.pid,
		.start_ticks = (uint64_t)rec.owner.start_ticks,
		.netns = { .dev = (dev_t)rec.owner.dev, .ino = (ino_t)rec.owner.ino },
	};
	(void)memcpy(att->owner.boot_id, boot_id, strlen(boot_id) + 1);
	return 1;
}

/* ---- encoding ---- */

static void put_addresses(json_node *root, const struct attachment *att)
{
	json_node *list = json_put_array(root, "addresses");

	for (size_t i = 0; i < att->n_addresses; i++) {
		const struct attachment_address *address = &att->addresses[i];
		json_node *item = json_object();

		json_put_string(item, "address", ip_prefix_text(&address->prefix).text);
		if (ip_is_set(&address->gateway))
			json_put_string(item, "gateway", ip_addr_text(&address->gateway).text);
		json_append(list, item);
	}
}

const char *record_protocol_name(int proto)
{
	for (const struct json_enum *e = protocols; e->name; e++) {
		if (e->value == proto)
			return e->name;
	}
	return "?";
}

static void put_ports(json_node *root, const struct attachment *att)
{
	json_node *list = att->n_ports > 0 ? json_put_array(root, "ports") : NULL;

	for (size_t i = 0; i < att->n_ports; i++) {
		const struct record_port *port = &att->ports[i];
		json_node *item = json_object();

		json_put_string(item, "protocol", record_protocol_name(port->proto));
		if (ip_is_set(&port->host))
			json_put_string(item, "hostIP", ip_addr_text(&port->host).text);
		json_put_int(item, "hostPort", port->host_port);
		json_put_int(item, "containerPort", port->container_port);
		json_put_int(item, "count", port->count);
		json_append(list, item);
	}
}

static void put_aliases(json_node *root, const struct attachment *att)
{
	json_node *list = att->aliases.n > 0 ? json_put_array(root, "aliases") : NULL;

	for (size_t i = 0; i < att->aliases.n; i++)
		json_append_string(list, att->aliases.items[i]);
}

static void put_bandwidth(json_node *root, const struct network_bandwidth *bandwidth)
{
	const struct {
		const char *key;
		int64_t bits;
	} all[] = {
		{ "ingressRate", bandwidth->ingress.bits },
		{ "ingressBurst", bandwidth->ingress.burst_bits },
		{ "egressRate", bandwidth->egress.bits },
		{ "egressBurst", bandwidth->egress.burst_bits },
	};
	json_node *item = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (all[i].bits == 0)
			continue;
		item = item ? item : json_put_object(root, "bandwidth");
		json_put_int(item, all[i].key, all[i].bits);
	}
}

static void put_vlan(json_node *root, const struct attachment *att)
{
	json_put_string(root, "vlanInterface", att->vlan_if[0] ? att->vlan_if : NULL);
	if (att->vlan.access > 0)
		json_put_int(root, "vlan", att->vlan.access);
	vlan_put_trunk(root, "vlanTrunk", &att->vlan.trunk);
	if (att->vlan.drop_default)
		json_put_bool(root, "dropDefaultVlan", true);
}

json_node *record_json(const struct attachment *att)
{
	json_node *root = json_object();
	char mac[LINK_MAC_TEXT_SIZE];

	json_put_string(root, "container", att->container);
	json_put_string(root, "ifname", att->ifname);
	json_put_string(root, "state", record_state_name(att->state));
	json_put_string(root, "network", att->network);
	if (att->routed)
		json_put_bool(root, "routed", true);
	json_put_string(root, "bridge", att->bridge);
	put_vlan(root, att);
	json_put_string(root, "veth", att->veth);
	json_put_string(root, "ifb", att->ifb[0] ? att->ifb : NULL);
	put_bandwidth(root, &att->bandwidth);
	if (att->n_addresses > 0) {
		link_mac_text(&att->mac, mac);
		json_put_string(root, "mac", mac);
	}
	put_addresses(root, att);
	if (att->firewall != FIREWALL_AUTO)
		json_put_string(root, "firewall", firewalls[att->firewall - 1].name);
	put_ports(root, att);
	record_put_devices(root, &att->devices);
	record_put_dead_ends(root, &att->dead_ends);
	if (att->tuned)
		json_put_bool(root, "tuned", true);
	if (att->mac_check)
		json_put_bool(root, "macCheck", true);
	json_put_int(root, "mtu", att->mtu);
	json_put_bool(root, "defaultRoute", att->default_route);
	json_put_string(root, "netns", att->netns_path);
	if (att->cni)
		json_put_bool(root, "cni", true);
	json_put_string(root, "ipfile", att->ipfile);
	json_put_string(root, "hostname", att->hostname);
	put_aliases(root, att);
	json_put_string(root, "bootId", att->owner.boot_id);

	json_node *owner = json_put_object(root, "owner");

	json_put_int(owner, "pid", att->owner.pid);
	json_put_int(owner, "startTicks", (int64_t)att->owner.start_ticks);
	json_put_int(owner, "netnsDev", (int64_t)att->owner.netns.dev);
	json_put_int(owner, "netnsInode", (int64_t)att->owner.netns.ino);
	return root;
}

int record_write(const struct record_folder *folder, const struct attachment *att, struct err *err)
{
	autojson json_node *root = record_json(att);
	autofree char *text = json_print(root, false);
	autofree char *name = xasprintf("%s" RECORD_SUFFIX, att->ifname);

	/* It could not be read again, and a detach would know nothing. */
	if (strlen(text) > RECORD_MAX_BYTES)
		return err_set(err, E2BIG,
			       "the record of container '%s' would be larger than %u bytes: too "
			       "many routes or ports are asked for",
			       att->container, RECORD_MAX_BYTES);
	return file_write_atomic_at(folder->fd, name, text, strlen(text), 0600, err);
}

static int read_at(int dir_fd, const char *path, const char *container, const char *ifname,
		   struct attachment *att, struct err *err)
{
	autofree char *text = NULL;
	size_t len = 0;
	int rc = file_read_at(dir_fd, path, RECORD_MAX_BYTES, &text, &len, err);

	*att = (struct attachment){ 0 };
	if (rc == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (rc >= 0)
		rc = decode_record(text, len, container, ifname, att, err);
	if (rc < 0)
		err->code = EBADMSG;
	return rc < 0 ? -EBADMSG : rc;
}

int record_read(const struct record_folder *folder, const char *ifname, struct attachment *att,
		struct err *err)
{
	autofree char *name = xasprintf("%s" RECORD_SUFFIX, ifname);

	return read_at(folder->fd, name, folder->container, ifname, att, err);
}

int record_load(int state_fd, const char *container, const char *ifname, struct attachment *att,
		struct err *err)
{
	autofree char *path = xasprintf("containers/%s/%s" RECORD_SUFFIX, container, ifname);

	return read_at(state_fd, path, container, ifname, att, err);
}

int record_remove(const struct record_folder *folder, const char *ifname, struct err *err)
{
	autofree char *name = xasprintf("%s" RECORD_SUFFIX, ifname);

	return file_remove_tree_at(folder->fd, name, err);
}
