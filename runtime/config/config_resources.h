/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CONFIG_RESOURCES_H
#define CT_CONFIG_RESOURCES_H

#include "common/json.h"

/* Between the config_resources*.c files alone. */

/* .arg of resource_decode_number */
struct resource_range {
	int64_t min, max;
	bool zero_unset; /* 0 asks for nothing: engines write it for "no limit given" */
	bool endless;    /* what no int64_t of JSON can hold (2^53 and more) is -1: no limit */
};

json_decode_fn resource_decode_number; /* struct resource_number */
json_decode_fn resource_decode_flag;   /* struct resource_flag */

extern const struct json_table resource_block_io_table;   /* struct resource_block_io */
extern const struct json_table resource_device_table;     /* array in struct resource_devices */
extern const struct json_table resource_hugepage_table;   /* array in struct resource_hugepages */
extern const struct json_table resource_priorities_table; /* struct resources: network */
json_decode_fn resource_decode_rdma;                      /* struct resource_rdmas */
json_decode_fn resource_decode_unified;                   /* struct strmap */

#endif
