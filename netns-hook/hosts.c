/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file's readers are resolvers in containers, who take no lock and may read at any moment. So a
 * line never moves, and it appears and goes with the write of a single byte:
 *
 *	172.19.0.2 web 4f2a9c # 4f2a9c/eth0		an address, its names, whose it is
 *	#72.19.0.3 db 77ab31 # 77ab31/eth0		taken out: free for a line that fits
 *
 * No line crosses a block of 4096 bytes, which is what glibc reads at once. A new line is written as a
 * comment first, at the end or over one that was taken out, and then gets
 * its first digit; taking out is writing the '#'. What is free at the end is cut off. A writer who is
 * killed leaves comments, or at the end half a comment, which the next one cuts off.
 *
 * Writers hold `hosts.lock` beside it. They do not lock the file itself: any container could do that
 * too, and keep it. A container's root can also hold a lease on it (fcntl(2), F_SETLEASE), which
 * would make an open for writing wait; O_NONBLOCK fails instead and breaks the lease some time later.
 */
#include "netns-hook/hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/str.h"

#define LOCK_NAME      "hosts.lock"
#define LOCK_WAIT_MS   10000
#define HOSTS_MAX      (16u << 20)
#define BLOCK          4096
#define LINE_MAX_BYTES 950 /* but for the address: musl reads lines of 1,023 */
#define MAX_ALIASES    32
#define SHORT_ID       12 /* as docker and podman show ids of 64 hex digits */

static const char header[] = "# Names of the network's containers, kept by ct-netns.\n"
			     "127.0.0.1 localhost\n"
			     "::1 localhost ip6-localhost ip6-loopback\n";
#define HEADER_LEN (sizeof(header) - 1)

struct hosts {
	int lock_fd;
	int fd;
	char *text;
	size_t len; /* of text, which ends with a newline */
};
#define HOSTS_INIT                                                                                 \
	{                                                                                          \
		.lock_fd = -1, .fd = -1, .text = NULL                                              \
	}
#define autohosts __attribute__((cleanup(hosts_close)))

static void hosts_close(struct hosts *hosts)
{
	cleanup_close(&hosts->fd);
	cleanup_close(&hosts->lock_fd);
	free(hosts->text);
}

static int write_at(const struct hosts *hosts, const char *data, size_t len, size_t at,
		    struct err *err)
{
	ssize_t n = pwrite(hosts->fd, data, len, (off_t)at);

	return n < 0 || (size_t)n < len ? err_errno(err, "write the hosts file") : 0;
}

static int cut(struct hosts *hosts, size_t len, struct err *err)
{
	if (ftruncate(hosts->fd, (off_t)len) < 0)
		return err_errno(err, "cut the hosts file");
	hosts->len = len;
	hosts->text[len] = '\0';
	return 0;
}

/* ---- opening ---- */

/* The one that is there, or a new one; its mode is not left to the umask, containers read it. */
static int open_file(int network_fd, struct hosts *hosts, struct err *err)
{
	const int flags = O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC;
	struct stat st;

	hosts->fd = openat(network_fd, HOSTS_NAME, flags | O_CREAT, 0644);
	if (hosts->fd < 0 && errno == EWOULDBLOCK) {
		log_warning("a container holds a lease on the hosts file of its network, whose "
			    "names stay as they are for now");
		return 0;
	}
	if (hosts->fd < 0 || fstat(hosts->fd, &st) < 0)
		return err_errno(err, "open the hosts file");
	if (!S_ISREG(st.st_mode))
		return err_set(err, EBADMSG, "the hosts file is no regular file");
	if ((st.st_mode & 0777) != 0644 && fchmod(hosts->fd, 0644) < 0)
		return err_errno(err, "open the hosts file to readers");
	return 1;
}

