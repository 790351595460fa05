/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CONFIG_H
#define CT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/json.h"
#include "common/str.h"
#include "runtime/config/config_seccomp.h"
#include "runtime/resources.h"

/*
 * config.json of the OCI runtime-spec (config.md, config-linux.md) as the runtime works with it:
 * decoded by tables, checked once, read-only from then on. What a property asks for is in here, or
 * it was an error: nothing is dropped silently.
 */
#define CONFIG_MAX_BYTES          (4u << 20)
#define CONFIG_OCI_VERSION_MIN    "1.0.0"
#define CONFIG_OCI_VERSION_MAX    "1.3.0"
#define CONFIG_HOOK_TIMEOUT_MAX_S 2147483

enum ns_type { /* in the order in which they are entered (user first, see namespaces.c) */
	NS_USER,
	NS_CGROUP,
	NS_IPC,
	NS_UTS,
	NS_NET,
	NS_PID,
	NS_MOUNT,
	NS_TIME,
	NS_COUNT
};

struct config_namespace {
	bool present;
	char *path; /* NULL: make a new one; else join this one, never pin or remove it */
};

struct config_id_map {
	int64_t container_id, host_id, size;
};

struct config_id_maps {
	struct config_id_map *items;
	size_t n;
};

struct config_mount {
	char *destination; /* as written; resolved below the rootfs, "/" when it is relative */
	char *source;      /* NULL: none. Relative to the bundle for binds */
	char *type;        /* NULL: none */
	struct strlist options;
	struct config_id_maps uid_maps, gid_maps; /* both or none: of an idmapped mount */
};

struct config_mounts {
	struct config_mount *items;
	size_t n;
};

struct config_device {
	char *path; /* absolute, in the container */
	int type;   /* 'c', 'b' or 'p' (a fifo: no numbers) */
	bool has_major, has_minor;
	int64_t major, minor;
	bool has_file_mode;
	int64_t file_mode; /* permission bits alone */
	int64_t uid, gid;  /* 0 when unset */
};

struct config_devices {
	struct config_device *items;
	size_t n;
};

struct config_time_offset {
	bool present;
	int64_t secs, nanosecs;
};

struct config_rlimit {
	int resource;        /* RLIMIT_* */
	struct rlimit limit; /* RLIM_INFINITY from 2^64-1 */
};

struct config_rlimits {
	struct config_rlimit *items;
	size_t n;
};

struct config_capabilities {
	bool present;
	struct strlist bounding, effective, inheritable, permitted, ambient;
	struct strlist unknown; /* "config.json: …: unknown capability 'X'", for caps_warn */
};

struct config_gids {
	int64_t *items;
	size_t n;
};

struct config_user {
	int64_t uid, gid; /* never (uid_t)-1 */
	bool has_umask;
	int64_t umask;
	struct config_gids additional_gids;
};

/* Of CPUs or NUMA nodes, as the kernel's calls take a set of them. */
#define CONFIG_NUMBERS_MAX 1024
#define CONFIG_WORD_BITS   (8 * sizeof(unsigned long))
struct config_numbers {
	bool present; /* at least one */
	unsigned long words[CONFIG_NUMBERS_MAX / CONFIG_WORD_BITS];
};

struct config_scheduler {
	bool present;
	int policy, flags;      /* SCHED_*, SCHED_FLAG_* */
	int64_t nice, priority; /* each 0 where the policy does not look at it */
	int64_t runtime_ns, deadline_ns, period_ns;
};

struct config_io_priority {
	bool present;
	int class; /* IOPRIO_CLASS_* */
	int64_t priority;
};

struct config_cpu_affinity { /* of processes that exec brings in */
	struct config_numbers initial, final;
};

struct config_memory_policy {
	bool present;
	int mode, flags; /* MPOL_*, MPOL_F_* */
	struct config_numbers nodes;
};

struct config_personality {
	bool present;
	int domain; /* PER_* */
};

