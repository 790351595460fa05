/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Registers: r1 the context, r2 the device's type, r3 what is still asked of it, r4 major, r5 minor.
 * The rules are tested from the last to the first. An allowing one takes its accesses out of r3, and
 * the answer is yes when none is left; a denying one says no when r3 has any of its accesses. The
 * verifier refuses instructions that cannot be reached, so a rule without conditions ends it.
 */
#include <stdlib.h>

#include "common/str.h"
#include "runtime/cgroup/cgroup_bpf.h"

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

enum {
	REG_RESULT,
	REG_CTX,
	REG_TYPE,
	REG_ACCESS,
	REG_MAJOR,
	REG_MINOR
};

static void emit(struct bpf_program *program, struct bpf_insn insn)
{
	if ((program->n & (program->n - 1)) == 0) /* a power of two: full */
		program->insns = xreallocarray(program->insns, program->n ? program->n * 2 : 1,
					       sizeof(*program->insns));
	program->insns[program->n++] = insn;
}

static void emit_load(struct bpf_program *program, unsigned int reg, size_t offset)
{
	emit(program, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
					 .dst_reg = (uint8_t)(reg & 0xf),
					 .src_reg = REG_CTX,
					 .off = (int16_t)offset });
}

static void emit_alu(struct bpf_program *program, unsigned int op, unsigned int reg, uint32_t imm)
{
	emit(program, (struct bpf_insn){ .code = (uint8_t)(BPF_ALU | op | BPF_K),
					 .dst_reg = (uint8_t)(reg & 0xf),
					 .imm = (int32_t)imm });
}

/* Jump over `skip` instructions when reg op imm. */
static void emit_jump(struct bpf_program *program, unsigned int op, unsigned int reg, uint32_t imm,
		      size_t skip)
{
	emit(program, (struct bpf_insn){ .code = (uint8_t)(BPF_JMP32 | op | BPF_K),
					 .dst_reg = (uint8_t)(reg & 0xf),
					 .off = (int16_t)skip,
					 .imm = (int32_t)imm });
}

static void emit_return(struct bpf_program *program, bool allow)
{
	emit_alu(program, BPF_MOV, REG_RESULT, allow);
	emit(program, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

static uint32_t rule_access(const struct resource_device *rule)
{
	return (rule->read ? BPF_DEVCG_ACC_READ : 0u) | (rule->write ? BPF_DEVCG_ACC_WRITE : 0u) |
	       (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0u);
}

static bool is_any(struct resource_number number)
{
	return !number.set || number.value < 0;
}

/* False when the rule decides everything that is left. */
static bool emit_rule(struct bpf_program *program, const struct resource_device *rule)
{
	uint32_t access = rule_access(rule);
	bool any_type = rule->type != 'b' && rule->type != 'c';
	bool any_major = is_any(rule->major), any_minor = is_any(rule->minor);
	bool always = any_type && any_major && any_minor && access == ACCESS_ALL;
	size_t body = always ? 2 : 4; /* instructions below the tests */

	if (!any_type)
		emit_jump(program, BPF_JNE, REG_TYPE,
			  rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
			  body + !any_major + !any_minor);
	if (!any_major)
		emit_jump(program, BPF_JNE, REG_MAJOR, (uint32_t)rule->major.value,
			  body + !any_minor);
	if (!any_minor)
		emit_jump(program, BPF_JNE, REG_MINOR, (uint32_t)rule->minor.value, body);
	if (always) {
		emit_return(program, rule->allow);
		return false;
	}
	if (rule->allow) {
		emit_alu(program, BPF_AND, REG_ACCESS, ~access);
		emit_jump(program, BPF_JNE, REG_ACCESS, 0, 2);
	} else {
		/* There is JSET, and no jump for its opposite: over the jump over the answer. */
		emit_jump(program, BPF_JSET, REG_ACCESS, access, 1);
		emit(program, (struct bpf_insn){ .code = BPF_JMP | BPF_JA, .off = 2 });
	}
	emit_return(program, rule->allow);
	return true;
}

void cgroup_bpf_program(const struct resource_devices *rules, struct bpf_program *program)
{
	*program = (struct bpf_program){ 0 };
	emit_load(program, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(program, (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X,
					 .dst_reg = REG_ACCESS,
					 .src_reg = REG_TYPE });
	emit_alu(program, BPF_AND, REG_TYPE, 0xffff);
	emit_alu(program, BPF_RSH, REG_ACCESS, 16);
	emit_load(program, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(program, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t i = rules->n; i-- > 0;)
		if (!emit_rule(program, &rules->items[i]))
			return;
	emit_return(program, true);
}
