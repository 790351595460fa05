/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/cni_conf.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/ip_decode.h"
#include "common/str.h"
#include "netns-hook/cni_result.h"

#define WHAT      "network configuration"
#define VALID_KEY "cni.dev/valid-attachments"

static const char *const versions[CNI_N_VERSIONS] = {
	"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0",
};

const char *cni_version_text(enum cni_version version)
{
	return versions[version];
}

void cni_conf_free(struct cni_conf *conf)
{
	json_free(&conf->root);
	json_free(&conf->prev);
	free(conf->name);
	free(conf->mac);
	free(conf->own_mac);
	network_free(&conf->net);
	publish_free(&conf->ports);
	strlist_free(&conf->ips);
	strlist_free(&conf->aliases);
}

/* ---- version and name ---- */

static int read_version(struct cni_conf *conf, struct err *err)
{
	const json_node *node = json_get(conf->root, "cniVersion");
	const char *text = json_string(node);

	/* Before 0.2.0 there was no such key. */
	if (!node || json_is_null(node) || str_eq(text, "")) {
		conf->version = CNI_0_1_0;
		return 0;
	}
	if (!text)
		return err_set(err, EINVAL, WHAT ": cniVersion: must be a string");
	for (size_t i = 0; i < CNI_N_VERSIONS; i++) {
		if (!str_eq(versions[i], text))
			continue;
		conf->version = (enum cni_version)i;
		return 0;
	}
	return err_set(err, EPROTONOSUPPORT,
		       WHAT ": cniVersion: '%.32s' is none of ours: they go from %s to %s", text,
		       versions[0], versions[CNI_N_VERSIONS - 1]);
}

static int check_verb(const struct cni_conf *conf, enum cni_verb verb, struct err *err)
{
	enum cni_version least = CNI_0_1_0;

	switch (verb) {
	case CNI_CHECK:
		least = CNI_0_4_0;
		break;
	case CNI_GC:
	case CNI_STATUS:
		least = CNI_1_1_0;
		break;
	case CNI_ADD:
	case CNI_DEL:
	case CNI_VERSION:
		break;
	}
	return conf->version >= least
		       ? 0
		       : err_set(err, EPROTONOSUPPORT,
				 WHAT ": cniVersion: '%s' has no such command, it came with %s",
				 versions[conf->version], versions[least]);
}

int cni_conf_read(struct cni_conf *conf, enum cni_verb verb, int *code, struct err *err)
{
	autofree char *text = NULL;
	size_t len = 0;
	const char *name = NULL;

	*code = CNI_CODE_IO;
	if (file_read_fd(STDIN_FILENO, "standard input", NETWORK_CONFIG_BYTES, &text, &len, err) <
	    0)
		return -err->code;
	*code = CNI_CODE_DECODE;
	if (json_parse(text, len, WHAT, &conf->root, err) < 0)
		return -err->code;
	if (!json_is_object(conf->root))
		return err_set(err, EINVAL, WHAT ": must be an object");
	*code = CNI_CODE_VERSION;
	if (read_version(conf, err) < 0 || check_verb(conf, verb, err) < 0) {
		if (err->code == EINVAL)
			*code = CNI_CODE_DECODE;
		return -err->code;
	}
	*code = CNI_CODE_CONFIG;
	name = json_string(json_get(conf->root, "name"));
	if (!name)
		return err_set(err, EINVAL, WHAT ": name: is missing, or no string");
	if (cni_check_name(name, "name", err) < 0)
		return err_ctx(err, WHAT);
	conf->name = xstrdup(name);
	*code = 0;
	return 0;
}

/* ---- runtimeConfig and args ---- */

/* "" is any address of the host. */
static int decode_host(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);

	return str_eq(text, "") ? 0 : ip_decode_addr(node, field, out, path, err);
}

struct mapping_doc {
	int64_t host_port, container_port;
	int proto;
	struct ip_addr host;
};

