/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_CRIU_OPTIONS_H
#define CT_CRIU_OPTIONS_H

#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/criu.h"

/* What `checkpoint` and `restore` have in common. First member of the options of both. */
struct criu_options {
	const char *image_path, *work_path, *parent_path, *manage_cgroups, *empty_ns;
	bool tcp_established, tcp_skip_in_flight, ext_unix_sk, shell_job, file_locks, link_remap;
	bool lazy_pages, auto_dedup;
	/* absolute; owned through criu_options_free */
	char *images, *work;
};

#define CRIU_OPTION(member) .offset = offsetof(struct criu_options, member)
#define CRIU_FLAG(option, member, text)                                                            \
	{                                                                                          \
		.name = (option), .type = CMD_FLAG, CRIU_OPTION(member), .help = (text)            \
	}
#define CRIU_TEXT(option, member, metavar, text)                                                   \
	{                                                                                          \
		.name = (option), .type = CMD_STRING, .value = (metavar), CRIU_OPTION(member),     \
		.help = (text)                                                                     \
	}
#define CRIU_OPTIONS                                                                                \
	CRIU_TEXT("image-path", image_path, "DIR", "folder of the image (default: checkpoint)"),    \
		CRIU_TEXT("work-path", work_path, "DIR",                                            \
			  "folder of CRIU's log (default: the image's)"),                           \
		CRIU_TEXT("parent-path", parent_path, "DIR",                                        \
			  "image of an earlier pre-dump, relative to this one (checkpoint)"),       \
		CRIU_TEXT(                                                                          \
			"manage-cgroups-mode", manage_cgroups, "MODE",                              \
			"soft (the default), full, strict or ignore: what CRIU does with cgroups"), \
		CRIU_TEXT("empty-ns", empty_ns, "TYPE",                                             \
			  "network: its interfaces are not in the image (always so)"),              \
		CRIU_FLAG("tcp-established", tcp_established, "allow open TCP connections"),        \
		CRIU_FLAG("tcp-skip-in-flight", tcp_skip_in_flight,                                 \
			  "leave out TCP connections that are being made"),                         \
		CRIU_FLAG("ext-unix-sk", ext_unix_sk, "allow Unix sockets to the outside"),         \
		CRIU_FLAG("shell-job", shell_job, "allow a session or terminal from outside"),      \
		CRIU_FLAG("file-locks", file_locks, "allow file locks"),                            \
		CRIU_FLAG("link-remap", link_remap, "link files that were removed back"),           \
		CRIU_FLAG("auto-dedup", auto_dedup, "drop pages that are twice in the images"),     \
		CRIU_FLAG("lazy-pages", lazy_pages, "refused: pages on demand are not supported")

/* Check them and make the paths absolute. */
int criu_options_check(struct criu_options *o, struct err *err);
void criu_options_free(struct criu_options *o);

/* A config that CRIU cannot be driven for; what: "checkpoint" or "restore". */
int criu_options_check_config(const struct config *config, const char *what, struct err *err);

/* The arguments of both, and the log's name. command: "dump", "pre-dump", "restore". */
void criu_options_call(const struct criu_options *o, const char *command, struct criu_call *call);

#endif
