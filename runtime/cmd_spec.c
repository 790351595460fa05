/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/json.h"
#include "runtime/cmds.h"
#include "runtime/config/config.h"

/*
 * A config.json that runs as it is, with a rootfs/ beside it: what `runc spec` writes, without what
 * this runtime does not apply.
 */
#ifndef CT_BINDIR
#define CT_BINDIR "/usr/local/bin"
#endif
#define NETNS_PROGRAM "ct-netns"
/* The lowest that has all in it, since other runtimes refuse versions that are newer than they are. */
#define SPEC_VERSION "1.0.2"

struct spec_options {
	const char *bundle;
	bool net;
	bool rootless; /* for this very user */
};

#define MOUNT_OPTIONS_MAX 6

static const struct spec_mount {
	const char *destination, *type, *source;
	const char *options[MOUNT_OPTIONS_MAX + 1];
} mounts[] = {
	{ "/proc", "proc", "proc", { NULL } },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k", NULL } },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", NULL } },
	{ "/dev/shm",
	  "tmpfs",
	  "shm",
	  { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k", NULL } },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev", NULL } },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro", NULL } },
};

static const char *const capabilities[] = {
	"CAP_AUDIT_WRITE",
	"CAP_KILL",
	"CAP_NET_BIND_SERVICE",
	NULL,
};

static const char *const args[] = { "sh", NULL };

static const char *const env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
	NULL,
};

static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/sys/firmware",
	"/proc/scsi",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static const enum ns_type namespaces[] = { NS_PID, NS_NET, NS_IPC, NS_UTS, NS_MOUNT };

static void put_strings(json_node *object, const char *key, const char *const *strings)
{
	json_node *array = json_put_array(object, key);

	for (; *strings; strings++)
		json_append_string(array, *strings);
}

static void put_process(json_node *spec)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	json_node *process = json_put_object(spec, "process");
	json_node *node;

	json_put_bool(process, "terminal", false);
	node = json_put_object(process, "user");
	json_put_int(node, "uid", 0);
	json_put_int(node, "gid", 0);
	put_strings(process, "args", args);
	put_strings(process, "env", env);
	json_put_string(process, "cwd", "/");
	node = json_put_object(process, "capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		put_strings(node, sets[i], capabilities);
	node = json_object();
	json_put_string(node, "type", "RLIMIT_NOFILE");
	json_put_int(node, "hard", 1024);
	json_put_int(node, "soft", 1024);
	json_append(json_put_array(process, "rlimits"), node);
	json_put_bool(process, "noNewPrivileges", true);
}

/* A group that this user cannot map: the terminals belong to the user's own then. */
static bool is_left_out(const char *option, bool rootless)
{
	return rootless && (str_starts(option, "gid=") || str_starts(option, "uid="));
}

static void put_options(json_node *mount, const char *const *options, bool rootless)
{
	json_node *array = json_put_array(mount, "options");

	for (; *options; options++)
		if (!is_left_out(*options, rootless))
			json_append_string(array, *options);
}

static void put_mounts(json_node *spec, bool rootless)
{
	json_node *array = json_put_array(spec, "mounts");

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		json_node *mount = json_object();

		json_put_string(mount, "destination", mounts[i].destination);
		json_put_string(mount, "type", mounts[i].type);
		json_put_string(mount, "source", mounts[i].source);
		if (mounts[i].options[0])
			put_options(mount, mounts[i].options, rootless);
		json_append(array, mount);
	}
}

static void put_namespace(json_node *array, enum ns_type type)
{
	json_node *ns = json_object();

	json_put_string(ns, "type", config_namespace_name(type));
	json_append(array, ns);
}

/* The one mapping that the kernel lets every user make. */
static void put_own_id(json_node *linux_node, const char *key, int64_t id)
{
	json_node *map = json_object();

	json_put_int(map, "containerID", 0);
	json_put_int(map, "hostID", id);
	json_put_int(map, "size", 1);
	json_append(json_put_array(linux_node, key), map);
}

/* No device but those that every container has. */
static void put_device_rule(json_node *linux_node)
{
	json_node *resources = json_put_object(linux_node, "resources");
	json_node *rule = json_object();

	json_put_bool(rule, "allow", false);
	json_put_string(rule, "access", "rwm");
	json_append(json_put_array(resources, "devices"), rule);
}

