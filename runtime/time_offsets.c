/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/time_offsets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/str.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static void print_offset(struct strbuf *text, const char *clock,
			 const struct config_time_offset *offset)
{
	if (offset->present)
		strbuf_printf(text, "%s %" PRId64 " %" PRId64 "\n", clock, offset->secs,
			      offset->nanosecs);
}

int time_offsets_apply(const struct config *config, struct err *err)
{
	autostrbuf struct strbuf text = { 0 };

	print_offset(&text, "monotonic", &config->monotonic);
	print_offset(&text, "boottime", &config->boottime);
	if (unshare(CLONE_NEWTIME) < 0)
		return err_errno(err, "make the time namespace");
	if (file_write_at(AT_FDCWD, "/proc/self/timens_offsets", text.text, err) < 0) {
		if (err->code == ERANGE)
			return err_set(
				err, ERANGE,
				"config.json: linux.timeOffsets: a clock would be below 0, or "
				"beyond what the kernel counts");
		return err_ctx(err, "config.json: linux.timeOffsets");
	}
	autoclose int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
		return err_errno(err, "enter the time namespace");
	return 0;
}
