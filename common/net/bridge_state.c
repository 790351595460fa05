/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/bridge_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/json.h"
#include "common/log.h"
#include "common/net/firewall/firewall.h"
#include "common/net/link.h"
#include "common/str.h"

#define FILE_NAME BRIDGE_STATE_NAME
#define MAX_BYTES 4096

struct bridge_state bridge_state_of(const struct network *net)
{
	struct bridge_state state = {
		.routed = net->routed,
		.n_gateways = net->n_ranges,
		.mtu = net->mtu,
		.filters_vlans = vlan_port_is_used(&net->vlan),
		.vlan = net->vlan.access,
	};

	memcpy(state.bridge, net->bridge, sizeof(state.bridge));
	for (size_t i = 0; i < net->n_ranges; i++)
		state.gateways[i] = net->ranges[i].gateway;
	return state;
}

bool bridge_state_matches(const struct bridge_state *state, const struct network *net)
{
	if (!str_eq(state->bridge, net->bridge) || state->routed != net->routed ||
	    state->n_gateways != net->n_ranges || state->vlan != net->vlan.access ||
	    state->filters_vlans != vlan_port_is_used(&net->vlan))
		return false;
	if (net->firewall != FIREWALL_AUTO && state->firewall != FIREWALL_AUTO &&
	    net->firewall != state->firewall)
		return false;
	for (size_t i = 0; i < net->n_ranges; i++) {
		const struct ip_prefix *a = &state->gateways[i], *b = &net->ranges[i].gateway;

		if (!ip_equal(&a->addr, &b->addr) || a->len != b->len)
			return false;
	}
	return true;
}

void bridge_state_text(const struct bridge_state *state, struct strbuf *text)
{
	strbuf_printf(text, "%s '%s' with", state->routed ? "routed as" : "on bridge",
		      state->bridge);
	for (size_t i = 0; i < state->n_gateways; i++)
		strbuf_printf(text, "%s %s", i > 0 ? "," : "",
			      ip_prefix_text(&state->gateways[i]).text);
	if (state->vlan > 0)
		strbuf_printf(text, ", VLAN %u", state->vlan);
	else if (state->filters_vlans)
		strbuf_puts(text, ", trunks of VLANs");
	if (state->firewall != FIREWALL_AUTO)
		strbuf_printf(text, ", rules in %s", firewall_name(state->firewall));
}

static int decode_gateways(const json_node *list, struct bridge_state *state, struct err *err)
{
	for (const json_node *n = json_is_array(list) ? json_first(list) : NULL; n;
	     n = json_next(n)) {
		const char *text = json_string(n);

		if (!text || state->n_gateways == NETWORK_MAX_RANGES)
			return err_set(err, EINVAL, "%s: gateways", FILE_NAME);
		if (ip_parse_prefix(text, "gateway", &state->gateways[state->n_gateways++], err) <
		    0)
			return -err->code;
	}
	return state->n_gateways > 0 ? 0 : err_set(err, EINVAL, "%s: no gateway", FILE_NAME);
}

static int decode(const json_node *root, struct bridge_state *state, struct err *err)
{
	const char *bridge = json_string(json_get(root, "bridge"));
	int64_t index = 0, mtu = 0, vlan = 0, added = 0;

	if (!bridge || !json_int(json_get(root, "index"), &index) || index < 0 || index > INT32_MAX)
		return err_set(err, EINVAL, "%s: a key is missing", FILE_NAME);
	if (link_check_name(bridge, "bridge", err) < 0 ||
	    decode_gateways(json_get(root, "gateways"), state, err) < 0)
		return -err->code;
	(void)snprintf(state->bridge, sizeof(state->bridge), "%s", bridge);
	state->index = (int)index;
	if (json_int(json_get(root, "mtu"), &mtu) && mtu >= LINK_MTU_MIN && mtu <= LINK_MTU_MAX)
		state->mtu = (unsigned int)mtu;
	state->firewall = firewall_named(json_string(json_get(root, "firewall")));
	state->filters_vlans = json_is_true(json_get(root, "filtersVlans"));
	if (json_int(json_get(root, "vlan"), &vlan) && vlan >= VLAN_ID_MIN && vlan <= VLAN_ID_MAX)
		state->vlan = (unsigned int)vlan;
	if (json_int(json_get(root, "addedToLo"), &added) && added > 0 && added <= UINT16_MAX)
		state->added_to_lo = (unsigned int)added;
	state->routed = json_is_true(json_get(root, "routed"));
	state->added_address = json_is_true(json_get(root, "addedAddress"));
	state->added_vlan = json_is_true(json_get(root, "addedVlan"));
	return 0;
}

