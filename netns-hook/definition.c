/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/definition.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

#define NAME "definition.json"

int definition_keep(int state_fd, const struct network *net, const json_node *root, struct err *err)
{
	autoclose int net_fd = network_open_state(state_fd, net, err);
	autofree char *text = json_print(root, false);
	autofree char *old = NULL;
	struct err none = ERR_INIT;

	if (net_fd < 0)
		return net_fd;
	if (file_read_at(net_fd, NAME, NETWORK_CONFIG_BYTES, &old, NULL, &none) >= 0 &&
	    str_eq(old, text))
		return 0;
	return file_write_atomic_at(net_fd, NAME, text, strlen(text), 0600, err);
}

static int load_kept(int state_fd, const char *name, struct network *net, struct err *err)
{
	autofree char *path = xasprintf("networks/%s/" NAME, name);
	autofree char *text = NULL;
	autojson json_node *root = NULL;
	size_t len = 0;
	int rc = file_read_at(state_fd, path, NETWORK_CONFIG_BYTES, &text, &len, err);

	if (rc == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (rc >= 0)
		rc = json_parse(text, len, path, &root, err);
	if (rc >= 0)
		rc = network_decode(root, path, net, err);
	return rc < 0 ? rc : 1;
}

int definition_find(const struct options *options, int state_fd, const char *name,
		    struct network *net, struct err *err)
{
	int rc = options_network(options, net, err);

	if (rc >= 0 && str_eq(net->name, name))
		return 1;
	network_free(net);
	if (rc < 0 && err->code != ENOENT)
		return rc;
	err_clear(err);
	rc = network_load(name, net, err);
	if (rc >= 0)
		return 1;
	if (err->code != ENOENT)
		return rc;
	err_clear(err);
	return load_kept(state_fd, name, net, err);
}
