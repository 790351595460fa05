/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/cni_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/net/link.h"

enum {
	NEEDS_CONTAINER = 1 << 0,
	NEEDS_NETNS = 1 << 1,
	NEEDS_IFNAME = 1 << 2,
};

static const struct {
	const char *name;
	enum cni_verb verb;
	unsigned int needs;
} verbs[] = {
	{ "ADD", CNI_ADD, NEEDS_CONTAINER | NEEDS_NETNS | NEEDS_IFNAME },
	{ "DEL", CNI_DEL, NEEDS_CONTAINER | NEEDS_IFNAME },
	{ "CHECK", CNI_CHECK, NEEDS_CONTAINER | NEEDS_NETNS | NEEDS_IFNAME },
	{ "GC", CNI_GC, 0 },
	{ "STATUS", CNI_STATUS, 0 },
	{ "VERSION", CNI_VERSION, 0 },
};

void cni_env_free(struct cni_env *env)
{
	strlist_free(&env->ips);
	free(env->mac);
}

int cni_check_name(const char *name, const char *what, struct err *err)
{
	if (strchr(name, '+'))
		return err_set(err, EINVAL,
			       "%s: '%.64s' must be letters, digits, '_', '.' and '-', and begin "
			       "with a letter or digit",
			       what, name);
	return str_check_name(name, what, err);
}

static const char *get(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

/* ---- CNI_ARGS ---- */

static void add_ips(struct cni_env *env, const char *value)
{
	while (*value) {
		size_t len = strcspn(value, ",");

		strlist_take(&env->ips, xstrndup(value, len));
		value += len + (value[len] == ',');
	}
}

static int read_arg(struct cni_env *env, char *pair, bool *ignore_unknown, struct strlist *unknown,
		    struct err *err)
{
	char *value = strchr(pair, '=');

	if (!value)
		return err_set(err, EINVAL, "CNI_ARGS: '%.64s' is not KEY=VALUE", pair);
	*value++ = '\0';
	if (str_eq(pair, "IP")) {
		add_ips(env, value);
	} else if (str_eq(pair, "MAC")) {
		free(env->mac);
		env->mac = xstrdup(value);
	} else if (str_eq(pair, "IgnoreUnknown")) {
		*ignore_unknown = str_eq(value, "1") || str_eq(value, "true");
		if (!*ignore_unknown && !str_eq(value, "0") && !str_eq(value, "false"))
			return err_set(err, EINVAL,
				       "CNI_ARGS: IgnoreUnknown: '%.64s' is not true or false",
				       value);
	} else {
		strlist_add(unknown, pair);
	}
	return 0;
}

static int read_args(struct cni_env *env, const char *args, struct err *err)
{
	autofree char *copy = xstrdup(args);
	struct strlist unknown = { 0 };
	bool ignore_unknown = false;
	char *rest = copy;
	int rc = 0;

	while (rc >= 0 && *rest) {
		size_t len = strcspn(rest, ";");
		char *pair = rest;

		rest += len + (rest[len] == ';');
		pair[len] = '\0';
		if (len > 0)
			rc = read_arg(env, pair, &ignore_unknown, &unknown, err);
	}
	if (rc >= 0 && !ignore_unknown && unknown.n > 0)
		rc = err_set(err, EINVAL,
			     "CNI_ARGS: '%.64s' is not known (known are IP, MAC and IgnoreUnknown, "
			     "which lets others pass)",
			     unknown.items[0]);
	strlist_free(&unknown);
	return rc;
}

/* ---- all of it ---- */

static int find_verb(struct cni_env *env, unsigned int *needs, struct err *err)
{
	const char *name = get("CNI_COMMAND");

	for (size_t i = 0; name && i < ARRAY_SIZE(verbs); i++) {
		if (!str_eq(verbs[i].name, name))
			continue;
		env->verb = verbs[i].verb;
		*needs = verbs[i].needs;
		return 0;
	}
	return err_set(err, EINVAL,
		       "CNI_COMMAND: '%.64s' is none of ADD, DEL, CHECK, GC, STATUS, VERSION",
		       name ? name : "");
}

static int find_missing(const struct cni_env *env, unsigned int needs, struct err *err)
{
	const struct {
		const char *name;
		unsigned int bit;
		const char *value;
	} all[] = {
		{ "CNI_CONTAINERID", NEEDS_CONTAINER, env->container },
		{ "CNI_NETNS", NEEDS_NETNS, env->netns },
		{ "CNI_IFNAME", NEEDS_IFNAME, env->ifname },
	};
	autostrbuf struct strbuf missing = { .text = NULL };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if ((needs & all[i].bit) && !all[i].value)
			strbuf_printf(&missing, "%s%s", missing.len > 0 ? ", " : "", all[i].name);
	}
	return missing.len > 0
		       ? err_set(err, EINVAL, "missing from the environment (or empty there): %s",
				 missing.text)
		       : 0;
}

int cni_env_read(struct cni_env *env, struct err *err)
{
	const char *args = get("CNI_ARGS");
	unsigned int needs = 0;
	int rc = find_verb(env, &needs, err);

	if (rc < 0 || needs == 0)
		return rc;
	env->container = get("CNI_CONTAINERID");
	env->netns = get("CNI_NETNS");
	env->ifname = get("CNI_IFNAME");
	rc = find_missing(env, needs, err);
	if (rc >= 0)
		rc = cni_check_name(env->container, "CNI_CONTAINERID", err);
	if (rc >= 0)
		rc = link_check_name(env->ifname, "CNI_IFNAME", err);
	/* A DEL must not fail for a wish that it does not read. */
	if (rc >= 0 && env->verb == CNI_ADD && args)
		rc = read_args(env, args, err);
	return rc;
}
