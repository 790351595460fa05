/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/ip_decode.h"

#include "common/net/ip.h"

int ip_decode_addr(const json_node *node, const struct json_field *field, void *out,
		   const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);
	struct err why = ERR_INIT;

	if (!text)
		return json_fail(path, err, "must be a string");
	if (ip_parse_addr(text, field->key, out, &why) < 0)
		return json_fail(path, err, "'%s' is not an IP address", text);
	return 0;
}

int ip_decode_prefix(const json_node *node, const struct json_field *field, void *out,
		     const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);
	struct err why = ERR_INIT;

	if (!text)
		return json_fail(path, err, "must be a string");
	if (ip_parse_prefix(text, field->key, out, &why) < 0)
		return json_fail(path, err, "'%s' is not an IP address with a length", text);
	return 0;
}

int ip_decode_subnet(const json_node *node, const struct json_field *field, void *out,
		     const struct json_path *path, struct err *err)
{
	const struct ip_prefix *prefix = out;
	struct ip_prefix subnet;

	if (ip_decode_prefix(node, field, out, path, err) < 0)
		return -err->code;
	subnet = ip_network(prefix);
	if (!ip_equal(&subnet.addr, &prefix->addr))
		return json_fail(path, err, "%s has host bits set; did you mean %s",
				 ip_prefix_text(prefix).text, ip_prefix_text(&subnet).text);
	return 0;
}
