/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/lease_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/json.h"

#define LEASE_MAX_BYTES 4096

void lease_file_free(struct lease_file *lease)
{
	free(lease->container);
	free(lease->ifname);
	free(lease->boot_id);
	*lease = (struct lease_file){ 0 };
}

static char *lease_text(const struct lease_file *lease)
{
	autojson json_node *root = json_object();

	json_put_string(root, "container", lease->container);
	json_put_string(root, "ifname", lease->ifname);
	json_put_string(root, "bootId", lease->boot_id);
	return json_print(root, false);
}

int lease_file_create(int leases_fd, const char *name, const struct lease_file *lease,
		      struct err *err)
{
	autofree char *text = lease_text(lease);
	autoclose int fd = openat(leases_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err,
				 "create a lease (the state directory must be on a file system "
				 "with O_TMPFILE: tmpfs, ext4, xfs, btrfs)");
	int rc = file_write_all(fd, text, strlen(text), name, err);

	if (rc < 0)
		return rc;
	if (linkat(AT_FDCWD, file_fd_path(fd).text, leases_fd, name, AT_SYMLINK_FOLLOW) == 0)
		return 1;
	return errno == EEXIST ? 0 : err_errno(err, "create lease '%s'", name);
}

static const struct json_field lease_fields[] = {
	{ .key = "container",
	  .decode = json_decode_string,
	  .flags = JSON_REQUIRED,
	  .offset = offsetof(struct lease_file, container) },
	{ .key = "ifname",
	  .decode = json_decode_string,
	  .flags = JSON_REQUIRED,
	  .offset = offsetof(struct lease_file, ifname) },
	{ .key = "bootId",
	  .decode = json_decode_string,
	  .flags = JSON_REQUIRED,
	  .offset = offsetof(struct lease_file, boot_id) },
};
static const struct json_table lease_table = {
	.fields = lease_fields,
	.n_fields = ARRAY_SIZE(lease_fields),
};

int lease_file_read(int leases_fd, const char *name, struct lease_file *lease, struct err *err)
{
	autojson json_node *root = NULL;
	autofree char *text = NULL;
	struct err damaged = ERR_INIT;
	size_t len = 0;

	*lease = (struct lease_file){ 0 };
	int rc = file_read_at(leases_fd, name, LEASE_MAX_BYTES, &text, &len, err);

	if (rc == -ENOENT) {
		err_clear(err);
		return 0;
	}
	if (rc < 0 && rc != -EFBIG)
		return rc;
	if (rc < 0 || json_parse(text, len, name, &root, &damaged) < 0 ||
	    json_decode(root, name, &lease_table, lease, &damaged) < 0) {
		err_clear(err);
		lease_file_free(lease);
	}
	return 1;
}

int lease_file_remove(int leases_fd, const char *name, struct err *err)
{
	return file_remove_tree_at(leases_fd, name, err);
}

static int compare_addrs(const void *a, const void *b)
{
	return ip_order(a, b);
}

int lease_file_list(int leases_fd, struct lease_addrs *addrs, struct err *err)
{
	int own_fd = openat(leases_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = own_fd >= 0 ? fdopendir(own_fd) : NULL;
	size_t size = 0;

	*addrs = (struct lease_addrs){ 0 };
	if (!dir)
		return err_errno(err, "read the leases");
	for (const struct dirent *e; (e = readdir(dir));) {
		struct err foreign = ERR_INIT;
		struct ip_addr addr;

		if (ip_parse_addr(e->d_name, "lease", &addr, &foreign) < 0)
			continue;
		if (addrs->n == size) {
			size = size ? 2 * size : 64;
			addrs->items = xreallocarray(addrs->items, size, sizeof(*addrs->items));
		}
		addrs->items[addrs->n++] = addr;
	}
	if (addrs->n > 1)
		qsort(addrs->items, addrs->n, sizeof(*addrs->items), compare_addrs);
	return 0;
}

void lease_addrs_free(struct lease_addrs *addrs)
{
	free(addrs->items);
	*addrs = (struct lease_addrs){ 0 };
}