/* Names that config.json and the features command share; each ends with NULL. */
extern const struct json_enum config_rlimit_names[], config_scheduler_policies[],
	config_scheduler_flags[], config_io_classes[], config_memory_modes[], config_memory_flags[],
	config_personality_domains[];

struct config_console_size {
	bool present;
	int64_t height, width; /* characters; fit struct winsize */
};

struct config_process {
	bool present;
	bool terminal;
	struct config_console_size console_size; /* says nothing without a terminal */
	struct config_user user;
	struct strlist args, env;
	char *cwd;
	struct config_capabilities capabilities;
	struct config_rlimits rlimits;
	bool no_new_privileges;
	bool has_oom_score_adj;
	int64_t oom_score_adj;
	struct config_scheduler scheduler;
	struct config_io_priority io_priority;
	struct config_cpu_affinity cpu_affinity;
	char *apparmor_profile, *selinux_label; /* NULL: unset, never "" */
};

enum hook_kind { /* in the order of a container's life */
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_COUNT
};

struct config_hook {
	char *path;          /* absolute; no PATH search */
	struct strlist args; /* whole argv; empty: {path} */
	bool has_env;        /* an empty env is an empty environment, none is inherited then */
	struct strlist env;
	bool has_timeout;
	int64_t timeout_s; /* 1..CONFIG_HOOK_TIMEOUT_MAX_S, so that its milliseconds fit an int */
};

struct config_hooks {
	struct config_hook *items;
	size_t n;
};

struct config_intel_rdt {
	char *clos_id; /* NULL: a class of the container's own; "/": the one that everything is in */
	char *l3_schema, *mem_bw_schema;
	struct strlist schemata; /* one line each */
	bool monitoring;
	bool cmt, mbm; /* older names of monitoring, taken together in it */
};

struct config {
	char *oci_version;
	struct {
		char *path; /* as written */
		bool readonly;
	} root;
	bool has_process;
	struct config_process process;
	char *hostname, *domainname; /* NULL: unset */
	struct config_mounts mounts;
	struct config_hooks hooks[HOOK_COUNT];
	struct strmap annotations;
	struct config_namespace namespaces[NS_COUNT];
	struct config_id_maps uid_maps, gid_maps;
	struct config_devices devices;
	struct strmap sysctl; /* keys as written; sysctl.h knows their forms */
	struct config_time_offset monotonic, boottime;
	struct strlist masked_paths, readonly_paths;
	struct config_seccomp seccomp;
	bool has_intel_rdt;
	struct config_intel_rdt intel_rdt;
	char *mount_label; /* SELinux; NULL: unset */
	struct config_memory_policy memory_policy;
	struct config_personality personality;
	char *cgroups_path; /* NULL: unset; its form is cgroup_path.h's business */
	struct resources resources;
	int rootfs_propagation; /* MS_SHARED…, with MS_REC; 0: unset */
};

/*
 * Decode and check. Every error names file, key path and value ("config.json: process.user.uid:
 * must be an integer 0..4294967295"). What needs the host (does root.path exist) is not looked at.
 */
int config_parse(const char *text, size_t len, struct config **config, struct err *err);
/* From bundle_fd/config.json; *text (may be NULL) gets the document as read, owned by the caller. */
int config_load_at(int dir_fd, const char *name, struct config **config, char **text,
		   size_t *text_len, struct err *err);
/* A process alone, as `exec --process` gets it; freed by config_process_free. */
int config_process_load(const char *path, struct config_process *process, struct err *err);
void config_process_free(struct config_process *process);
/* Before an error (rc < 0) that starts with a key path, of a part that `update` uses too: the document. */
int config_name(int rc, struct err *err);
void config_free(struct config **config);
#define autoconfig __attribute__((cleanup(config_free)))

/* The lines that uid_map and gid_map take, user_namespaces(7). The caller frees. */
char *config_id_map_text(const struct config_id_maps *maps);

/* "network", "mount", … as linux.namespaces[].type has them. */
const char *config_namespace_name(enum ns_type type);
/* "prestart", "createRuntime", … */
const char *config_hook_name(enum hook_kind kind);

#endif
