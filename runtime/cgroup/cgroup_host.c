/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cgroup/cgroup_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

#define MAX_BYTES (16u << 20) /* a host may have tens of thousands of mounts */

static const struct {
	const char *name;
	unsigned int bit;
} controllers[] = {
	{ "memory", CGROUP_MEMORY },   { "cpu", CGROUP_CPU },
	{ "cpuacct", CGROUP_CPUACCT }, { "cpuset", CGROUP_CPUSET },
	{ "devices", CGROUP_DEVICES }, { "freezer", CGROUP_FREEZER },
	{ "blkio", CGROUP_BLKIO },     { "io", CGROUP_BLKIO },
	{ "pids", CGROUP_PIDS },       { "net_cls", CGROUP_NET_CLS },
	{ "hugetlb", CGROUP_HUGETLB }, { "net_prio", CGROUP_NET_PRIO },
	{ "rdma", CGROUP_RDMA },       { "perf_event", CGROUP_PERF_EVENT },
	{ "misc", CGROUP_MISC },
};

unsigned int cgroup_controller(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		if (strlen(controllers[i].name) == len &&
		    strncmp(controllers[i].name, name, len) == 0)
			return controllers[i].bit;
	return 0;
}

/* The next word of a line; false at its end. */
static bool next_word(const char **p, const char *end, const char **word, size_t *len)
{
	while (*p < end && **p == ' ')
		(*p)++;
	*word = *p;
	while (*p < end && **p != ' ')
		(*p)++;
	*len = (size_t)(*p - *word);
	return *len > 0;
}

/* mountinfo writes blank, tab, newline and backslash as "\040" and so on (proc_pid_mountinfo(5)). */
static char *unescape(const char *s, size_t len)
{
	char *out = xmalloc(len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && len - i > 3) {
			*to++ = (char)((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 |
				       (s[i + 3] - '0'));
			i += 3;
		} else {
			*to++ = s[i];
		}
	}
	*to = '\0';
	return out;
}

/* "rw,cpu,cpuacct" and "rw,xattr,name=systemd": the controllers, or the name. */
static void read_options(const char *s, size_t len, struct cgroup_mount *mount)
{
	autostrbuf struct strbuf label = { 0 };

	for (const char *p = s, *end = s + len; p < end;) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t word = (size_t)((comma ? comma : end) - p);
		unsigned int bit = cgroup_controller(p, word);

		if (bit || (word > 5 && strncmp(p, "name=", 5) == 0)) {
			if (label.len)
				strbuf_puts(&label, ",");
			strbuf_add(&label, p, word);
		}
		mount->controllers |= bit;
		p += word + 1;
	}
	mount->label = strbuf_take(&label);
}

static bool is_word(const char *word, size_t len, const char *text)
{
	return strlen(text) == len && strncmp(word, text, len) == 0;
}

/* "id parent dev root point options [tags…] - type source super-options" */
static bool parse_mount(const char *line, const char *end, struct cgroup_mount *mount)
{
	const char *words[10], *word;
	size_t lens[10], len, n = 0, dash = 0;

	for (const char *p = line; n < ARRAY_SIZE(words) && next_word(&p, end, &word, &len);) {
		/* Of the tags, which are any number, none is kept. */
		if (n == 6 && !dash && !is_word(word, len, "-"))
			continue;
		dash = n == 6 ? 1 : dash;
		words[n] = word;
		lens[n++] = len;
	}
	if (n != ARRAY_SIZE(words))
		return false;
	mount->v2 = is_word(words[7], lens[7], "cgroup2");
	if (!mount->v2 && !is_word(words[7], lens[7], "cgroup"))
		return false;
	if (mount->v2)
		mount->label = xstrdup("");
	else
		read_options(words[9], lens[9], mount);
	char dev[32];

	(void)snprintf(dev, sizeof(dev), "%.*s", (int)(lens[2] < 31 ? lens[2] : 31), words[2]);
	/* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers that fit */
	(void)sscanf(dev, "%u:%u", &mount->major, &mount->minor);
	mount->root = unescape(words[3], lens[3]);
	mount->point = unescape(words[4], lens[4]);
	return true;
}

/*
 * The first of each hierarchy is kept: where a program looks for it. A later one is a bind of it into
 * some container's rootfs, say.
 */
