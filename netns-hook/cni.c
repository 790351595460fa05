/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/cni.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/bridge.h"
#include "common/net/netns.h"
#include "common/process.h"
#include "common/signals.h"
#include "common/str.h"
#include "netns-hook/attach.h"
#include "netns-hook/check.h"
#include "netns-hook/cni_conf.h"
#include "netns-hook/cni_env.h"
#include "netns-hook/cni_result.h"
#include "netns-hook/definition.h"
#include "netns-hook/detach.h"
#include "netns-hook/gc.h"
#include "netns-hook/hosts.h"
#include "netns-hook/ipam.h"
#include "netns-hook/state.h"

struct cni {
	struct cni_env env;
	struct cni_conf conf;
	int code; /* CNI's code of a failure; 0: that of the errno value */
	struct strlist aliases;
	struct strbuf details; /* of a failure */
	json_node *result;     /* NULL: nothing is printed */
};

/* A failure of this very kind. */
static int fail_as(struct cni *cni, enum cni_code code, int rc)
{
	cni->code = code;
	return rc;
}

/* ---- DEL ---- */

static int run_del(struct cni *cni, struct err *err)
{
	const struct detach_choice choice = { cni->env.ifname, cni->conf.name };
	int rc = detach_from(NETWORK_STATE_DIR, cni->env.container, &choice, err);

	return rc < 0 ? rc : 0;
}

/* ---- ADD ---- */

/* With a length or without: both are in use. Runtimes say the same one in several places. */
static int add_ip(struct attach_request *request, const char *text, const char *what,
		  struct err *err)
{
	struct ip_prefix prefix = { .len = 0 };
	int rc = strchr(text, '/') ? ip_parse_prefix(text, what, &prefix, err)
				   : ip_parse_addr(text, what, &prefix.addr, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < request->n_static_ips; i++)
		if (ip_equal(&request->static_ips[i], &prefix.addr))
			return 0;
	if (request->n_static_ips == ATTACHMENT_MAX_ADDRESSES)
		return err_set(err, E2BIG, "%s: more than %d addresses for an interface", what,
			       ATTACHMENT_MAX_ADDRESSES);
	request->static_ips[request->n_static_ips++] = prefix.addr;
	return 0;
}

/* podman asks for the short id too, which the engine knows, and leaves out if it is no name. */
static int add_alias(struct cni *cni, const char *text, struct err *err)
{
	if (hosts_is_short_id(cni->env.container, text))
		return 0;
	return hosts_add_alias(&cni->aliases, text, "runtimeConfig.aliases", err);
}

/*
 * What the runtime asks for by CNI_ARGS, args and runtimeConfig; the last MAC of these counts, and
 * that of the definition without any.
 */
static int read_wishes(struct cni *cni, struct attach_request *request, struct err *err)
{
	const char *mac = cni->conf.mac ? cni->conf.mac : cni->env.mac;
	int rc = 0;

	mac = mac ? mac : cni->conf.own_mac;
	for (size_t i = 0; rc >= 0 && i < cni->env.ips.n; i++)
		rc = add_ip(request, cni->env.ips.items[i], "CNI_ARGS: IP", err);
	for (size_t i = 0; rc >= 0 && i < cni->conf.ips.n; i++)
		rc = add_ip(request, cni->conf.ips.items[i], "ips", err);
	if (rc >= 0 && mac && mac[0])
		rc = attach_parse_mac(mac, "mac", &request->mac, err);
	request->ports = cni->conf.ports.items;
	request->n_ports = cni->conf.ports.n;
	for (size_t i = 0; rc >= 0 && i < cni->conf.aliases.n; i++)
		rc = add_alias(cni, cni->conf.aliases.items[i], err);
	request->aliases = &cni->aliases;
	return rc;
}

static int set_ifname(struct cni *cni, struct err *err)
{
	const struct network_overrides flags = { .ifname = cni->env.ifname };

	return network_override(&cni->conf.net, &flags, err);
}

