/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_legacy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/net/firewall/fw_entry.h"
#include "common/net/firewall/fw_xtables.h"

bool fw_legacy_in_use(void)
{
	autoclose int fd = open("/proc/net/ip_tables_names", O_RDONLY | O_CLOEXEC);
	char first;

	return fd >= 0 && read(fd, &first, sizeof(first)) > 0;
}

bool fw_legacy_is_there(int family)
{
	const struct fw_xtables *x = fw_xtables_of(family);
	struct xtc_handle *handle = x->init("filter");

	if (!handle)
		return false;
	x->free(handle);
	return true;
}

static bool is_unconditional(const struct ipt_entry *entry)
{
	static const struct ipt_ip any;

	return memcmp(&entry->ip, &any, sizeof(any)) == 0 && entry->target_offset == sizeof(*entry);
}

bool fw_legacy_drops(void)
{
	const struct fw_xtables *x = &fw_ip4tables;
	struct xtc_handle *handle = x->init("filter");
	bool drops = false;

	if (!handle)
		return false;
	drops = str_eq(x->get_policy("FORWARD", handle), "DROP");
	for (const void *e = x->first_rule("FORWARD", handle); e; e = x->next_rule(e, handle)) {
		const char *target = x->get_target(e, handle);

		drops = drops || (is_unconditional(e) &&
				  (str_eq(target, "DROP") || str_eq(target, "REJECT")));
	}
	x->free(handle);
	return drops;
}
