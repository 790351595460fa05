/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/republish.h"

#include <errno.h>

#include "common/log.h"
#include "common/net/firewall/firewall.h"
#include "common/net/mac_check.h"
#include "common/net/record.h"
#include "common/str.h"
#include "netns-hook/attach_steps.h"

static int restore_mac_check(const struct attachment *att, struct err *err)
{
	int rc = att->mac_check ? mac_check_find(att, err) : 1;

	return rc == 0 ? mac_check_add(att, err) : rc;
}

static int republish(struct netlink *nl, const struct record_folder *folder, const char *ifname,
		     struct err *err)
{
	autoattachment struct attachment att = { 0 };
	int rc = record_read(folder, ifname, &att, err);

	if (rc <= 0 || att.state != RECORD_ATTACHED)
		return rc < 0 ? rc : 0;
	rc = firewall_publish(&att, err);
	if (rc >= 0)
		rc = restore_mac_check(&att, err);
	return rc >= 0 && att.routed ? attach_restore_host(nl, &att, err) : rc;
}

/* All of its interfaces, but `except` (NULL: none). */
static int republish_folder(struct netlink *nl, const struct record_folder *folder,
			    const char *except, struct err *err)
{
	struct strlist ifnames = { 0 };
	int rc = record_folder_ifnames(folder, &ifnames, err);

	for (size_t i = 0; rc >= 0 && i < ifnames.n; i++) {
		if (!str_eq(ifnames.items[i], except))
			rc = republish(nl, folder, ifnames.items[i], err);
	}
	strlist_free(&ifnames);
	return rc;
}

static int republish_container(int state_fd, struct netlink *nl, const char *id, struct err *err)
{
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	int rc = record_folder_open(state_fd, id, false, 0, &folder, err);

	if (rc == -EWOULDBLOCK) {
		err_clear(err);
		return 0;
	}
	return rc > 0 ? republish_folder(nl, &folder, NULL, err) : rc;
}

void republish_others(int state_fd, struct netlink *nl, const struct record_folder *own,
		      const char *ifname)
{
	struct strlist ids = { 0 };
	struct err err = ERR_INIT;

	if (record_containers(state_fd, &ids, &err) < 0)
		log_warning("published ports of other containers: %s; ignoring", err.msg);
	for (size_t i = 0; i < ids.n; i++) {
		const bool is_own = str_eq(ids.items[i], own->container);

		err_clear(&err);
		if ((is_own ? republish_folder(nl, own, ifname, &err)
			    : republish_container(state_fd, nl, ids.items[i], &err)) < 0)
			log_warning("published ports of container '%s': %s; ignoring", ids.items[i],
				    err.msg);
	}
	strlist_free(&ids);
}
