/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_oci_state NEW-INPUTS tests/fuzz/seeds/oci_state */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/oci_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted is safe to use as a path, and reads back the same after it was written. */
static void check_accepted(const struct oci_state *state)
{
	autojson json_node *node = oci_state_json(state);
	autofree char *text = json_print(node, false);
	struct oci_state again = { 0 };
	struct err err = ERR_INIT;

	if (str_check_name(state->id, "id", &err) < 0 || state->pid < 0 || state->pid > 4194304)
		abort();
	if (oci_state_parse(text, strlen(text), &again, &err) < 0)
		abort();
	if (!str_eq(state->id, again.id) || !str_eq(state->bundle, again.bundle) ||
	    state->pid != again.pid || state->status != again.status ||
	    state->annotations.n != again.annotations.n)
		abort();
	oci_state_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_state state = { 0 };
	struct err err = ERR_INIT;

	if (oci_state_parse((const char *)data, size, &state, &err) >= 0)
		check_accepted(&state);
	else if (err.code <= 0 || err.msg[0] == '\0' || strchr(err.msg, '\n'))
		abort();
	oci_state_free(&state);
	return 0;
}
