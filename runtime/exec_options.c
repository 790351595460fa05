/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/exec_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>

#include "common/cleanup.h"
#include "runtime/caps.h"

#define ID_MAX 4294967294 /* (uid_t)-1 is no id */

static int parse_id(const char *text, const char *what, int64_t *id, struct err *err)
{
	return str_to_i64(text, what, 0, ID_MAX, id, err);
}

/* Numbers alone: a user of the image's passwd that is called "1" is not uid 1 (CVE-2026-30892). */
static int set_user(const char *text, struct config_user *user, struct err *err)
{
	const char *colon = strchr(text, ':');
	autofree char *uid = xstrndup(text, colon ? (size_t)(colon - text) : strlen(text));
	int rc = parse_id(uid, "--user: uid", &user->uid, err);

	return rc < 0 || !colon ? rc : parse_id(colon + 1, "--user: gid", &user->gid, err);
}

static int add_groups(const struct strlist *list, struct config_gids *gids, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		int64_t gid;
		int rc = parse_id(list->items[i], "--additional-gids", &gid, err);

		if (rc < 0)
			return rc;
		gids->items = xreallocarray(gids->items, gids->n + 1, sizeof(*gids->items));
		gids->items[gids->n++] = gid;
	}
	return 0;
}

static void add_cap(struct strlist *set, const char *name)
{
	if (!strlist_has(set, name))
		strlist_add(set, name);
}

/*
 * Never inheritable: a program with file capabilities would get them (CVE-2022-29162). Ambient only
 * where it is inheritable already, since the kernel refuses it otherwise.
 */
static int add_capabilities(const struct strlist *list, struct config_capabilities *caps,
			    struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *given = list->items[i];
		autofree char *name = strncasecmp(given, "CAP_", 4) == 0
					      ? xstrdup(given)
					      : xasprintf("CAP_%s", given);
		cap_value_t value;

		for (char *p = name; *p; p++)
			*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
		if (cap_from_name(name, &value) < 0)
			return err_set(err, EINVAL, "--cap: '%s' is no capability", given);
		add_cap(&caps->bounding, name);
		add_cap(&caps->effective, name);
		add_cap(&caps->permitted, name);
		if (strlist_has(&caps->inheritable, name))
			add_cap(&caps->ambient, name);
		caps->present = true;
	}
	return 0;
}

static int add_environment(const struct strlist *list, struct strlist *env, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		if (!strchr(list->items[i], '=') || list->items[i][0] == '=')
			return err_set(err, EINVAL, "--env: '%s' is not of the form NAME=value",
				       list->items[i]);
		strlist_add(env, list->items[i]);
	}
	return 0;
}

static void set_text(char **text, const char *given)
{
	if (!given)
		return;
	free(*text);
	*text = *given ? xstrdup(given) : NULL;
}

static int by_options(const struct exec_options *o, char **args, int n,
		      struct config_process *process, struct err *err)
{
	if (!process->present)
		return err_set(err, EINVAL,
			       "the container's config.json has no 'process': give "
			       "one with --process");
	if (n == 0)
		return err_set(err, EINVAL,
			       "exec: no command; give one after ID, or a file with --process");
	if (o->cwd && o->cwd[0] != '/')
		return err_set(err, EINVAL, "--cwd: '%s' is not an absolute path", o->cwd);
	strlist_free(&process->args);
	process->args = (struct strlist){ 0 };
	for (int i = 0; i < n; i++)
		strlist_add(&process->args, args[i]);
	set_text(&process->cwd, o->cwd);
	set_text(&process->selinux_label, o->process_label);
	set_text(&process->apparmor_profile, o->apparmor);
	process->terminal = o->tty;
	process->console_size.present = false;
	process->no_new_privileges = process->no_new_privileges || o->no_new_privs;
	int rc = o->user ? set_user(o->user, &process->user, err) : 0;

	if (rc >= 0)
		rc = add_groups(&o->additional_gids, &process->user.additional_gids, err);
	if (rc >= 0)
		rc = add_capabilities(&o->caps, &process->capabilities, err);
	return rc < 0 ? rc : add_environment(&o->env, &process->env, err);
}

#define SWAP(a, b)                                                                                 \
	do {                                                                                       \
		__typeof__(a) swap_ = (a);                                                         \
		(a) = (b);                                                                         \
		(b) = swap_;                                                                       \
	} while (0)

static void inherit_scheduling(const struct config_process *from, struct config_process *to)
{
	if (!to->scheduler.present)
		to->scheduler = from->scheduler;
	if (!to->io_priority.present)
		to->io_priority = from->io_priority;
	if (!to->cpu_affinity.initial.present && !to->cpu_affinity.final.present)
		to->cpu_affinity = from->cpu_affinity;
}

/* What the document does not speak of is as the container's own process has it. */
static int by_document(const struct exec_options *o, struct config_process *process,
		       struct err *err)
{
	struct config_process own = { 0 };
	int rc = config_process_load(o->process, &own, err);

	if (rc >= 0 && o->tty && !own.terminal)
		rc = err_set(err, EINVAL, "--tty: '%s' has no 'terminal': true", o->process);
	if (rc < 0) {
		config_process_free(&own);
		return rc;
	}
	caps_warn(&own.capabilities, true);
	SWAP(own, *process); /* now own is the container's */
	if (!process->capabilities.present)
		SWAP(own.capabilities, process->capabilities);
	if (process->rlimits.n == 0)
		SWAP(own.rlimits, process->rlimits);
	if (!process->user.has_umask) {
		process->user.has_umask = own.user.has_umask;
		process->user.umask = own.user.umask;
	}
	/* Above all an exec must not be less confined than the container. */
	if (!process->apparmor_profile)
		SWAP(own.apparmor_profile, process->apparmor_profile);
	if (!process->selinux_label)
		SWAP(own.selinux_label, process->selinux_label);
	inherit_scheduling(&own, process);
	if (!process->has_oom_score_adj) {
		process->has_oom_score_adj = own.has_oom_score_adj;
		process->oom_score_adj = own.oom_score_adj;
	}
	config_process_free(&own);
	return 0;
}

/* Options that a document takes the place of. */
static int refuse_both(const struct exec_options *o, int n, struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{ "a command", n > 0 },
		{ "--cwd", o->cwd != NULL },
		{ "--env", o->env.n > 0 },
		{ "--user", o->user != NULL },
		{ "--additional-gids", o->additional_gids.n > 0 },
		{ "--cap", o->caps.n > 0 },
		{ "--no-new-privs", o->no_new_privs },
		{ "--process-label", o->process_label != NULL },
		{ "--apparmor", o->apparmor != NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].given)
			return err_set(err, EINVAL,
				       "--process '%s' says what runs: %s beside it would "
				       "be ignored",
				       o->process, options[i].name);
	return 0;
}

int exec_options_process(const struct exec_options *o, char **args, int n, struct config *config,
			 struct err *err)
{
	if (!o->process)
		return by_options(o, args, n, &config->process, err);
	int rc = refuse_both(o, n, err);

	return rc < 0 ? rc : by_document(o, &config->process, err);
}
