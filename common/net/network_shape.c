/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/network_shape.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/sysctl.h"
#include "common/str.h"

#define SYSCTL_KEY_MAX 255
#define IFNAME_TOKEN   "IFNAME"

/* ---- bandwidth ---- */

/* The kernel counts bytes: less than one a second is none; a bucket has 32 bits for its size. */
static const struct json_range range_rate = { 8, (int64_t)1 << 53 };
static const struct json_range range_burst = { 8, (int64_t)INT32_MAX * 8 };

/* Zero is CNI's way to say "no limit". */
static int decode_bits(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	int64_t value = 0;

	if (json_int(node, &value) && value == 0) {
		*(int64_t *)out = 0;
		return 0;
	}
	return json_decode_int(node, field, out, path, err);
}

#define RATE(name, member, range)                                                                  \
	{                                                                                          \
		name, decode_bits, offsetof(struct network_bandwidth, member), 0, &(range), 0      \
	}
static const struct json_field bandwidth_fields[] = {
	RATE("ingressRate", ingress.bits, range_rate),
	RATE("ingressBurst", ingress.burst_bits, range_burst),
	RATE("egressRate", egress.bits, range_rate),
	RATE("egressBurst", egress.burst_bits, range_burst),
	{ "shapedSubnets", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
	{ "unshapedSubnets", NULL, 0, JSON_UNSUPPORTED, NULL, 0 },
};
static const struct json_table bandwidth_table = {
	.fields = bandwidth_fields,
	.n_fields = ARRAY_SIZE(bandwidth_fields),
	.strict = true,
};

const char *network_bandwidth_fault(const struct network_bandwidth *bandwidth)
{
	if (bandwidth->ingress.burst_bits > 0 && bandwidth->ingress.bits == 0)
		return "ingressBurst without ingressRate";
	if (bandwidth->egress.burst_bits > 0 && bandwidth->egress.bits == 0)
		return "egressBurst without egressRate";
	return NULL;
}

int network_decode_bandwidth(const json_node *node, const struct json_field *field, void *out,
			     const struct json_path *path, struct err *err)
{
	struct json_field nested = *field;
	const char *fault = NULL;

	nested.arg = &bandwidth_table;
	if (json_decode_object(node, &nested, out, path, err) < 0)
		return -err->code;
	fault = network_bandwidth_fault(out);
	return fault ? json_fail(path, err, "has %s", fault) : 0;
}

int network_decode_bandwidth_key(const json_node *node, const struct json_field *field, void *out,
				 const struct json_path *path, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(bandwidth_fields); i++) {
		const struct json_field *known = &bandwidth_fields[i];

		if (str_eq(known->key, field->key))
			return known->decode(node, known, (char *)out + known->offset, path, err);
	}
	return json_fail(path, err, "is no key of a bandwidth");
}

/* ---- sysctls ---- */

static char swap_separator(char c, char separator)
{
	if (c == separator)
		return '/';
	if (c == '/')
		return '.';
	return c;
}

static bool is_component(const char *name, size_t len)
{
	return len > 0 && !(len == 1 && name[0] == '.') &&
	       !(len == 2 && name[0] == '.' && name[1] == '.');
}

char *network_sysctl_path(const char *key, const char *ifname, struct err *err)
{
	const size_t len = strnlen(key, SYSCTL_KEY_MAX + 1);
	autostrbuf struct strbuf path = { .text = NULL };
	char copy[SYSCTL_KEY_MAX + 1] = "";

	if ((!str_starts(key, "net.") && !str_starts(key, "net/")) || len > SYSCTL_KEY_MAX) {
		(void)err_set(err, EINVAL,
			      "'%.64s' is no parameter of the network namespace: they begin with "
			      "'net.'",
			      key);
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)key[i])) {
			(void)err_set(err, EINVAL, "'%s' has a blank or worse", key);
			return NULL;
		}
		copy[i] = swap_separator(key[i], key[3]);
	}
	for (const char *at = copy + 4;; at++) {
		const size_t part = strcspn(at, "/");

		if (!is_component(at, part)) {
			(void)err_set(err, EINVAL, "'%s' is not the name of a parameter", key);
			return NULL;
		}
		if (part == strlen(IFNAME_TOKEN) && str_starts(at, IFNAME_TOKEN))
			strbuf_printf(&path, "%s", ifname);
		else
			strbuf_printf(&path, "%.*s", (int)part, at);
		at += part;
		if (*at == '\0')
			break;
		strbuf_printf(&path, "/");
	}
	return take_ptr(&path.text);
}

static int check_sysctl(const char *key, const char *value, struct err *err)
{
	autofree char *path = network_sysctl_path(key, "lo", err);

	if (!path)
		return -err->code;
	if (value[0] == '\0' || strlen(value) >= SYSCTL_VALUE_SIZE || strpbrk(value, "\n"))
		return err_set(err, EINVAL, "'%s': its value must be one line of 1..%d characters",
			       key, SYSCTL_VALUE_SIZE - 1);
	return 0;
}

int network_decode_sysctls(const json_node *node, const struct json_field *field, void *out,
			   const struct json_path *path, struct err *err)
{
	const struct strmap *map = out;
	struct err why = ERR_INIT;

	if (json_decode_map(node, field, out, path, err) < 0)
		return -err->code;
	for (size_t i = 0; i < map->n; i++) {
		if (check_sysctl(map->items[i].key, map->items[i].value, &why) < 0)
			return json_fail(path, err, "%s", why.msg);
	}
	return 0;
}

int network_add_sysctl(struct strmap *sysctls, const char *text, const char *what, struct err *err)
{
	const char *equals = strchr(text, '=');
	autofree char *key = equals ? xasprintf("%.*s", (int)(equals - text), text) : NULL;

	if (!key)
		return err_set(err, EINVAL, "%s: '%s' is not KEY=VALUE", what, text);
	if (check_sysctl(key, equals + 1, err) < 0)
		return err_ctx(err, "%s", what);
	for (size_t i = 0; i < sysctls->n; i++) {
		if (!str_eq(sysctls->items[i].key, key))
			continue;
		free(sysctls->items[i].value);
		sysctls->items[i].value = xstrdup(equals + 1);
		return 0;
	}
	sysctls->items = xreallocarray(sysctls->items, sysctls->n + 1, sizeof(*sysctls->items));
	sysctls->items[sysctls->n++] =
		(struct strmap_entry){ .key = take_ptr(&key), .value = xstrdup(equals + 1) };
	return 0;
}

void network_shape_free(struct network_shape *shape)
{
	strmap_free(&shape->sysctls);
}
