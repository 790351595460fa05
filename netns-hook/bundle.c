/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/json.h"
#include "common/log.h"
#include "common/net/network_dns.h"
#include "common/str.h"

/* What the runtimes accept is smaller. */
#define CONFIG_MAX_BYTES (16u << 20)

void bundle_free(struct bundle *bundle)
{
	free(bundle->hostname);
	free(bundle->rootfs);
	*bundle = (struct bundle){ .hostname = NULL };
}

int bundle_read(const char *path, struct bundle *bundle, struct err *err)
{
	autojson json_node *config = NULL;
	autofree char *file = NULL;
	autofree char *text = NULL;
	size_t len = 0;

	*bundle = (struct bundle){ .hostname = NULL };
	if (!path || path[0] != '/')
		return err_set(err, EINVAL, "the state names no bundle");
	file = xasprintf("%s/config.json", path);
	if (file_read_at(AT_FDCWD, file, CONFIG_MAX_BYTES, &text, &len, err) < 0 ||
	    json_parse(text, len, file, &config, err) < 0)
		return -err->code;
	const json_node *root = json_get(config, "root");
	const char *rootfs = root ? json_string(json_get(root, "path")) : NULL;
	const char *hostname = json_string(json_get(config, "hostname"));

	if (hostname && network_dns_is_name(hostname))
		bundle->hostname = xstrdup(hostname);
	else if (hostname && *hostname)
		log_debug("hostname '%.80s' is not one that others could use; ignoring", hostname);
	if (rootfs && *rootfs)
		bundle->rootfs = rootfs[0] == '/' ? xstrdup(rootfs)
						  : xasprintf("%s/%s", path, rootfs);
	return 0;
}
