/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "common/str.h"
#include "runtime/mounts/mount_label.h"
#include "runtime/mounts/mounts.h"

#define ATIME MOUNT_ATTR__ATIME

/* options: separated by spaces. */
static int parse(const char *options, struct mount_plan *plan, struct err *err)
{
	struct config_mount mount = { 0 };
	char *copy = xstrdup(options), *rest = copy, *word;

	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word)
			strlist_add(&mount.options, word);
	}
	int rc = mount_plan_parse(&mount, "mounts[3]", plan, err);

	strlist_free(&mount.options);
	free(copy);
	return rc;
}

/* config.md "Linux mount options": MUST, then SHOULD, those of binds apart. */
static const char *const spec_options[] = {
	"async",
	"atime",
	"bind",
	"defaults",
	"dev",
	"diratime",
	"dirsync",
	"exec",
	"iversion",
	"lazytime",
	"loud",
	"noatime",
	"nodev",
	"nodiratime",
	"noexec",
	"noiversion",
	"nolazytime",
	"norelatime",
	"nostrictatime",
	"nosuid",
	"private",
	"rbind",
	"relatime",
	"remount",
	"ro",
	"rprivate",
	"rshared",
	"rslave",
	"runbindable",
	"rw",
	"shared",
	"silent",
	"slave",
	"strictatime",
	"suid",
	"sync",
	"unbindable",
	"nosymfollow",
	"symfollow",
	"ratime",
	"rdev",
	"rdiratime",
	"rexec",
	"rnoatime",
	"rnodev",
	"rnodiratime",
	"rnoexec",
	"rnorelatime",
	"rnostrictatime",
	"rnosuid",
	"rnosymfollow",
	"rrelatime",
	"rro",
	"rrw",
	"rstrictatime",
	"rsuid",
	"rsymfollow",
};

static void every_option_of_the_specification_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spec_options); i++) {
		struct mount_plan plan;
		struct err err = ERR_INIT;
		const char *const *name = mount_option_names();

		assert_int_equal(parse(spec_options[i], &plan, &err), 0);
		assert_int_equal(plan.data.n, 0);
		while (*name && !str_eq(*name, spec_options[i]))
			name++;
		if (!*name)
			fail_msg("'%s' is not among the names", spec_options[i]);
		mount_plan_free(&plan);
	}
}

static void attributes_of_one_mount(void **state)
{
	struct mount_plan plan;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("nosuid noexec nodev ro nosymfollow", &plan, &err), 0);
	assert_int_equal(plan.attr_set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV |
						MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW);
	assert_int_equal(plan.attr_clr, 0);
	assert_int_equal(plan.rattr_set | plan.rattr_clr, 0);
}

static void attributes_of_the_tree(void **state)
{
	struct mount_plan plan;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("rbind rro rexec rnoatime", &plan, &err), 0);
	assert_int_equal(plan.rattr_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	assert_int_equal(plan.rattr_clr, MOUNT_ATTR_NOEXEC | ATIME);
	assert_int_equal(plan.attr_set | plan.attr_clr, 0);
}

static void the_last_of_contradicting_options_wins(void **state)
{
	static const struct {
		const char *options;
		uint64_t set, clr;
	} rows[] = {
		{ "ro rw", 0, MOUNT_ATTR_RDONLY },
		{ "rw ro", MOUNT_ATTR_RDONLY, 0 },
		{ "nosuid suid nosuid", MOUNT_ATTR_NOSUID, 0 },
		{ "ro defaults", MOUNT_ATTR_RDONLY, 0 },
		{ "noatime strictatime", MOUNT_ATTR_STRICTATIME, ATIME },
		{ "strictatime noatime", MOUNT_ATTR_NOATIME, ATIME },
		{ "noatime relatime", 0, ATIME },
		{ "noatime atime", 0, ATIME },
		{ "strictatime nostrictatime", 0, ATIME },
		{ "nodiratime noatime", MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOATIME, ATIME },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mount_plan plan;
		struct err err = ERR_INIT;

		assert_int_equal(parse(rows[i].options, &plan, &err), 0);
		if (plan.attr_set != rows[i].set || plan.attr_clr != rows[i].clr)
			fail_msg("'%s': set %#llx, clear %#llx", rows[i].options,
				 (unsigned long long)plan.attr_set,
				 (unsigned long long)plan.attr_clr);
	}
}

static void superblock_flags(void **state)
{
	struct mount_plan plan;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("sync dirsync lazytime iversion silent", &plan, &err), 0);
	assert_int_equal(plan.sb_flags,
			 MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME | MS_I_VERSION | MS_SILENT);
	assert_int_equal(parse("sync silent async loud", &plan, &err), 0);
	assert_int_equal(plan.sb_flags, 0);
}

