/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzz_config NEW-INPUTS tests/unit/corpus/config/good tests/unit/corpus/config/bad */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "runtime/config/config.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's prototype. NOLINTNEXTLINE(readability-non-const-parameter) */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	(void)argc;
	(void)argv;
	return log_open(&(struct log_options){ .program = "fuzz", .level = LOG_LEVEL_ERROR }, &err);
}

static void check_accepted(const struct config *config)
{
	if (!config->oci_version || !config->root.path[0] || !config->namespaces[NS_MOUNT].present)
		abort();
	if (config->has_process && (config->process.args.n == 0 || config->process.cwd[0] != '/'))
		abort();
	for (int kind = 0; kind < HOOK_COUNT; kind++)
		for (size_t i = 0; i < config->hooks[kind].n; i++)
			if (config->hooks[kind].items[i].path[0] != '/')
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct err err = ERR_INIT;

	if (config_parse((const char *)data, size, &config, &err) >= 0)
		check_accepted(config);
	else if (config || err.code <= 0 || !str_starts(err.msg, "config.json: ") ||
		 strchr(err.msg, '\n'))
		abort();
	config_free(&config);
	return 0;
}
