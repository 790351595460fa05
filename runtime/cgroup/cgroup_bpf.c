/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runtime/cgroup/cgroup_bpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/str.h"

/* How an earlier program of ours is found again; at most 15 characters. */
#define PROGRAM_NAME "ct_devices"
#define MAX_PROGRAMS 64

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* Pointers travel as numbers in union bpf_attr. */
static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int load(const struct bpf_program *program, struct err *err)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = (uint32_t)program->n,
		.insns = pointer(program->insns),
		.license = pointer("GPL"),
		.prog_name = PROGRAM_NAME,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		return err_errno(err, "load %zu instructions of device rules", program->n);
	return fd;
}

/* A descriptor of the program that we attached before; -1: there is none. */
static int find_own(int cgroup_fd)
{
	uint32_t ids[MAX_PROGRAMS] = { 0 };
	/* cppcheck-suppress legacyUninitvar ; it takes the designated member for none */
	union bpf_attr query = { .query = {
					 .target_fd = (uint32_t)cgroup_fd,
					 .attach_type = BPF_CGROUP_DEVICE,
					 .prog_ids = pointer(ids),
					 .prog_cnt = MAX_PROGRAMS,
				 } };

	if (bpf(BPF_PROG_QUERY, &query) < 0)
		return -1;
	for (uint32_t i = 0; i < query.query.prog_cnt && i < MAX_PROGRAMS; i++) {
		struct bpf_prog_info info = { 0 };
		union bpf_attr by_id = { .prog_id = ids[i] };
		autoclose int fd = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
		union bpf_attr about = { .info = {
						 .bpf_fd = (uint32_t)fd,
						 .info_len = sizeof(info),
						 .info = pointer(&info),
					 } };

		if (fd >= 0 && bpf(BPF_OBJ_GET_INFO_BY_FD, &about) == 0 &&
		    str_eq(info.name, PROGRAM_NAME))
			return take_fd(&fd);
	}
	return -1;
}

int cgroup_bpf_attach(int cgroup_fd, const struct resource_devices *rules, struct err *err)
{
	struct bpf_program program;

	if (rules->n == 0)
		return 0;
	cgroup_bpf_program(rules, &program);
	autoclose int fd = load(&program, err);

	free(program.insns);
	if (fd < 0)
		return fd;
	autoclose int old_fd = find_own(cgroup_fd);
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		/* Together with systemd's: all of them must say yes. */
		.attach_flags = BPF_F_ALLOW_MULTI | (old_fd >= 0 ? BPF_F_REPLACE : 0u),
		.replace_bpf_fd = old_fd >= 0 ? (uint32_t)old_fd : 0,
	};

	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return err_errno(err, "attach the device rules to the cgroup");
	return 0;
}