static void propagation(void **state)
{
	struct mount_plan plan;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("bind shared rslave", &plan, &err), 0);
	assert_int_equal(plan.propagation, MS_SLAVE | MS_REC);
	assert_int_equal(parse("bind runbindable private", &plan, &err), 0);
	assert_int_equal(plan.propagation, MS_PRIVATE);
}

static void bind_and_rbind(void **state)
{
	struct mount_plan plan;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("rbind remount", &plan, &err), 0);
	assert_true(plan.bind && plan.recursive && plan.remount);
	assert_int_equal(parse("rbind bind", &plan, &err), 0);
	assert_true(plan.bind && !plan.recursive && !plan.remount);
	assert_int_equal(parse("", &plan, &err), 0);
	assert_false(plan.bind);
}

static void unknown_options_are_the_file_systems(void **state)
{
	struct mount_plan plan;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse("nosuid mode=755 size=65536k RO", &plan, &err), 0);
	assert_int_equal(plan.data.n, 3);
	assert_string_equal(plan.data.items[0], "mode=755");
	assert_string_equal(plan.data.items[1], "size=65536k");
	assert_string_equal(plan.data.items[2], "RO");
	mount_plan_free(&plan);
}

static void what_is_not_applied_is_refused_by_name(void **state)
{
	static const struct {
		const char *options, *word;
	} rows[] = {
		{ "idmap", "idmap" },        { "remount bind ridmap", "ridmap" },
		{ "mand", "mand" },          { "tmpcopyup", "tmpcopyup" },
		{ "bind size=3", "size=3" }, { "bind sync", "sync" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mount_plan plan;
		struct err err = ERR_INIT;

		assert_true(parse(rows[i].options, &plan, &err) < 0);
		assert_non_null(strstr(err.msg, "mounts[3]"));
		assert_non_null(strstr(err.msg, rows[i].word));
		mount_plan_free(&plan);
	}
	for (const char *const *name = mount_option_names(); *name; name++)
		assert_string_not_equal(*name, "mand");
}

static void idmaps(void **state)
{
	struct mount_plan plan;
	struct err err = ERR_INIT;
	struct config_mount mount = { .uid_maps = { NULL, 1 } };

	(void)state;
	assert_int_equal(parse("bind idmap", &plan, &err), 0);
	assert_int_equal(plan.idmap, MOUNT_IDMAP_TOP);
	assert_int_equal(parse("rbind idmap ridmap", &plan, &err), 0);
	assert_int_equal(plan.idmap, MOUNT_IDMAP_TREE);
	assert_int_equal(parse("rbind", &plan, &err), 0);
	assert_int_equal(plan.idmap, MOUNT_IDMAP_NONE);
	/* Mappings alone ask for it too. */
	strlist_add(&mount.options, "rbind");
	assert_int_equal(mount_plan_parse(&mount, "mounts[3]", &plan, &err), 0);
	assert_int_equal(plan.idmap, MOUNT_IDMAP_TOP);
	strlist_free(&mount.options);
}

static void labels_are_quoted_and_only_where_they_belong(void **state)
{
	static const struct {
		const char *data, *type, *expect;
	} rows[] = {
		{ "", "tmpfs", "context=\"u:r:t:s0:c1,c2\"" },
		{ "mode=755", "tmpfs", "mode=755,context=\"u:r:t:s0:c1,c2\"" },
		{ "gid=5", "devpts", "gid=5,context=\"u:r:t:s0:c1,c2\"" },
		{ "hidepid=2", "proc", "hidepid=2" },
		{ "", "sysfs", "" },
		{ "", "mqueue", "" },
		{ "", "cgroup2", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strbuf data = { 0 };

		strbuf_puts(&data, rows[i].data);
		mount_label_add(&data, rows[i].type, "u:r:t:s0:c1,c2");
		assert_string_equal(data.text, rows[i].expect);
		strbuf_free(&data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_option_of_the_specification_is_known),
		cmocka_unit_test(attributes_of_one_mount),
		cmocka_unit_test(attributes_of_the_tree),
		cmocka_unit_test(the_last_of_contradicting_options_wins),
		cmocka_unit_test(superblock_flags),
		cmocka_unit_test(propagation),
		cmocka_unit_test(bind_and_rbind),
		cmocka_unit_test(unknown_options_are_the_file_systems),
		cmocka_unit_test(what_is_not_applied_is_refused_by_name),
		cmocka_unit_test(idmaps),
		cmocka_unit_test(labels_are_quoted_and_only_where_they_belong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