static void put_linux(json_node *spec, bool rootless)
{
	json_node *linux_node = json_put_object(spec, "linux");
	json_node *array = json_put_array(linux_node, "namespaces");

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
		put_namespace(array, namespaces[i]);
	if (rootless) {
		put_namespace(array, NS_USER);
		put_own_id(linux_node, "uidMappings", geteuid());
		put_own_id(linux_node, "gidMappings", getegid());
	}
	/* A normal user sets no device rules, and makes no nodes. */
	if (!rootless)
		put_device_rule(linux_node);
	put_strings(linux_node, "maskedPaths", masked_paths);
	put_strings(linux_node, "readonlyPaths", readonly_paths);
}

/* ct-netns beside this program, as built or installed; else where it would be installed. */
static char *find_netns_program(void)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len > 0) {
		autofree char *path = NULL;

		self[len] = '\0';
		*strrchr(self, '/') = '\0';
		path = xasprintf("%s/" NETNS_PROGRAM, self);
		if (access(path, X_OK) == 0)
			return take_ptr(&path);
	}
	return xstrdup(CT_BINDIR "/" NETNS_PROGRAM);
}

static void put_net_hooks(json_node *spec)
{
	static const char *const hook_args[] = { NETNS_PROGRAM, NULL };
	static const enum hook_kind kinds[] = { HOOK_CREATE_RUNTIME, HOOK_POSTSTOP };
	json_node *hooks = json_put_object(spec, "hooks");
	autofree char *path = find_netns_program();

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		json_node *hook = json_object();

		json_put_string(hook, "path", path);
		put_strings(hook, "args", hook_args);
		json_append(json_put_array(hooks, config_hook_name(kinds[i])), hook);
	}
}

static json_node *make_spec(const struct spec_options *o)
{
	json_node *spec = json_object();
	json_node *root;

	json_put_string(spec, "ociVersion", SPEC_VERSION);
	put_process(spec);
	root = json_put_object(spec, "root");
	json_put_string(root, "path", "rootfs");
	json_put_bool(root, "readonly", true);
	json_put_string(spec, "hostname", "ct-runtime");
	put_mounts(spec, o->rootless);
	if (o->net)
		put_net_hooks(spec);
	put_linux(spec, o->rootless);
	return spec;
}

static int spec_write(const char *bundle, const char *text, struct err *err)
{
	autoclose int bundle_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = -1;
	int rc;

	if (bundle_fd < 0)
		return err_errno(err, "bundle '%s'", bundle);
	fd = openat(bundle_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		return err_set(err, EEXIST,
			       "'%s/config.json' is there already; remove it to get a new one",
			       bundle);
	if (fd < 0)
		return err_errno(err, "make '%s/config.json'", bundle);
	rc = file_write_all(fd, text, strlen(text), "config.json", err);
	if (rc < 0)
		(void)unlinkat(bundle_fd, "config.json", 0);
	return rc;
}

static int spec_run(void *globals, void *options, char **words, int n_words, struct err *err)
{
	const struct spec_options *opts = options;

	if (opts->net && opts->rootless)
		return err_set(err, EINVAL,
			       "--net and --rootless exclude each other: " NETNS_PROGRAM
			       " needs rights over the host's network");
	autojson json_node *spec = make_spec(opts);
	autofree char *json = json_print(spec, true);
	autofree char *text = xasprintf("%s\n", json);
	int rc = spec_write(opts->bundle ? opts->bundle : ".", text, err);

	(void)globals;
	(void)words;
	(void)n_words;
	return rc < 0 ? rc : 0;
}

static const struct cmd_option spec_option_table[] = {
	{ .name = "bundle",
	  .short_name = 'b',
	  .type = CMD_STRING,
	  .offset = offsetof(struct spec_options, bundle),
	  .value = "PATH",
	  .help = "folder to write config.json into (default: this one)" },
	{ .name = "net",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct spec_options, net),
	  .help = "add the hooks that give the container a network (" NETNS_PROGRAM ")" },
	{ .name = "rootless",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct spec_options, rootless),
	  .help = "for the user who calls: a user namespace with that user as its root" },
};

const struct cmd cmd_spec = {
	.name = "spec",
	.args = "",
	.help = "write a config.json that runs a shell in rootfs/",
	.options = spec_option_table,
	.n_options = ARRAY_SIZE(spec_option_table),
	.run = spec_run,
	.options_size = sizeof(struct spec_options),
};