static int open_netns(struct cni *cni, int *fd, struct err *err)
{
	int rc = 0;

	*fd = netns_open_path(cni->env.netns, err);
	if (*fd < 0)
		return fail_as(cni, CNI_CODE_NETNS, err_ctx(err, "CNI_NETNS"));
	rc = netns_is_own(*fd, err);
	if (rc > 0)
		rc = err_set(err, EINVAL,
			     "CNI_NETNS: '%s' is the network namespace of the host, which is not "
			     "touched",
			     cni->env.netns);
	return rc < 0 ? fail_as(cni, CNI_CODE_NETNS, rc) : 0;
}

static int make_result(struct cni *cni, const struct attachment *att, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	struct cni_links links = { .gateway = { .index = 0 } };
	int rc = netlink_open(&nl, err);

	if (rc >= 0 && !att->routed)
		rc = link_get(&nl, att->bridge, &links.bridge, err);
	if (rc >= 0)
		rc = link_get(&nl, att->veth, &links.veth, err);
	if (rc >= 0 && att->vlan_if[0])
		rc = link_get(&nl, att->vlan_if, &links.gateway, err);
	if (rc >= 0)
		cni->result = cni_result(&cni->conf, att, cni->env.netns, &links);
	return rc;
}

/* For `check` and `repair`, who have no standard input to read it from. */
static int keep_definition(const struct cni *cni, struct err *err)
{
	autoclose int state_fd = -1;
	int rc = state_open(NETWORK_STATE_DIR, true, &state_fd, err);

	return rc < 0 ? rc : definition_keep(state_fd, &cni->conf.net, cni->conf.root, err);
}

/* An ADD that fails leaves all as it was. */
static int finish_add(struct cni *cni, const struct attachment *att, bool is_new, struct err *err)
{
	struct err ignored = ERR_INIT;
	int rc = keep_definition(cni, err);

	if (rc >= 0)
		rc = make_result(cni, att, err);
	if (rc < 0 && is_new)
		(void)run_del(cni, &ignored);
	return rc;
}

static int run_add(struct cni *cni, struct err *err)
{
	autoattachment struct attachment att = { 0 };
	autoclose int netns_fd = -1;
	struct attach_request request = {
		.state_dir = NETWORK_STATE_DIR,
		.net = &cni->conf.net,
		.container = cni->env.container,
		.netns_path = cni->env.netns,
		.cni = true,
	};
	int rc = cni_conf_decode(&cni->conf, err);

	if (rc >= 0 && cni->conf.prev)
		return err_set(err, EINVAL,
			       "prevResult: ct-netns makes the interface itself, so it must stand "
			       "first in the list of plugins; it needs no portmap, firewall or "
			       "host-local beside it");
	if (rc >= 0)
		rc = set_ifname(cni, err);
	if (rc >= 0)
		rc = read_wishes(cni, &request, err);
	if (rc >= 0)
		rc = open_netns(cni, &netns_fd, err);
	if (rc < 0)
		return rc;
	request.netns_fd = netns_fd;
	rc = attach(&request, &att, err);
	return rc < 0 ? rc : finish_add(cni, &att, rc == 0, err);
}

/* ---- CHECK ---- */

static void add_difference(void *ctx, const char *text)
{
	struct cni *cni = ctx;

	strbuf_printf(&cni->details, "%s%s", cni->details.len > 0 ? "; " : "", text);
}

/* Does interfaces[index] of the result name the container's interface? */
static bool is_ours(const struct cni *cni, const json_node *ip)
{
	int64_t index = 0;
	const json_node *node = json_get(ip, "interface");
	const json_node *item = json_first(json_get(cni->conf.prev, "interfaces"));

	if (!node || !json_int(node, &index))
		return true;
	for (; item && index > 0; index--)
		item = json_next(item);
	return str_eq(json_string(json_get(item, "name")), cni->env.ifname) &&
	       str_eq(json_string(json_get(item, "sandbox")), cni->env.netns);
}

static void check_prev_mac(struct cni *cni, struct check *check, const struct attachment *att)
{
	const json_node *item = json_first(json_get(cni->conf.prev, "interfaces"));
	char mac[LINK_MAC_TEXT_SIZE];

	link_mac_text(&att->mac, mac);
	for (; item; item = json_next(item)) {
		const char *said = json_string(json_get(item, "mac"));

		if (str_eq(json_string(json_get(item, "name")), att->ifname) &&
		    str_eq(json_string(json_get(item, "sandbox")), cni->env.netns) && said &&
		    said[0] && !str_eq(said, mac))
			check_differs(check, "prevResult: says MAC %s, the record %s", said, mac);
	}
}