static const struct json_range port_range = { 1, 65535 };
static const struct json_enum protocols[] = {
	{ "tcp", IPPROTO_TCP },   { "udp", IPPROTO_UDP },
	{ "sctp", IPPROTO_SCTP }, { "TCP", IPPROTO_TCP },
	{ "UDP", IPPROTO_UDP },   { "SCTP", IPPROTO_SCTP },
	{ "", IPPROTO_TCP },      { NULL, 0 },
};
static const struct json_field mapping_fields[] = {
	{ "hostPort", json_decode_int, offsetof(struct mapping_doc, host_port), JSON_REQUIRED,
	  &port_range, 0 },
	{ "containerPort", json_decode_int, offsetof(struct mapping_doc, container_port),
	  JSON_REQUIRED, &port_range, 0 },
	{ "protocol", json_decode_enum, offsetof(struct mapping_doc, proto), 0, protocols, 0 },
	{ "hostIP", decode_host, offsetof(struct mapping_doc, host), 0, NULL, 0 },
};

struct runtime_doc {
	struct mapping_doc *mappings;
	size_t n_mappings;
	struct strlist ips;
	char *mac;
	struct network_dns dns;
	struct network_bandwidth bandwidth;
	const json_node *aliases, *ranges;
};

static const struct json_table mapping_table = {
	.fields = mapping_fields,
	.n_fields = ARRAY_SIZE(mapping_fields),
	.item_size = sizeof(struct mapping_doc),
	.count_offset =
		offsetof(struct runtime_doc, n_mappings) - offsetof(struct runtime_doc, mappings),
};

