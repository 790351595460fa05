/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/config/config.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "runtime/config/config_tables.h"

#define HOST_NAME_BYTES 64 /* __NEW_UTS_LEN, sethostname(2) */

/* In the order of enum ns_type. */
static const char *const namespace_names[NS_COUNT] = {
	"user", "cgroup", "ipc", "uts", "network", "pid", "mount", "time",
};

/* In the order of enum hook_kind. */
static const char *const hook_names[HOOK_COUNT] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

const char *config_namespace_name(enum ns_type type)
{
	return namespace_names[type];
}

const char *config_hook_name(enum hook_kind kind)
{
	return hook_names[kind];
}

/* ---- ociVersion: SemVer 2.0, any 1.x.y ---- */

/* One number without leading zeros; *s moves behind it. */
static bool version_number(const char **s)
{
	size_t digits = strspn(*s, "0123456789");
	bool good = digits == 1 || (digits > 1 && digits < 10 && **s != '0');

	*s += digits;
	return good;
}

/* Identifiers with dots between them, behind '-' (strict: numbers have no leading 0) or '+'. */
static bool version_identifiers(const char **s, bool strict)
{
	static const char chars[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-";

	for (;;) {
		size_t len = strspn(*s, chars);
		size_t digits = strspn(*s, "0123456789");

		if (len == 0 || (strict && digits == len && len > 1 && **s == '0'))
			return false;
		*s += len;
		if (**s != '.')
			return true;
		(*s)++;
	}
}

static bool version_is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		if (i > 0 && *s++ != '.')
			return false;
		if (!version_number(&s))
			return false;
	}
	if (*s == '-') {
		s++;
		if (!version_identifiers(&s, true))
			return false;
	}
	if (*s == '+') {
		s++;
		if (!version_identifiers(&s, false))
			return false;
	}
	return *s == '\0';
}

static int check_version(const char *version, const struct json_path *path, struct err *err)
{
	if (!version_is_semver(version))
		return json_fail(path, err, "'%s' is not a version as SemVer 2.0 writes it",
				 version);
	if (!str_starts(version, "1."))
		return json_fail(path, err, "'%s' is not supported; %s to %s is", version,
				 CONFIG_OCI_VERSION_MIN, CONFIG_OCI_VERSION_MAX);
	return 0;
}

/* ---- the top of the document ---- */

static const struct json_field root_fields[] = {
	{ "path", json_decode_string, offsetof(struct config, root.path), JSON_REQUIRED, NULL, 0 },
	{ "readonly", json_decode_bool, offsetof(struct config, root.readonly), 0, NULL, 0 },
};

static const struct json_table root_table = {
	.fields = root_fields,
	.n_fields = ARRAY_SIZE(root_fields),
};

static int check_host_name(const char *name, const struct json_path *path, struct err *err)
{
	if (name && strlen(name) > HOST_NAME_BYTES)
		return json_fail(path, err, "is %zu bytes long; the kernel takes %d at the most",
				 strlen(name), HOST_NAME_BYTES);
	return 0;
}

static int check_top(void *item, const struct json_path *path, struct err *err)
{
	struct config *config = item;
	int rc = check_version(config->oci_version, config_at(path, "ociVersion"), err);

	if (rc < 0)
		return rc;
	if (config->root.path[0] == '\0')
		return json_fail(config_at(config_at(path, "root"), "path"), err,
				 "must not be empty");
	rc = check_host_name(config->hostname, config_at(path, "hostname"), err);
	if (rc < 0)
		return rc;
	rc = check_host_name(config->domainname, config_at(path, "domainname"), err);
	if (rc < 0)
		return rc;
	if (strmap_get(&config->annotations, ""))
		return json_fail(config_at(path, "annotations"), err, "has an empty key");
	return config_check(config, path, err);
}

#define AT(member) offsetof(struct config, member)
static const struct json_field top_fields[] = {
	{ "ociVersion", json_decode_string, AT(oci_version), JSON_REQUIRED, NULL, 0 },
	{ "root", json_decode_object, 0, JSON_REQUIRED, &root_table, 0 },
	{ "process", json_decode_object, AT(process), 0, &config_process_table, AT(has_process) },
	{ "hostname", json_decode_string, AT(hostname), 0, NULL, 0 },
	{ "domainname", json_decode_string, AT(domainname), 0, NULL, 0 },
	{ "mounts", json_decode_array, AT(mounts), 0, &config_mount_table, 0 },
	{ "hooks", json_decode_object, AT(hooks), 0, &config_hooks_table, 0 },
	{ "annotations", json_decode_map, AT(annotations), 0, NULL, 0 },
	{ "linux", json_decode_object, 0, 0, &config_linux_table, 0 },
	/* of other platforms */
	{ "freebsd", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "solaris", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "vm", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "windows", NULL, 0, JSON_IGNORED, NULL, 0 },
	{ "zos", NULL, 0, JSON_IGNORED, NULL, 0 },
};
#undef AT

static const struct json_table top_table = {
	.fields = top_fields,
	.n_fields = ARRAY_SIZE(top_fields),
	.check = check_top,
};

int config_parse(const char *text, size_t len, struct config **config, struct err *err)
{
	autojson json_node *document = NULL;
	autoconfig struct config *parsed = xcalloc(1, sizeof(*parsed));
	int rc;

	if (len > CONFIG_MAX_BYTES)
		return err_set(err, EFBIG, "config.json: is larger than %u MiB",
			       CONFIG_MAX_BYTES >> 20);
	rc = json_parse(text, len, "config.json", &document, err);
	if (rc < 0)
		return rc;
	if (!json_is_object(document))
		return err_set(err, EINVAL, "config.json: must be a JSON object");
	rc = json_decode(document, "config.json", &top_table, parsed, err);
	if (rc < 0)
		return rc;
	*config = take_ptr(&parsed);
	return 0;
}

int config_load_at(int dir_fd, const char *name, struct config **config, char **text,
		   size_t *text_len, struct err *err)
{
	autofree char *read_text = NULL;
	size_t len = 0;
	int rc = file_read_at(dir_fd, name, CONFIG_MAX_BYTES, &read_text, &len, err);

	if (rc < 0)
		return rc;
	rc = config_parse(read_text, len, config, err);
	if (rc < 0)
		return rc;
	if (text)
		*text = take_ptr(&read_text);
	if (text_len)
		*text_len = len;
	return 0;
}

int config_name(int rc, struct err *err)
{
	return rc < 0 && str_starts(err->msg, "linux.") ? err_ctx(err, "config.json") : rc;
}

void config_free(struct config **config)
{
	struct config *c = *config;

	if (!c)
		return;
	free(c->oci_version);
	free(c->root.path);
	config_process_free(&c->process);
	free(c->hostname);
	free(c->domainname);
	config_mounts_free(&c->mounts);
	for (int i = 0; i < HOOK_COUNT; i++)
		config_hooks_free(&c->hooks[i]);
	strmap_free(&c->annotations);
	for (int i = 0; i < NS_COUNT; i++)
		free(c->namespaces[i].path);
	config_intel_rdt_free(&c->intel_rdt);
	free(c->uid_maps.items);
	free(c->gid_maps.items);
	config_devices_free(&c->devices);
	strmap_free(&c->sysctl);
	free(c->mount_label);
	strlist_free(&c->masked_paths);
	strlist_free(&c->readonly_paths);
	config_seccomp_free(&c->seccomp);
	free(c->cgroups_path);
	resources_free(&c->resources);
	free(c);
	*config = NULL;
}
