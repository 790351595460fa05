/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/features.h"

#include <ctype.h>
#include <seccomp.h>
#include <sys/capability.h>

#include "common/cleanup.h"
#include "common/str.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/config/config.h"
#include "runtime/mounts/mounts.h"

#define ANNOTATION "org.ct-runtime."

static void put_hooks(json_node *root)
{
	json_node *hooks = json_put_array(root, "hooks");

	for (enum hook_kind kind = 0; kind < HOOK_COUNT; kind++)
		json_append_string(hooks, config_hook_name(kind));
}

static void put_mount_options(json_node *root)
{
	json_node *options = json_put_array(root, "mountOptions");

	for (const char *const *name = mount_option_names(); *name; name++)
		json_append_string(options, *name);
}

static void put_namespaces(json_node *linux_node)
{
	json_node *namespaces = json_put_array(linux_node, "namespaces");

	for (enum ns_type type = 0; type < NS_COUNT; type++)
		json_append_string(namespaces, config_namespace_name(type));
}

/* All that the library has a name for; the kernel of this machine may know fewer, or more. */
static void put_capabilities(json_node *linux_node)
{
	json_node *capabilities = json_put_array(linux_node, "capabilities");

	for (cap_value_t cap = 0;; cap++) {
		char *name = cap_to_name(cap);
		bool known = name && str_starts(name, "cap_");

		for (char *p = name; known && *p; p++)
			*p = (char)toupper((unsigned char)*p);
		if (known)
			json_append_string(capabilities, name);
		(void)cap_free(name);
		if (!known)
			return;
	}
}

static void put_flag(json_node *linux_node, const char *feature, const char *flag, bool value)
{
	json_put_bool(json_put_object(linux_node, feature), flag, value);
}

static void put_intel_rdt(json_node *linux_node)
{
	json_node *rdt = json_put_object(linux_node, "intelRdt");

	json_put_bool(rdt, "enabled", true);
	json_put_bool(rdt, "schemata", true);
	json_put_bool(rdt, "monitoring", true);
}

static void put_names(json_node *object, const char *key, const struct json_enum *names)
{
	json_node *list = json_put_array(object, key);

	for (; names->name; names++)
		json_append_string(list, names->name);
}

/* Every flag that is known is supported too. */
static void put_seccomp(json_node *linux_node)
{
	json_node *seccomp = json_put_object(linux_node, "seccomp");

	json_put_bool(seccomp, "enabled", true);
	put_names(seccomp, "actions", config_seccomp_actions);
	put_names(seccomp, "operators", config_seccomp_operators);
	put_names(seccomp, "archs", config_seccomp_archs);
	put_names(seccomp, "knownFlags", config_seccomp_flags);
	put_names(seccomp, "supportedFlags", config_seccomp_flags);
}

static void put_memory_policy(json_node *linux_node)
{
	json_node *policy = json_put_object(linux_node, "memoryPolicy");

	put_names(policy, "modes", config_memory_modes);
	put_names(policy, "flags", config_memory_flags);
}

static void put_cgroup(json_node *linux_node)
{
	json_node *cgroup = json_put_object(linux_node, "cgroup");
	bool systemd = cgroup_has_backend("systemd");

	json_put_bool(cgroup, "v1", cgroup_has_backend("v1"));
	json_put_bool(cgroup, "v2", cgroup_has_backend("v2"));
	json_put_bool(cgroup, "systemd", systemd);
	json_put_bool(cgroup, "systemdUser", systemd);
	json_put_bool(cgroup, "rdma", true);
}

/* Whoever may write them makes systemd do things: an engine must not pass on a stranger's. */
static void put_unsafe_annotations(json_node *root)
{
	json_node *unsafe = json_put_array(root, "potentiallyUnsafeConfigAnnotations");

	if (cgroup_has_backend("systemd"))
		json_append_string(unsafe, "org.systemd.property.");
}

static void put_annotations(json_node *root)
{
	const struct scmp_version *library = seccomp_version();
	autofree char *text = xasprintf("%u.%u.%u", library->major, library->minor, library->micro);
	json_node *annotations = json_put_object(root, "annotations");

	json_put_string(annotations, ANNOTATION "version", CT_VERSION);
	json_put_string(annotations, "io.github.seccomp.libseccomp.version", text);
}

json_node *features_json(void)
{
	json_node *root = json_object();

	json_put_string(root, "ociVersionMin", CONFIG_OCI_VERSION_MIN);
	json_put_string(root, "ociVersionMax", CONFIG_OCI_VERSION_MAX);
	put_hooks(root);
	put_mount_options(root);
	json_node *linux_node = json_put_object(root, "linux");

	put_namespaces(linux_node);
	put_capabilities(linux_node);
	put_cgroup(linux_node);
	put_seccomp(linux_node);
	put_flag(linux_node, "apparmor", "enabled", true);
	put_flag(linux_node, "selinux", "enabled", true);
	put_memory_policy(linux_node);
	put_intel_rdt(linux_node);
	put_flag(json_put_object(linux_node, "mountExtensions"), "idmap", "enabled", true);
	/* Networks are for hooks. */
	put_flag(linux_node, "netDevices", "enabled", false);
	put_annotations(root);
	put_unsafe_annotations(root);
	return root;
}