static const struct json_field runtime_fields[] = {
	{ "portMappings", json_decode_array, offsetof(struct runtime_doc, mappings), 0,
	  &mapping_table, 0 },
	{ "ips", json_decode_strings, offsetof(struct runtime_doc, ips), 0, NULL, 0 },
	{ "mac", json_decode_string, offsetof(struct runtime_doc, mac), 0, NULL, 0 },
	{ "dns", network_dns_decode_runtime, offsetof(struct runtime_doc, dns), 0, NULL, 0 },
	{ "bandwidth", network_decode_bandwidth, offsetof(struct runtime_doc, bandwidth), 0, NULL,
	  0 },
	{ "aliases", json_decode_raw, offsetof(struct runtime_doc, aliases), 0, NULL, 0 },
	{ "ipRanges", json_decode_raw, offsetof(struct runtime_doc, ranges), 0, NULL, 0 },
	{ "infinibandGUID", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "deviceID", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	/* What others may have a use for; there is nothing in it to be done. */
	{ "cgroupPath", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "io.kubernetes.cri.pod-annotations", NULL, 0, JSON_IGNORED, NULL, 0 },
};
static const struct json_table runtime_table = {
	.fields = runtime_fields,
	.n_fields = ARRAY_SIZE(runtime_fields),
};

/* args: what a plugin does not know it ignores (CNI's conventions). */
struct args_doc {
	struct args_cni_doc {
		struct strlist ips;
		char *mac;
	} cni;
};
static const struct json_field args_cni_fields[] = {
	{ "ips", json_decode_strings, offsetof(struct args_cni_doc, ips), 0, NULL, 0 },
	{ "mac", json_decode_string, offsetof(struct args_cni_doc, mac), 0, NULL, 0 },
};
static const struct json_table args_cni_table = {
	.fields = args_cni_fields,
	.n_fields = ARRAY_SIZE(args_cni_fields),
};
static const struct json_field args_fields[] = {
	{ "cni", json_decode_object, offsetof(struct args_doc, cni), 0, &args_cni_table, 0 },
};
static const struct json_table args_table = {
	.fields = args_fields,
	.n_fields = ARRAY_SIZE(args_fields),
};

static void runtime_free(struct runtime_doc *doc)
{
	free(doc->mappings);
	strlist_free(&doc->ips);
	free(doc->mac);
	network_dns_free(&doc->dns);
}

static void args_free(struct args_doc *doc)
{
	strlist_free(&doc->cni.ips);
	free(doc->cni.mac);
}

static void add_strings(struct strlist *to, const struct strlist *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (!strlist_has(to, from->items[i]))
			strlist_add(to, from->items[i]);
}

static int add_mappings(struct cni_conf *conf, const struct runtime_doc *doc, struct err *err)
{
	for (size_t i = 0; i < doc->n_mappings; i++) {
		const struct mapping_doc *mapping = &doc->mappings[i];
		const struct record_port port = {
			.proto = mapping->proto ? mapping->proto : IPPROTO_TCP,
			.host = mapping->host,
			.host_port = (uint16_t)mapping->host_port,
			.container_port = (uint16_t)mapping->container_port,
			.count = 1,
		};
		autofree char *what = xasprintf(WHAT ": runtimeConfig.portMappings[%zu]", i);

		if (publish_add(&port, what, &conf->ports, err) < 0)
			return -err->code;
	}
	return 0;
}

/*
 * The conventions have a list. CNI in podman has an object with such a list for each of the
 * container's networks.
 */
static int add_aliases(struct cni_conf *conf, const json_node *aliases, struct err *err)
{
	static const char what[] = WHAT ": runtimeConfig.aliases";
	const json_node *list = json_is_object(aliases) ? json_get(aliases, conf->name) : aliases;

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return err_set(err, EINVAL,
			       "%s: must be an array of names, or an object with one for '%s'",
			       what, conf->name);
	for (const json_node *n = json_first(list); n; n = json_next(n)) {
		if (!json_string(n))
			return err_set(err, EINVAL, "%s: must have strings alone", what);
		strlist_add(&conf->aliases, json_string(n));
	}
	return 0;
}

/* Capability ipRanges: as if they stood at the end of ipam.ranges. */
static int add_ranges(struct cni_conf *conf, const json_node *ranges, struct err *err)
{
	const json_node *ipam = json_get(conf->root, "ipam");

	if (!ranges || json_is_empty(ranges))
		return 0;
	if (!json_is_array(ranges))
		return err_set(err, EINVAL, WHAT ": runtimeConfig.ipRanges: must be an array");
	if (!json_is_object(ipam))
		return err_set(err, EINVAL, WHAT ": ipam: is missing, or no object");
	json_node *whole = json_object();
	json_node *sets = NULL;

	for (const json_node *n = json_first(ipam); n; n = json_next(n)) {
		if (!str_eq(json_key(n), "ranges"))
			json_put_copy(whole, json_key(n), n);
	}
	sets = json_put_array(whole, "ranges");
	for (const json_node *n = json_first(json_get(ipam, "ranges")); n; n = json_next(n))
		json_append(sets, json_copy(n));
	for (const json_node *n = json_first(ranges); n; n = json_next(n))
		json_append(sets, json_copy(n));
	json_remove(conf->root, "ipam");
	json_put(conf->root, "ipam", whole);
	return 0;
}

/* A part of the document with a table of its own; a missing one leaves doc as it is. */
static int decode_part(const struct cni_conf *conf, const char *key, const struct json_table *table,
		       void *doc, struct err *err)
{
	const json_node *node = json_get(conf->root, key);
	autofree char *what = xasprintf(WHAT ": %s", key);

	return !node || json_is_null(node) ? 0 : json_decode(node, what, table, doc, err);
}

static int take_mac(struct cni_conf *conf, const struct runtime_doc *runtime,
		    const struct args_doc *args, struct err *err)
{
	const json_node *own = json_get(conf->root, "mac");
	const char *wanted = runtime->mac && runtime->mac[0] ? runtime->mac : args->cni.mac;

	if (own && !json_is_null(own) && !json_string(own))
		return err_set(err, EINVAL, WHAT ": mac: must be a string");
	conf->own_mac = own && json_string(own) ? xstrdup(json_string(own)) : NULL;
	conf->mac = wanted && wanted[0] ? xstrdup(wanted) : NULL;
	return 0;
}

static int take_parts(struct cni_conf *conf, struct runtime_doc *runtime, struct args_doc *args,
		      struct err *err)
{
	if (decode_part(conf, "runtimeConfig", &runtime_table, runtime, err) < 0 ||
	    decode_part(conf, "args", &args_table, args, err) < 0 ||
	    add_mappings(conf, runtime, err) < 0 || add_aliases(conf, runtime->aliases, err) < 0 ||
	    add_ranges(conf, runtime->ranges, err) < 0 || take_mac(conf, runtime, args, err) < 0)
		return -err->code;
	add_strings(&conf->ips, &args->cni.ips);
	add_strings(&conf->ips, &runtime->ips);
	return 0;
}

static int take_prev(struct cni_conf *conf, struct err *err)
{
	const json_node *prev = json_get(conf->root, "prevResult");

	if (!prev || json_is_null(prev))
		return 0;
	if (!json_is_object(prev))
		return err_set(err, EINVAL, WHAT ": prevResult: must be an object");
	conf->prev = json_copy(prev);
	return 0;
}

/*
 * As CNI's bandwidth plugin has it, but for each direction: a limit in the definition is the
 * administrator's, and the runtime's, which a pod's owner may choose, counts where there is none.
 */
static void lay_rate(struct network_rate *rate, const struct network_rate *wanted, const char *key)
{
	if (rate->bits == 0)
		*rate = *wanted;
	else if (wanted->bits > 0)
		log_warning(
			"runtimeConfig.bandwidth.%sRate: ignoring %lld, the definition has %lld",
			key, (long long)wanted->bits, (long long)rate->bits);
}

int cni_conf_decode(struct cni_conf *conf, struct err *err)
{
	static const char *const taken[] = { "runtimeConfig", "args", "mac", "prevResult" };
	__attribute__((cleanup(runtime_free))) struct runtime_doc runtime = { .mappings = NULL };
	__attribute__((cleanup(args_free))) struct args_doc args = { .cni = { .mac = NULL } };
	struct network_bandwidth *bandwidth = &conf->net.shape.bandwidth;

	if (take_prev(conf, err) < 0 || take_parts(conf, &runtime, &args, err) < 0)
		return -err->code;
	/* The rest is the network's; there these keys would be refused. */
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		json_remove(conf->root, taken[i]);
	if (network_decode(conf->root, WHAT, &conf->net, err) < 0)
		return -err->code;
	network_dns_lay_over(&conf->net.dns, &runtime.dns);
	lay_rate(&bandwidth->ingress, &runtime.bandwidth.ingress, "ingress");
	lay_rate(&bandwidth->egress, &runtime.bandwidth.egress, "egress");
	return 0;
}

/* ---- GC's list ---- */

int cni_conf_check_valid(const struct cni_conf *conf, struct err *err)
{
	const json_node *list = json_get(conf->root, VALID_KEY);

	if (!list)
		return err_set(err, EINVAL,
			       WHAT ": " VALID_KEY ": is missing, and nothing is removed without");
	if (json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return err_set(err, EINVAL, WHAT ": " VALID_KEY ": must be an array");
	for (const json_node *n = json_first(list); n; n = json_next(n)) {
		if (!json_string(json_get(n, "containerID")) || !json_string(json_get(n, "ifname")))
			return err_set(err, EINVAL,
				       WHAT ": " VALID_KEY
					    ": each must have a containerID and an ifname");
	}
	return 0;
}

bool cni_conf_is_valid(const struct cni_conf *conf, const char *container, const char *ifname)
{
	for (const json_node *n = json_first(json_get(conf->root, VALID_KEY)); n;
	     n = json_next(n)) {
		if (str_eq(json_string(json_get(n, "containerID")), container) &&
		    str_eq(json_string(json_get(n, "ifname")), ifname))
			return true;
	}
	return false;
}
