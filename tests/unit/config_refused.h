/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_TEST_CONFIG_REFUSED_H
#define CT_TEST_CONFIG_REFUSED_H

#include "common/cleanup.h"
#include "runtime/config/config.h"
#include "tests/unit/config_doc.h"

/* A document that is wrong in one place, and what the error must say (behind "config.json: "). */
struct refused {
	enum doc_place place;
	const char *members;
	const char *error;
};

static inline void refuse(const struct refused *doc)
{
	autofree char *text = doc_make(doc->place, doc->members);
	autofree char *start = xasprintf("config.json: %s", doc->error);
	struct config *config = NULL;
	struct err err = ERR_INIT;

	if (config_parse(text, strlen(text), &config, &err) >= 0)
		fail_msg("accepted, instead of '%s':\n%s", start, text);
	assert_null(config);
	if (!str_starts(err.msg, start))
		fail_msg("expected '%s'\n     got '%s'\n%s", start, err.msg, text);
	assert_true(strlen(err.msg) > strlen("config.json: ") + 10);
}

#define REFUSE_ALL(docs)                                                                           \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(docs); i_++)                                   \
			refuse(&(docs)[i_]);                                                       \
	} while (0)

#endif
