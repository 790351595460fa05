/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/caps.h"

#include <sys/capability.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/str.h"

static void free_cap(cap_t *cap)
{
	if (*cap)
		(void)cap_free(*cap);
}
#define autocap __attribute__((cleanup(free_cap)))

/* capabilities(7): what the kernel knows and this library does not is by number. */
static int parse_cap(const char *name, cap_value_t *cap)
{
	return cap_from_name(name, cap);
}

static bool is_permitted(cap_t have, cap_value_t cap)
{
	cap_flag_value_t permitted = CAP_CLEAR;

	return cap_get_flag(have, cap, CAP_PERMITTED, &permitted) == 0 && permitted == CAP_SET;
}

static bool list_has(const struct strlist *names, cap_value_t cap)
{
	cap_value_t other;

	for (size_t i = 0; i < names->n; i++)
		if (parse_cap(names->items[i], &other) == 0 && other == cap)
			return true;
	return false;
}

/* ---- what will not be there ---- */

static void warn_missing(const struct strlist *names, cap_t have, struct strlist *missing)
{
	cap_value_t cap;

	for (size_t i = 0; i < names->n; i++)
		if (parse_cap(names->items[i], &cap) == 0 && !is_permitted(have, cap) &&
		    !strlist_has(missing, names->items[i]))
			strlist_add(missing, names->items[i]);
}

static void warn_list(const struct strlist *names, const char *why)
{
	autostrbuf struct strbuf text = { 0 };

	for (size_t i = 0; i < names->n; i++)
		strbuf_printf(&text, "%s%s", i ? ", " : "", names->items[i]);
	if (names->n)
		log_warning("config.json: process.capabilities: %s %s, ignoring", text.text, why);
}

/* The kernel raises in the ambient set what is permitted and inheritable too, capabilities(7). */
static bool is_ambient(const struct config_capabilities *caps, cap_value_t cap)
{
	return list_has(&caps->permitted, cap) && list_has(&caps->inheritable, cap);
}

void caps_warn(const struct config_capabilities *caps, bool full)
{
	autocap cap_t have = full ? NULL : cap_get_proc();
	struct strlist missing = { 0 }, alone = { 0 };
	cap_value_t cap;

	for (size_t i = 0; i < caps->unknown.n; i++)
		log_warning("%s, ignoring it", caps->unknown.items[i]);
	if (have) {
		warn_missing(&caps->bounding, have, &missing);
		warn_missing(&caps->permitted, have, &missing);
		warn_missing(&caps->inheritable, have, &missing);
		warn_missing(&caps->effective, have, &missing);
	}
	warn_list(&missing, "cannot be granted, since the runtime has not got it");
	for (size_t i = 0; i < caps->ambient.n; i++)
		if (parse_cap(caps->ambient.items[i], &cap) == 0 && !is_ambient(caps, cap))
			strlist_add(&alone, caps->ambient.items[i]);
	warn_list(&alone, "cannot be ambient without being permitted and inheritable");
	strlist_free(&missing);
	strlist_free(&alone);
}

/* ---- the sets ---- */

static int fill_flag(cap_t target, cap_t have, cap_flag_t flag, const struct strlist *names,
		     struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		cap_value_t cap;

		if (parse_cap(names->items[i], &cap) < 0 || !is_permitted(have, cap))
			continue;
		if (cap_set_flag(target, flag, 1, &cap, CAP_SET) < 0)
			return err_errno(err, "capability %s", names->items[i]);
	}
	return 0;
}

int caps_drop_bounding(const struct config_capabilities *caps, struct err *err)
{
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++) {
		if (list_has(&caps->bounding, cap) || cap_get_bound(cap) != CAP_SET)
			continue;
		if (cap_drop_bound(cap) < 0)
			return err_errno(err, "drop capability %d from the bounding set", cap);
	}
	return 0;
}

static int set_ambient(const struct config_capabilities *caps, cap_t have, struct err *err)
{
	if (cap_reset_ambient() < 0)
		return err_errno(err, "clear the ambient capabilities");
	for (size_t i = 0; i < caps->ambient.n; i++) {
		cap_value_t cap;

		if (parse_cap(caps->ambient.items[i], &cap) < 0 || !is_ambient(caps, cap) ||
		    !is_permitted(have, cap))
			continue;
		if (cap_set_ambient(cap, CAP_SET) < 0)
			return err_errno(err, "ambient capability %s", caps->ambient.items[i]);
	}
	return 0;
}

static int add_sys_admin(cap_t want, cap_t have, struct err *err)
{
	const cap_value_t cap = CAP_SYS_ADMIN;

	if (!is_permitted(have, cap))
		return 0;
	if (cap_set_flag(want, CAP_PERMITTED, 1, &cap, CAP_SET) < 0 ||
	    cap_set_flag(want, CAP_EFFECTIVE, 1, &cap, CAP_SET) < 0)
		return err_errno(err, "keep CAP_SYS_ADMIN");
	return 0;
}

int caps_apply(const struct config_capabilities *caps, bool keep_sys_admin, struct err *err)
{
	autocap cap_t have = cap_get_proc();
	autocap cap_t want = cap_init();

	if (!have || !want)
		return err_errno(err, "read the capabilities");
	int rc = fill_flag(want, have, CAP_PERMITTED, &caps->permitted, err);

	if (rc >= 0)
		rc = fill_flag(want, have, CAP_EFFECTIVE, &caps->effective, err);
	if (rc >= 0)
		rc = fill_flag(want, have, CAP_INHERITABLE, &caps->inheritable, err);
	if (rc >= 0 && keep_sys_admin)
		rc = add_sys_admin(want, have, err);
	if (rc < 0)
		return rc;
	if (cap_set_proc(want) < 0)
		return err_errno(err, "config.json: process.capabilities: set them (is every "
				      "effective one permitted too?)");
	return set_ambient(caps, have, err);
}