/* 1: locked and read, 0: it cannot be changed now (said), or (make false) there is none. */
static int hosts_open(int network_fd, bool make, struct hosts *hosts, struct err *err)
{
	if (!make && faccessat(network_fd, HOSTS_NAME, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	hosts->lock_fd = lock_open_at(network_fd, LOCK_NAME, LOCK_EXCLUSIVE, LOCK_WAIT_MS, err);
	if (hosts->lock_fd < 0)
		return hosts->lock_fd;
	int rc = open_file(network_fd, hosts, err);

	if (rc > 0)
		rc = file_read_fd(hosts->fd, HOSTS_NAME, HOSTS_MAX, &hosts->text, &hosts->len, err);
	if (rc < 0 || hosts->fd < 0)
		return rc;
	if (hosts->len < HEADER_LEN || memcmp(hosts->text, header, HEADER_LEN) != 0) {
		free(hosts->text);
		hosts->text = xstrdup(header);
		rc = write_at(hosts, header, HEADER_LEN, 0, err);
		return rc < 0 || cut(hosts, HEADER_LEN, err) < 0 ? -err->code : 1;
	}
	const char *end = memrchr(hosts->text, '\n', hosts->len);
	size_t len = (size_t)(end - hosts->text) + 1;

	return len < hosts->len && cut(hosts, len, err) < 0 ? -err->code : 1;
}

/* ---- lines ---- */

struct line {
	size_t at, len; /* without the newline */
};

static bool next_line(const struct hosts *hosts, struct line *line)
{
	size_t at = line->at == 0 ? HEADER_LEN : line->at + line->len + 1;

	if (at >= hosts->len)
		return false;
	const char *start = hosts->text + at;
	const char *end = memchr(start, '\n', hosts->len - at);

	*line = (struct line){ .at = at, .len = (size_t)(end - start) };
	return true;
}

static bool is_free(const struct hosts *hosts, const struct line *line)
{
	return line->len == 0 || hosts->text[line->at] == '#';
}

/* "id/ifname" behind the line's " # "; false: there is none. */
static bool line_owner(const struct hosts *hosts, const struct line *line, char **id, char **ifname)
{
	autofree char *text = xstrndup(hosts->text + line->at, line->len);
	char *mark = strstr(text, " # ");
	char *slash = mark ? strchr(mark, '/') : NULL;

	if (!slash)
		return false;
	*slash = '\0';
	slash[1 + strcspn(slash + 1, " ")] = '\0';
	*id = xstrdup(mark + 3);
	*ifname = xstrdup(slash + 1);
	return true;
}

/* What a line of theirs ends with. */
static char *tag_of(const char *container, const char *ifname)
{
	return xasprintf(" # %s/%s", container, ifname);
}

static bool has_tag(const struct hosts *hosts, const struct line *line, const char *tag)
{
	const size_t tag_len = strlen(tag);
	const char *start = hosts->text ? hosts->text + line->at : "";
	size_t len = hosts->text ? line->len : 0;

	while (len > 0 && start[len - 1] == ' ')
		len--;
	return len > tag_len && memcmp(start + len - tag_len, tag, tag_len) == 0;
}

static int take_out(struct hosts *hosts, const struct line *line, struct err *err)
{
	hosts->text[line->at] = '#';
	return write_at(hosts, "#", 1, line->at, err);
}

/* What is free at the end. */
static int shorten(struct hosts *hosts, struct err *err)
{
	size_t end = HEADER_LEN;

	for (struct line line = { .at = 0 }; next_line(hosts, &line);) {
		if (!is_free(hosts, &line))
			end = line.at + line.len + 1;
	}
	return end < hosts->len ? cut(hosts, end, err) : 0;
}

/* Bytes at the end, a free line. */
static int append(struct hosts *hosts, const char *bytes, size_t len, struct err *err)
{
	int rc = write_at(hosts, bytes, len, hosts->len, err);

	if (rc < 0)
		return rc;
	hosts->text = xrealloc(hosts->text, hosts->len + len + 1);
	(void)memcpy(hosts->text + hosts->len, bytes, len);
	hosts->len += len;
	hosts->text[hosts->len] = '\0';
	return 0;
}

/* The rest of the last block, when a line of len bytes does not fit into it. */
static int fill_block(struct hosts *hosts, size_t len, struct err *err)
{
	const size_t rest = BLOCK - hosts->len % BLOCK;

	if (len + 1 <= rest)
		return 0;
	autofree char *filler = xasprintf("%-*s\n", (int)rest - 1, rest > 1 ? "#" : "");

	return append(hosts, filler, rest, err);
}

static int put_in(struct hosts *hosts, const char *text, struct err *err)
{
	const size_t len = strlen(text);
	struct line line = { .at = 0 };
	bool found = false;

	while (!found && next_line(hosts, &line))
		found = is_free(hosts, &line) && line.len >= len;
	if (!found && fill_block(hosts, len, err) < 0)
		return -err->code;
	if (!found)
		line = (struct line){ .at = hosts->len, .len = len };
	autofree char *padded = xasprintf("#%-*s\n", (int)line.len - 1, text + 1);
	int rc = found ? write_at(hosts, padded, line.len + 1, line.at, err)
		       : append(hosts, padded, line.len + 1, err);

	if (rc >= 0)
		rc = write_at(hosts, text, 1, line.at, err);
	if (rc < 0)
		return rc;
	padded[0] = text[0];
	(void)memcpy(hosts->text + line.at, padded, line.len + 1);
	return 0;
}

/* ---- what stands in a line ---- */

static void add_name(struct strlist *names, const char *name)
{
	if (name && network_dns_is_name(name) && !strlist_has(names, name))
		strlist_add(names, name);
}

static bool has_short_id(const char *id)
{
	return strlen(id) > SHORT_ID && id[strspn(id, "0123456789abcdef")] == '\0';
}

bool hosts_is_short_id(const char *id, const char *name)
{
	return has_short_id(id) && strlen(name) == SHORT_ID && str_starts(id, name);
}

int hosts_add_alias(struct strlist *aliases, const char *text, const char *what, struct err *err)
{
	if (!network_dns_is_name(text))
		return err_set(err, EINVAL,
			       "%s: '%.80s' is no name for a container: letters, digits, '-', '_' "
			       "and dots, neither an address nor localhost",
			       what, text);
	if (aliases->n == MAX_ALIASES)
		return err_set(err, E2BIG, "%s: more than %d names", what, MAX_ALIASES);
	strlist_add(aliases, text);
	return 0;
}

/* The first is the one that an address is resolved to. */
static void names_of(const struct attachment *att, struct strlist *names)
{
	add_name(names, att->hostname);
	add_name(names, att->container);
	if (has_short_id(att->container)) {
		autofree char *short_id = xstrndup(att->container, SHORT_ID);

		add_name(names, short_id);
	}
	for (size_t i = 0; i < att->aliases.n; i++)
		add_name(names, att->aliases.items[i]);
}

/* An attachment's lines, one for each address. */
struct entry {
	char *tag;
	struct entry_line {
		char *text;
		size_t addr_len;
		bool stands; /* in the file already */
	} lines[ATTACHMENT_MAX_ADDRESSES];
	size_t n;
};
#define autoentry __attribute__((cleanup(entry_free)))

static void entry_free(struct entry *entry)
{
	free(entry->tag);
	for (size_t i = 0; i < entry->n; i++)
		free(entry->lines[i].text);
}

static int entry_make(const struct attachment *att, struct entry *entry, struct err *err)
{
	autostrbuf struct strbuf rest = { .text = NULL };
	struct strlist names = { 0 };

	names_of(att, &names);
	entry->tag = tag_of(att->container, att->ifname);
	for (size_t i = 0; i < names.n; i++)
		strbuf_printf(&rest, " %s", names.items[i]);
	strbuf_puts(&rest, entry->tag);
	for (size_t i = 0; names.n > 0 && i < att->n_addresses; i++) {
		const struct ip_text addr = ip_addr_text(&att->addresses[i].prefix.addr);

		entry->lines[entry->n++] = (struct entry_line){
			.text = xasprintf("%s%s", addr.text, rest.text),
			.addr_len = strlen(addr.text),
		};
	}
	strlist_free(&names);
	if (rest.len > LINE_MAX_BYTES)
		return err_set(err, E2BIG,
			       "the container's names are too long for a line of /etc/hosts (%zu "
			       "bytes of %d): give it fewer aliases",
			       rest.len, LINE_MAX_BYTES);
	return 0;
}

/*
 * Is the line of this attachment, or of an address that it has now? One that stands as it should is
 * left there: its readers would miss it for a moment.
 */
static bool is_replaced(const struct hosts *hosts, const struct line *line, struct entry *entry)
{
	const char *text = hosts->text + line->at;
	bool replaced = has_tag(hosts, line, entry->tag);

	for (size_t i = 0; i < entry->n; i++) {
		struct entry_line *mine = &entry->lines[i];
		const size_t len = strlen(mine->text);

		if (line->len <= mine->addr_len || memcmp(text, mine->text, mine->addr_len) != 0 ||
		    text[mine->addr_len] != ' ')
			continue;
		if (!mine->stands && line->len >= len && memcmp(text, mine->text, len) == 0 &&
		    strspn(text + len, " ") >= line->len - len) {
			mine->stands = true;
			return false;
		}
		replaced = true;
	}
	return replaced;
}

static int replace_lines(struct hosts *hosts, struct entry *entry, struct err *err)
{
	for (struct line line = { .at = 0 }; next_line(hosts, &line);) {
		if (!is_free(hosts, &line) && is_replaced(hosts, &line, entry) &&
		    take_out(hosts, &line, err) < 0)
			return -err->code;
	}
	for (size_t i = 0; i < entry->n; i++) {
		if (!entry->lines[i].stands && put_in(hosts, entry->lines[i].text, err) < 0)
			return -err->code;
	}
	return shorten(hosts, err);
}

int hosts_add(int state_fd, const struct network *net, const struct attachment *att,
	      struct err *err)
{
	autohosts struct hosts hosts = HOSTS_INIT;
	autoentry struct entry entry = { .tag = NULL };
	autoclose int network_fd = network_open_state(state_fd, net, err);
	int rc = network_fd < 0 ? network_fd : entry_make(att, &entry, err);

	if (rc >= 0)
		rc = hosts_open(network_fd, true, &hosts, err);
	if (rc > 0)
		rc = replace_lines(&hosts, &entry, err);
	return rc < 0 ? err_ctx(err, "network '%s'", net->name) : 0;
}

/* ---- looking ---- */

static void tell(const struct hosts_report *report, const char *what, const char *line, size_t len)
{
	while (len > 0 && line[len - 1] == ' ')
		len--;
	autofree char *text = xasprintf("hosts file: '%.*s' %s", (int)len, line, what);

	report->differs(report->ctx, text);
}

/* 1: read, without a lock, 0: there is none, or none that can be read as it is (said). */
static int read_unlocked(int state_fd, const char *network, struct hosts *hosts,
			 const struct hosts_report *report, struct err *err)
{
	autofree char *path = xasprintf("networks/%s/" HOSTS_NAME, network);
	const char *end = NULL;

	hosts->fd = openat(state_fd, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (hosts->fd < 0 && errno != ENOENT)
		return err_errno(err, "open '%s'", path);
	if (hosts->fd >= 0 &&
	    file_read_fd(hosts->fd, path, HOSTS_MAX, &hosts->text, &hosts->len, err) < 0)
		return -err->code;
	if (hosts->fd < 0 || hosts->len < HEADER_LEN ||
	    memcmp(hosts->text, header, HEADER_LEN) != 0) {
		report->differs(report->ctx, hosts->fd < 0 ? "hosts file: is missing"
							   : "hosts file: is damaged");
		return 0;
	}
	/* Half a line: its writer died. */
	end = memrchr(hosts->text, '\n', hosts->len);
	hosts->len = (size_t)(end - hosts->text) + 1;
	return 1;
}

int hosts_check(int state_fd, const struct attachment *att, const struct hosts_report *report,
		struct err *err)
{
	autohosts struct hosts hosts = HOSTS_INIT;
	autoentry struct entry entry = { .tag = NULL };
	int rc = entry_make(att, &entry, err);

	if (rc >= 0)
		rc = read_unlocked(state_fd, att->network, &hosts, report, err);
	for (struct line line = { .at = 0 }; rc > 0 && next_line(&hosts, &line);) {
		if (!is_free(&hosts, &line) && is_replaced(&hosts, &line, &entry))
			tell(report, "is not as recorded", hosts.text + line.at, line.len);
	}
	for (size_t i = 0; rc > 0 && i < entry.n; i++) {
		if (!entry.lines[i].stands)
			tell(report, "is missing", entry.lines[i].text,
			     strlen(entry.lines[i].text));
	}
	return rc < 0 ? rc : 0;
}

/* ---- taking out ---- */

struct removal {
	/* one of them: the lines with this tag, or those whose owner is gone */
	const char *tag;
	const struct hosts_gc *gc;
	int removed;
};

static bool goes(const struct hosts *hosts, const struct line *line, const struct removal *removal)
{
	autofree char *id = NULL;
	autofree char *ifname = NULL;

	if (removal->tag)
		return has_tag(hosts, line, removal->tag);
	return !line_owner(hosts, line, &id, &ifname) ||
	       !removal->gc->alive(removal->gc->ctx, id, ifname);
}

static int remove_from(int state_fd, const char *network, struct removal *removal, struct err *err)
{
	autohosts struct hosts hosts = HOSTS_INIT;
	autofree char *path = xasprintf("networks/%s", network);
	autoclose int fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const int before = removal->removed;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open '%s'", path);
	int rc = hosts_open(fd, false, &hosts, err);

	for (struct line line = { .at = 0 }; rc > 0 && next_line(&hosts, &line);) {
		if (is_free(&hosts, &line) || !goes(&hosts, &line, removal))
			continue;
		removal->removed++;
		if (take_out(&hosts, &line, err) < 0)
			rc = -err->code;
	}
	if (rc > 0 && removal->removed > before)
		rc = shorten(&hosts, err);
	return rc < 0 ? err_ctx(err, "network '%s'", network) : 0;
}

static DIR *open_networks(int state_fd)
{
	int fd = openat(state_fd, "networks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 ? fdopendir(fd) : NULL;
}

static int remove_from_all(int state_fd, struct removal *removal, struct err *err)
{
	autodir DIR *dir = open_networks(state_fd);
	int rc = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, "read state folder 'networks'");
	for (const struct dirent *e; rc >= 0 && (e = readdir(dir));) {
		struct err foreign = ERR_INIT;

		if (str_check_name(e->d_name, "network", &foreign) >= 0)
			rc = remove_from(state_fd, e->d_name, removal, err);
	}
	return rc;
}

static bool is_networks(int networks_fd, const char *network, const struct stat *file)
{
	autofree char *path = xasprintf("%s/" HOSTS_NAME, network);
	struct stat shared;

	return fstatat(networks_fd, path, &shared, AT_SYMLINK_NOFOLLOW) == 0 &&
	       shared.st_dev == file->st_dev && shared.st_ino == file->st_ino;
}

int hosts_is_linked(int state_fd, int folder_fd, const char *network, struct err *err)
{
	struct stat own;

	if (fstatat(folder_fd, HOSTS_NAME, &own, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "stat the container's hosts file");
	autodir DIR *dir = open_networks(state_fd);

	if (!dir)
		return err_errno(err, "read state folder 'networks'");
	if (is_networks(dirfd(dir), network, &own))
		return 1;
	for (const struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] != '.' && is_networks(dirfd(dir), e->d_name, &own))
			return 0;
	}
	return err_set(err, ENOENT, "the container's hosts file is of a network that is gone");
}

int hosts_remove(int state_fd, const char *network, const char *container, const char *ifname,
		 struct err *err)
{
	autofree char *tag = tag_of(container, ifname);
	struct removal removal = { .tag = tag };

	return network ? remove_from(state_fd, network, &removal, err)
		       : remove_from_all(state_fd, &removal, err);
}

int hosts_collect(int state_fd, const struct hosts_gc *gc, struct err *err)
{
	struct removal removal = { .gc = gc };
	int rc = remove_from_all(state_fd, &removal, err);

	return rc < 0 ? rc : removal.removed;
}
