/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_TEST_CONFIG_DOC_H
#define CT_TEST_CONFIG_DOC_H

#include <string.h>

#include "common/str.h"

/* Where in an otherwise right config.json the members under test stand. */
enum doc_place {
	DOC_TOP,
	DOC_ROOT,
	DOC_PROCESS,
	DOC_USER,
	DOC_CAPABILITIES,
	DOC_RLIMIT,
	DOC_MOUNT,
	DOC_HOOK,
	DOC_LINUX,
	DOC_RESOURCES,
	DOC_USERNS, /* members of linux, with a new user namespace in it */
};

#define DOC_VERSION    "\"ociVersion\": \"1.0.2\""
#define DOC_ROOT_DIR   "\"root\": {\"path\": \"rootfs\"}"
#define DOC_NAMESPACES "\"linux\": {\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"uts\"}]}"
#define DOC_HEAD       "{" DOC_VERSION ", " DOC_ROOT_DIR ", "
#define DOC_TAIL       ", " DOC_NAMESPACES "}"
#define DOC_PROGRAM    "\"args\": [\"sh\"], \"cwd\": \"/\""

/* '@' is where the members go, each text with what it needs around it. */
static const char *const doc_templates[] = {
	[DOC_TOP] = "{@}",
	[DOC_ROOT] = "{" DOC_VERSION ", \"root\": {@}" DOC_TAIL,
	[DOC_PROCESS] = DOC_HEAD "\"process\": {@}" DOC_TAIL,
	[DOC_USER] = DOC_HEAD "\"process\": {" DOC_PROGRAM ", \"user\": {@}}" DOC_TAIL,
	[DOC_CAPABILITIES] = DOC_HEAD "\"process\": {" DOC_PROGRAM
				      ", \"capabilities\": {@}}" DOC_TAIL,
	[DOC_RLIMIT] = DOC_HEAD "\"process\": {" DOC_PROGRAM ", \"rlimits\": [{@}]}" DOC_TAIL,
	[DOC_MOUNT] = DOC_HEAD "\"mounts\": [{@}]" DOC_TAIL,
	[DOC_HOOK] = DOC_HEAD "\"hooks\": {\"prestart\": [{@}]}" DOC_TAIL,
	[DOC_LINUX] = DOC_HEAD "\"linux\": {@}}",
	[DOC_RESOURCES] = DOC_HEAD "\"linux\": {\"namespaces\": [{\"type\": \"mount\"}], "
				   "\"resources\": {@}}}",
	[DOC_USERNS] = DOC_HEAD "\"process\": {" DOC_PROGRAM "}, "
				"\"linux\": {\"namespaces\": [{\"type\": \"mount\"}, "
				"{\"type\": \"user\"}], @}}",
};

/* The document with these members in that place; single quotes become double ones. The caller frees. */
static inline char *doc_make(enum doc_place place, const char *members)
{
	const char *template = doc_templates[place];
	const char *at = strchr(template, '@');
	struct strbuf sb = { 0 };

	strbuf_add(&sb, template, (size_t)(at - template));
	for (const char *p = members; *p; p++)
		strbuf_add(&sb, *p == '\'' ? "\"" : p, 1);
	strbuf_puts(&sb, at + 1);
	return strbuf_take(&sb);
}

#endif
