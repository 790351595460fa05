/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"
#include "tests/unit/folder.h"

static void put(const char *name, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(file_write_atomic_at(base.fd, name, text, strlen(text), 0600, &err), 0);
}

static void assert_holds(const char *name, const char *want)
{
	autofree char *text = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(file_read_at(base.fd, name, 4096, &text, NULL, &err), 0);
	assert_string_equal(text, want);
}

static size_t entries_of(const char *path)
{
	int fd = openat(base.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fdopendir(fd);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	return n - 2; /* . and .. */
}

static void a_read_ends_at_its_cap(void **state)
{
	autofree char *text = NULL;
	char *untouched = NULL;
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	put("ten", "0123456789");
	assert_int_equal(file_read_at(base.fd, "ten", 10, &text, &len, &err), 0);
	assert_int_equal(len, 10);
	assert_string_equal(text, "0123456789");
	assert_int_equal(file_read_at(base.fd, "ten", 9, &untouched, &len, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "'ten'"));
	assert_int_equal(file_read_at(AT_FDCWD, "/dev/zero", 100000, &untouched, &len, &err),
			 -EFBIG);
	assert_int_equal(file_read_at(base.fd, "none", 9, &untouched, &len, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "'none'"));
	assert_null(untouched);
}

static void a_read_takes_all_of_a_large_or_empty_file(void **state)
{
	const size_t size = 200000;
	autofree char *big = xmalloc(size);
	autofree char *text = NULL;
	autofree char *empty = NULL;
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < size; i++)
		big[i] = (char)(i % 251);
	assert_int_equal(file_write_atomic_at(base.fd, "big", big, size, 0600, &err), 0);
	assert_int_equal(file_read_at(base.fd, "big", size, &text, &len, &err), 0);
	assert_int_equal(len, size);
	assert_memory_equal(text, big, size);
	put("empty", "");
	assert_int_equal(file_read_at(base.fd, "empty", 0, &empty, &len, &err), 0);
	assert_int_equal(len, 0);
	assert_string_equal(empty, "");
}

static void a_fifo_without_a_writer_holds_nobody_up(void **state)
{
	autofree char *text = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mkfifoat(base.fd, "fifo", 0600), 0);
	assert_int_equal(file_read_at(base.fd, "fifo", 10, &text, NULL, &err), 0);
	assert_string_equal(text, "");
}