/* What the runtime was told then, and what is recorded, are the same addresses. */
static void check_prev(struct cni *cni, struct check *check, const struct attachment *att)
{
	bool told[ATTACHMENT_MAX_ADDRESSES] = { false };
	const json_node *ip = json_first(json_get(cni->conf.prev, "ips"));

	for (; ip; ip = json_next(ip)) {
		const char *text = json_string(json_get(ip, "address"));
		struct err ignored = ERR_INIT;
		struct ip_prefix prefix;
		bool found = false;

		if (!is_ours(cni, ip))
			continue;
		if (text && ip_parse_prefix(text, "address", &prefix, &ignored) >= 0) {
			for (size_t i = 0; i < att->n_addresses; i++) {
				if (!ip_equal(&prefix.addr, &att->addresses[i].prefix.addr))
					continue;
				told[i] = true;
				found = true;
			}
		}
		if (!found)
			check_differs(check, "prevResult: says address %s, the record does not",
				      text ? text : "(none)");
	}
	for (size_t i = 0; i < att->n_addresses; i++) {
		if (!told[i])
			check_differs(check, "prevResult: does not say address %s",
				      ip_prefix_text(&att->addresses[i].prefix).text);
	}
	check_prev_mac(cni, check, att);
}

static int load_record(struct cni *cni, int state_fd, struct attachment *att, struct err *err)
{
	int rc = state_fd >= 0
			 ? record_load(state_fd, cni->env.container, cni->env.ifname, att, err)
			 : 0;

	if (rc < 0)
		return rc;
	if (rc == 0 || !str_eq(att->network, cni->conf.name))
		return fail_as(cni, CNI_CODE_UNKNOWN,
			       err_set(err, ENOENT,
				       "container '%s' has no interface '%s' in network '%s'",
				       cni->env.container, cni->env.ifname, cni->conf.name));
	return 0;
}

static int compare(struct cni *cni, struct check *check, const struct attachment *att,
		   struct err *err)
{
	struct netns_id netns;
	int rc = netns_identify(check->netns_fd, &netns, err);

	if (rc < 0)
		return rc;
	if (!netns_id_equal(&netns, &att->owner.netns))
		check_differs(check, "CNI_NETNS: is another namespace than that of the ADD");
	check_prev(cni, check, att);
	rc = check_attachment(check, att, err);
	if (rc >= 0)
		rc = bridge_preview(check->nl, check->state_fd, &cni->conf.net, err);
	return rc < 0 ? rc : check_network(check, err);
}

static int run_check(struct cni *cni, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoattachment struct attachment att = { 0 };
	autoclose int state_fd = -1;
	autoclose int netns_fd = -1;
	int rc = cni_conf_decode(&cni->conf, err);

	if (rc >= 0 && !cni->conf.prev)
		rc = err_set(err, EINVAL, "prevResult: is missing, and CHECK needs it");
	if (rc >= 0)
		rc = state_open(NETWORK_STATE_DIR, false, &state_fd, err);
	if (rc >= 0)
		rc = load_record(cni, state_fd, &att, err);
	if (rc >= 0)
		rc = open_netns(cni, &netns_fd, err);
	if (rc >= 0)
		rc = netlink_open(&nl, err);
	if (rc < 0)
		return rc;
	struct check check = { state_fd, &nl, netns_fd, &cni->conf.net, add_difference, cni, 0 };

	rc = compare(cni, &check, &att, err);
	if (rc >= 0 && check.n > 0)
		rc = fail_as(cni, CNI_CODE_DIFFERS,
			     err_set(err, EBADE,
				     "container '%s', interface '%s': %d difference(s) from what "
				     "was set up: %.200s",
				     att.container, att.ifname, check.n, cni->details.text));
	return rc;
}

/* ---- GC ---- */

static bool keep_valid(void *ctx, const struct attachment *att)
{
	const struct cni *cni = ctx;

	return !att->cni || !str_eq(att->network, cni->conf.name) ||
	       cni_conf_is_valid(&cni->conf, att->container, att->ifname);
}