int bridge_state_load(int net_fd, struct bridge_state *state, struct err *err)
{
	autofree char *text = NULL;
	autojson json_node *root = NULL;
	size_t len = 0;

	*state = (struct bridge_state){ .index = 0 };
	if (net_fd < 0)
		return 0;
	if (file_read_at(net_fd, FILE_NAME, MAX_BYTES, &text, &len, err) < 0) {
		if (err->code != ENOENT)
			return -err->code;
		err_clear(err);
		return 0;
	}
	if (json_parse(text, len, FILE_NAME, &root, err) == 0 && decode(root, state, err) == 0)
		return 1;
	*state = (struct bridge_state){ .index = 0 };
	log_warning("ignoring %s", err->msg);
	err_clear(err);
	return 0;
}

int bridge_state_save(int net_fd, const struct bridge_state *state, struct err *err)
{
	autojson json_node *root = json_object();
	json_node *gateways = NULL;
	autofree char *text = NULL;

	json_put_string(root, "bridge", state->bridge);
	gateways = json_put_array(root, "gateways");
	for (size_t i = 0; i < state->n_gateways; i++)
		json_append_string(gateways, ip_prefix_text(&state->gateways[i]).text);
	json_put_int(root, "index", state->index);
	json_put_int(root, "mtu", state->mtu);
	if (state->firewall != FIREWALL_AUTO)
		json_put_string(root, "firewall", firewall_name(state->firewall));
	if (state->filters_vlans)
		json_put_bool(root, "filtersVlans", true);
	if (state->vlan > 0)
		json_put_int(root, "vlan", state->vlan);
	if (state->routed) {
		json_put_bool(root, "routed", true);
		json_put_int(root, "addedToLo", state->added_to_lo);
	}
	json_put_bool(root, "addedAddress", state->added_address);
	if (state->added_vlan)
		json_put_bool(root, "addedVlan", true);
	text = json_print(root, false);
	return file_write_atomic_at(net_fd, FILE_NAME, text, strlen(text), 0600, err);
}

int bridge_state_forget(int net_fd, struct err *err)
{
	if (unlinkat(net_fd, FILE_NAME, 0) < 0 && errno != ENOENT)
		return err_errno(err, "removing %s", FILE_NAME);
	return 0;
}

static int visit(int networks_fd, const char *name, bridge_state_fn *fn, void *ctx, struct err *err)
{
	autoclose int net_fd =
		openat(networks_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct bridge_state state;
	int found = 0;

	if (net_fd < 0)
		return 0; /* removed meanwhile */
	found = bridge_state_load(net_fd, &state, err);
	return found > 0 ? fn(name, &state, ctx) : found;
}

int bridge_state_others(int state_fd, const struct network *net, bridge_state_fn *fn, void *ctx,
			struct err *err)
{
	autoclose int networks_fd =
		openat(state_fd, "networks", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	autodir DIR *dir = NULL;
	const struct dirent *entry = NULL;
	int rc = 0;

	if (networks_fd < 0)
		return errno == ENOENT || state_fd < 0
			       ? 0
			       : err_errno(err, "state directory: networks");
	dir = fdopendir(networks_fd);
	if (!dir)
		return err_errno(err, "state directory: networks");
	(void)take_fd(&networks_fd); /* the DIR owns it */
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.' && !str_eq(entry->d_name, net->name))
			rc = visit(dirfd(dir), entry->d_name, fn, ctx, err);
	}
	return rc;
}