static void a_replaced_file_is_old_or_new_and_leaves_nothing_beside(void **state)
{
	struct err err = ERR_INIT;
	autofree char *seen = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(mkdirat(base.fd, "d", 0700), 0);
	put("d/f", "the old text");
	autoclose int old_fd = openat(base.fd, "d/f", O_RDONLY | O_CLOEXEC);

	put("d/f", "new");
	assert_holds("d/f", "new");
	assert_int_equal(file_read_fd(old_fd, "f", 100, &seen, NULL, &err), 0);
	assert_string_equal(seen, "the old text");
	assert_int_equal(fstatat(base.fd, "d/f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(entries_of("d"), 1);
	/* A folder cannot be replaced: the text that was meant for it goes away again. */
	assert_int_equal(mkdirat(base.fd, "d/sub", 0700), 0);
	assert_true(file_write_atomic_at(base.fd, "d/sub", "x", 1, 0600, &err) < 0);
	assert_int_equal(entries_of("d"), 2);
}

static void a_replaced_link_leaves_its_target_alone(void **state)
{
	struct stat st;

	(void)state;
	put("target", "kept");
	assert_int_equal(symlinkat("target", base.fd, "link"), 0);
	put("link", "new");
	assert_holds("target", "kept");
	assert_holds("link", "new");
	assert_int_equal(fstatat(base.fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void a_named_file_is_replaced_and_nothing_else(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(mkfifoat(base.fd, "pipe", 0600), 0);
	autofree char *pipe = xasprintf("%s/pipe", file_fd_path(base.fd).text);
	autofree char *pid = xasprintf("%s/pid", file_fd_path(base.fd).text);

	put("pid", "old");
	assert_int_equal(file_replace(pid, "new", 3, 0600, &err), 0);
	assert_holds("pid", "new");
	assert_int_equal(unlinkat(base.fd, "pid", 0), 0);
	assert_int_equal(file_replace(pipe, "x", 1, 0600, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "/pipe' is no regular file"));
	assert_int_equal(fstatat(base.fd, "pipe", &st, 0), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(unlinkat(base.fd, "pipe", 0), 0);
}

static void a_tree_goes_with_one_entry_last(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mkdirat(base.fd, "tree", 0700), 0);
	assert_int_equal(mkdirat(base.fd, "tree/below", 0700), 0);
	put("tree/a", "");
	put("tree/below/lock", "");
	put("tree/lock", "");
	assert_int_equal(file_remove_tree_last_at(base.fd, "tree", "lock", &err), 0);
	assert_int_equal(faccessat(base.fd, "tree", F_OK, 0), -1);
	assert_int_equal(file_remove_tree_last_at(base.fd, "tree", "lock", &err), 0);
}

static void a_write_to_the_kernel_needs_the_file(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	put("knob", "");
	assert_int_equal(file_write_at(base.fd, "knob", "1", &err), 0);
	assert_holds("knob", "1");
	assert_int_equal(file_write_at(base.fd, "no-knob", "1", &err), -ENOENT);
	assert_int_equal(faccessat(base.fd, "no-knob", F_OK, 0), -1);
}

static void a_tree_is_removed_and_links_out_of_it_are_not_followed(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(mkdirat(base.fd, "out", 0700), 0);
	put("out/kept", "kept");
	assert_int_equal(mkdirat(base.fd, "tree", 0700), 0);
	assert_int_equal(mkdirat(base.fd, "tree/a", 0700), 0);
	assert_int_equal(mkdirat(base.fd, "tree/a/b", 0700), 0);
	put("tree/a/b/file", "x");
	assert_int_equal(symlinkat("../out", base.fd, "tree/link"), 0);
	assert_int_equal(symlinkat("../../out/kept", base.fd, "tree/a/link"), 0);
	assert_int_equal(symlinkat("nowhere", base.fd, "tree/dangling"), 0);
	assert_int_equal(mkfifoat(base.fd, "tree/fifo", 0600), 0);
	assert_int_equal(file_remove_tree_at(base.fd, "tree", &err), 0);
	assert_int_equal(faccessat(base.fd, "tree", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_holds("out/kept", "kept");
	/* A link that is named itself goes, what it points to stays. */
	assert_int_equal(symlinkat("out", base.fd, "to-out"), 0);
	assert_int_equal(file_remove_tree_at(base.fd, "to-out", &err), 0);
	assert_holds("out/kept", "kept");
	assert_int_equal(file_remove_tree_at(base.fd, "never-was", &err), 0);
}

static void a_memfd_is_at_its_start_and_sealed(void **state)
{
	autofree char *text = NULL;
	struct err err = ERR_INIT;
	autoclose int fd = file_memfd("state", "text", 4, &err);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(file_read_fd(fd, "state", 10, &text, NULL, &err), 0);
	assert_string_equal(text, "text");
	assert_int_equal(pwrite(fd, "X", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
}

static void missing_folders_are_made(void **state)
{
	autofree char *path = xasprintf("%s/x/y/z", base.path);
	autofree char *below_file = xasprintf("%s/ten/x", base.path);
	struct err err = ERR_INIT;
	struct stat st;

	(void)state;
	put("ten", "0123456789");
	assert_int_equal(file_mkdir_p(path, 0700, &err), 0);
	assert_int_equal(file_mkdir_p(path, 0711, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(file_mkdir_p(below_file, 0700, &err), -ENOTDIR);
	assert_non_null(strstr(err.msg, "/ten"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_ends_at_its_cap),
		cmocka_unit_test(a_read_takes_all_of_a_large_or_empty_file),
		cmocka_unit_test(a_fifo_without_a_writer_holds_nobody_up),
		cmocka_unit_test(a_replaced_file_is_old_or_new_and_leaves_nothing_beside),
		cmocka_unit_test(a_replaced_link_leaves_its_target_alone),
		cmocka_unit_test(a_named_file_is_replaced_and_nothing_else),
		cmocka_unit_test(a_tree_goes_with_one_entry_last),
		cmocka_unit_test(a_write_to_the_kernel_needs_the_file),
		cmocka_unit_test(a_tree_is_removed_and_links_out_of_it_are_not_followed),
		cmocka_unit_test(a_memfd_is_at_its_start_and_sealed),
		cmocka_unit_test(missing_folders_are_made),
	};

	(void)alarm(60); /* a hang is a failure */
	return cmocka_run_group_tests(tests, make_base, remove_base);
}