static int run_collect(struct cni *cni, struct err *err)
{
	autoclose int state_fd = -1;
	int rc = cni_conf_check_valid(&cni->conf, err);

	if (rc >= 0)
		rc = state_open(NETWORK_STATE_DIR, false, &state_fd, err);
	return rc <= 0 ? rc : gc_collect_unwanted(state_fd, keep_valid, cni, err);
}

/* ---- STATUS ---- */

static int check_pools(struct cni *cni, struct netlink *nl, int state_fd, struct err *err)
{
	const struct network *net = &cni->conf.net;
	char boot_id[37] = "";
	struct state_alive alive = { state_fd, nl, boot_id };
	const struct ipam_alive others = state_alive_of(&alive);
	int rc = process_boot_id(boot_id, err);

	for (size_t pool = 0; rc >= 0 && pool < net->n_pools; pool++) {
		rc = ipam_has_free(state_fd, net, pool, boot_id, &others, err);
		if (rc == 0)
			rc = err_set(err, ENOSPC,
				     "network '%s': no address of pool %zu is free; delete "
				     "containers, or widen the subnet",
				     net->name, pool);
	}
	return rc;
}

/* What an ADD would be refused for: the bridge, its subnet, the firewall, the addresses. */
static int run_status(struct cni *cni, struct err *err)
{
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	int rc = cni_conf_decode(&cni->conf, err);

	if (rc < 0)
		return rc;
	rc = state_open(NETWORK_STATE_DIR, false, &state_fd, err);
	if (rc >= 0)
		rc = netlink_open(&nl, err);
	if (rc >= 0)
		rc = bridge_preview(&nl, state_fd, &cni->conf.net, err);
	if (rc >= 0)
		rc = bridge_check(&nl, state_fd, &cni->conf.net, NULL, err);
	if (rc >= 0 && state_fd >= 0)
		rc = check_pools(cni, &nl, state_fd, err);
	return rc < 0 ? fail_as(cni, CNI_CODE_NOT_AVAILABLE, rc) : 0;
}

/* ---- all of them ---- */

static int run_verb(struct cni *cni, struct err *err)
{
	switch (cni->env.verb) {
	case CNI_ADD:
		return run_add(cni, err);
	case CNI_DEL:
		return run_del(cni, err);
	case CNI_CHECK:
		return run_check(cni, err);
	case CNI_GC:
		return run_collect(cni, err);
	case CNI_STATUS:
		return run_status(cni, err);
	case CNI_VERSION:
		break;
	}
	cni->result = cni_result_versions();
	return 0;
}

static int run(struct cni *cni, struct err *err)
{
	int rc = cni_env_read(&cni->env, err);

	if (rc < 0)
		return fail_as(cni, CNI_CODE_ENVIRONMENT, rc);
	if (cni->env.verb != CNI_VERSION)
		rc = cni_conf_read(&cni->conf, cni->env.verb, &cni->code, err);
	return rc < 0 ? rc : run_verb(cni, err);
}

static int print(const json_node *node)
{
	autofree char *text = json_print(node, false);

	return printf("%s\n", text) < 0 || fflush(stdout) != 0 ? -1 : 0;
}

int cni_main(void)
{
	const struct log_options log = {
		.program = "ct-netns",
		.level = LOG_LEVEL_WARNING,
	};
	/* Until its version is known an error has the newest shape. */
	struct cni cni = { .conf = { .version = CNI_N_VERSIONS - 1 } };
	struct err err = ERR_INIT;
	int rc = log_open(&log, &err);

	signals_ignore();
	if (rc >= 0)
		rc = run(&cni, &err);
	if (rc >= 0 && cni.result && print(cni.result) < 0)
		rc = err_errno(&err, "standard output");
	if (rc < 0) {
		autojson json_node *error = cni_result_error(
			cni.conf.version, cni.code ? cni.code : (int)cni_code_of(err.code), err.msg,
			cni.details.text);

		(void)print(error);
	}
	json_free(&cni.result);
	strlist_free(&cni.aliases);
	strbuf_free(&cni.details);
	cni_conf_free(&cni.conf);
	cni_env_free(&cni.env);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