static bool is_known(const struct cgroup_host *host, const struct cgroup_mount *mount)
{
	for (size_t i = 0; i < host->n; i++)
		if (host->mounts[i].v2 == mount->v2 && str_eq(host->mounts[i].label, mount->label))
			return true;
	return false;
}

static void free_mount(struct cgroup_mount *mount)
{
	free(mount->label);
	free(mount->point);
	free(mount->root);
	free(mount->own);
}

static bool is_seen(const struct cgroup_mount *mount)
{
	struct stat st;

	return stat(mount->point, &st) == 0 && major(st.st_dev) == mount->major &&
	       minor(st.st_dev) == mount->minor;
}

static void add_mount(struct cgroup_host *host, struct cgroup_mount *mount, bool look)
{
	if (is_known(host, mount) || (look && !is_seen(mount)) ||
	    (!mount->v2 && mount->label[0] == '\0')) {
		free_mount(mount);
		return;
	}
	host->mounts = xreallocarray(host->mounts, host->n + 1, sizeof(*host->mounts));
	host->mounts[host->n++] = *mount;
	host->v1_controllers |= mount->controllers;
}

/* Our own group as it is below the mount point: "/a/b" where "/a" is mounted is "/b". */
static char *below_root(const char *own, size_t len, const char *root)
{
	size_t root_len = str_eq(root, "/") ? 0 : strlen(root);

	if (len < root_len || strncmp(own, root, root_len) != 0 ||
	    (len > root_len && own[root_len] != '/'))
		return NULL;
	return len > root_len ? xstrndup(own + root_len, len - root_len) : xstrdup("/");
}

/* "4:cpu,cpuacct:/a/b", "1:name=systemd:/", "0::/c" */
static void parse_own(struct cgroup_host *host, const char *line, const char *end)
{
	const char *first = memchr(line, ':', (size_t)(end - line));
	const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;

	if (!second)
		return;
	for (size_t i = 0; i < host->n; i++) {
		struct cgroup_mount *mount = &host->mounts[i];

		if (is_word(first + 1, (size_t)(second - first - 1), mount->label) && !mount->own)
			mount->own =
				below_root(second + 1, (size_t)(end - second - 1), mount->root);
	}
}

static void parse(const char *mountinfo, const char *own, bool look, struct cgroup_host *host)
{
	*host = (struct cgroup_host){ 0 };
	for (const char *line = mountinfo; *line;) {
		const char *end = line + strcspn(line, "\n");
		struct cgroup_mount mount = { 0 };

		/* Most lines are of other mounts, and there may be very many. */
		const char *type = memmem(line, (size_t)(end - line), " - cgroup", 9);

		if (type && parse_mount(line, end, &mount))
			add_mount(host, &mount, look);
		line = end + (*end == '\n');
	}
	for (const char *line = own; *line;) {
		const char *end = line + strcspn(line, "\n");

		parse_own(host, line, end);
		line = end + (*end == '\n');
	}
}

void cgroup_host_parse(const char *mountinfo, const char *own, struct cgroup_host *host)
{
	parse(mountinfo, own, false, host);
}

int cgroup_host_read(struct cgroup_host *host, struct err *err)
{
	autofree char *mountinfo = NULL, *own = NULL;
	int rc = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MAX_BYTES, &mountinfo, NULL, err);

	*host = (struct cgroup_host){ 0 };
	if (rc >= 0)
		rc = file_read_at(AT_FDCWD, "/proc/self/cgroup", MAX_BYTES, &own, NULL, err);
	if (rc >= 0)
		parse(mountinfo, own, true, host);
	return rc;
}

void cgroup_host_free(struct cgroup_host *host)
{
	for (size_t i = 0; i < host->n; i++)
		free_mount(&host->mounts[i]);
	free(host->mounts);
	*host = (struct cgroup_host){ 0 };
}

const struct cgroup_mount *cgroup_host_v2(const struct cgroup_host *host)
{
	for (size_t i = 0; i < host->n; i++)
		if (host->mounts[i].v2)
			return &host->mounts[i];
	return NULL;
}

const struct cgroup_mount *cgroup_host_v1(const struct cgroup_host *host, unsigned int controller)
{
	for (size_t i = 0; i < host->n; i++)
		if (host->mounts[i].controllers & controller)
			return &host->mounts[i];
	return NULL;
}
