/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/seccomp_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"

/* Another number for another layout, or for another code from the same profile. */
#define MAGIC         "ctbpf-1\n"
#define FILE_MAX      (sizeof(struct header) + BPF_MAXINSNS * sizeof(struct sock_filter))
#define NAME_BYTES    (2 * SHA256_BYTES + 1)
#define OTHERS_ACCESS (S_IRWXG | S_IRWXO)

struct header {
	char magic[8];
	struct seccomp_key key;
	uint8_t code_hash[SHA256_BYTES];
	uint64_t n; /* instructions that follow */
};

/* ---- the key ---- */

/* Lengths go before texts, so that no two profiles read the same. */
static void add_text(struct strbuf *sb, const char *text)
{
	strbuf_printf(sb, "%zu:%s,", strlen(text), text);
}

static void add_rule(struct strbuf *sb, const struct config_seccomp_rule *rule)
{
	strbuf_printf(sb, "\nrule %d %d %lld %zu %zu ", rule->action, rule->has_errno,
		      (long long)rule->errno_ret, rule->names.n, rule->args.n);
	for (size_t i = 0; i < rule->names.n; i++)
		add_text(sb, rule->names.items[i]);
	for (size_t i = 0; i < rule->args.n; i++) {
		const struct config_seccomp_arg *arg = &rule->args.items[i];

		strbuf_printf(sb, " %lld %d %llx %llx", (long long)arg->index, arg->op,
			      (unsigned long long)arg->value, (unsigned long long)arg->value_two);
	}
}

void seccomp_cache_key(const struct config_seccomp *profile, struct seccomp_key *key)
{
	autostrbuf struct strbuf sb = { 0 };
	const struct scmp_version *lib = seccomp_version();
	struct utsname kernel;

	(void)uname(&kernel);
	strbuf_puts(&sb, MAGIC);
	strbuf_printf(&sb, "libseccomp %u.%u.%u ", lib->major, lib->minor, lib->micro);
	add_text(&sb, kernel.release);
	add_text(&sb, kernel.machine);
	strbuf_printf(&sb, "\ndefault %d %d %lld", profile->default_action,
		      profile->has_default_errno, (long long)profile->default_errno);
	for (size_t i = 0; i < profile->archs.n; i++)
		strbuf_printf(&sb, " arch %x", profile->archs.items[i]);
	for (size_t i = 0; i < profile->rules.n; i++)
		add_rule(&sb, &profile->rules.items[i]);
	sha256(sb.text, sb.len, key->hash);
}

static void name_of(const struct seccomp_key *key, char name[NAME_BYTES])
{
	for (size_t i = 0; i < SHA256_BYTES; i++)
		(void)snprintf(name + 2 * i, 3, "%02x", key->hash[i]);
}

/* ---- reading ---- */

static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & OTHERS_ACCESS);
}

static int open_folder(const char *root)
{
	autofree char *path = xasprintf("%s/" SECCOMP_CACHE_DIR, root);
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && is_ours(fd, S_IFDIR) ? take_fd(&fd) : -1;
}

/* The code behind the header, when all that the header says of it is true. */
static const struct sock_filter *check(const char *text, size_t len, const struct seccomp_key *key,
				       struct header *header)
{
	uint8_t hash[SHA256_BYTES];

	if (len < sizeof(*header))
		return NULL;
	memcpy(header, text, sizeof(*header));
	if (memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0 ||
	    memcmp(&header->key, key, sizeof(*key)) != 0 || header->n == 0 ||
	    header->n > BPF_MAXINSNS ||
	    len != sizeof(*header) + header->n * sizeof(struct sock_filter))
		return NULL;
	sha256(text + sizeof(*header), len - sizeof(*header), hash);
	if (memcmp(hash, header->code_hash, sizeof(hash)) != 0)
		return NULL;
	return (const struct sock_filter *)(const void *)(text + sizeof(*header));
}

bool seccomp_cache_get(const char *root, const struct seccomp_key *key,
		       struct seccomp_filter *filter)
{
	autofree char *text = NULL;
	char name[NAME_BYTES];
	size_t len = 0;
	struct header header;
	struct err err = ERR_INIT;
	autoclose int dir_fd = open_folder(root);

	if (dir_fd < 0)
		return false;
	name_of(key, name);
	autoclose int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	if (!is_ours(fd, S_IFREG) || file_read_fd(fd, name, FILE_MAX, &text, &len, &err) < 0) {
		log_warning("seccomp cache: '%s/" SECCOMP_CACHE_DIR "/%s' is not ours, ignoring",
			    root, name);
		return false;
	}
	const struct sock_filter *code = check(text, len, key, &header);

	if (!code) {
		log_warning("seccomp cache: '%s/" SECCOMP_CACHE_DIR "/%s' is damaged, ignoring",
			    root, name);
		return false;
	}
	(void)futimens(fd, NULL); /* when it was used, for make_room */
	filter->n = header.n;
	filter->code = xreallocarray(NULL, header.n, sizeof(*code));
	memcpy(filter->code, code, header.n * sizeof(*code));
	return true;
}

/* ---- writing ---- */

static bool is_older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec
						      : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

/* Room for one more. A killed writer's temporary files count, and age. */
static void make_room(int dir_fd)
{
	for (;;) {
		int list_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		autodir DIR *dir = list_fd >= 0 ? fdopendir(list_fd) : NULL;
		autofree char *oldest_name = NULL;
		struct stat st, oldest = { 0 };
		size_t n = 0;

		if (!dir)
			return;
		for (const struct dirent *e; (e = readdir(dir));) {
			if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..") ||
			    fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
				continue;
			if (n++ > 0 && !is_older(&st, &oldest))
				continue;
			oldest = st;
			free(oldest_name);
			oldest_name = xstrdup(e->d_name);
		}
		struct err err = ERR_INIT;

		if (n < SECCOMP_CACHE_MAX || file_remove_tree_at(dir_fd, oldest_name, &err) < 0)
			return;
	}
}

/* A stranger's folder stays as it is: then nothing is kept. */
static int make_folder(const char *root, struct err *err)
{
	autofree char *path = xasprintf("%s/" SECCOMP_CACHE_DIR, root);
	int rc = file_mkdir_p(root, 0700, err);

	if (rc < 0)
		return rc;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "create folder '%s'", path);
	int fd = open_folder(root);

	return fd < 0 ? err_set(err, EPERM, "'%s' is not a folder of ours alone", path) : fd;
}

static int write_file(const char *root, const struct seccomp_key *key,
		      const struct seccomp_filter *filter, struct err *err)
{
	autostrbuf struct strbuf sb = { 0 };
	struct header header = { .magic = MAGIC, .key = *key, .n = filter->n };
	size_t code_len = filter->n * sizeof(*filter->code);
	char name[NAME_BYTES];
	autoclose int dir_fd = make_folder(root, err);

	if (dir_fd < 0)
		return dir_fd;
	make_room(dir_fd);
	sha256(filter->code, code_len, header.code_hash);
	strbuf_add(&sb, (const char *)&header, sizeof(header));
	strbuf_add(&sb, (const char *)filter->code, code_len);
	name_of(key, name);
	return file_write_atomic_at(dir_fd, name, sb.text, sb.len, 0600, err);
}

void seccomp_cache_put(const char *root, const struct seccomp_key *key,
		       const struct seccomp_filter *filter)
{
	struct err err = ERR_INIT;

	if (write_file(root, key, filter, &err) < 0)
		log_debug("seccomp cache: %s; ignoring", err.msg);
}
