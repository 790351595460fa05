/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_COMMON_NET_IP_DECODE_H
#define CT_COMMON_NET_IP_DECODE_H

#include "common/json.h"

/*
 * Decoders for a table of json_field: text that is an address into a struct ip_addr, text that is
 * an address with a length into a struct ip_prefix, the same without host bits. Fail naming the path and the text.
 */
int ip_decode_addr(const json_node *node, const struct json_field *field, void *out,
		   const struct json_path *path, struct err *err);

int ip_decode_prefix(const json_node *node, const struct json_field *field, void *out,
		     const struct json_path *path, struct err *err);

int ip_decode_subnet(const json_node *node, const struct json_field *field, void *out,
		     const struct json_path *path, struct err *err);

#endif
