/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge-setup/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/str.h"

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		free(findings->items[i].answer);
		free(findings->items[i].mend);
	}
	free(findings->items);
	*findings = (struct findings){ .items = NULL };
}

void findings_add(struct findings *findings, enum finding_state state, const char *question,
		  const char *mend, const char *fmt, ...)
{
	struct finding *item = NULL;
	char *answer = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&answer, fmt, args) < 0)
		answer = xstrdup("");
	va_end(args);
	findings->items = xreallocarray(findings->items, findings->n + 1, sizeof(*findings->items));
	item = &findings->items[findings->n++];
	*item = (struct finding){ state, question, answer, mend ? xstrdup(mend) : NULL };
}

static const char *state_name(enum finding_state state)
{
	switch (state) {
	case FINDING_OK:
		return "ok";
	case FINDING_NOTE:
		return "note";
	case FINDING_PROBLEM:
		return "problem";
	}
	return "?";
}

size_t findings_count(const struct findings *findings, enum finding_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < findings->n; i++)
		n += findings->items[i].state == state;
	return n;
}

void findings_print(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *item = &findings->items[i];

		printf("%-8s %-12s %s\n", state_name(item->state), item->question, item->answer);
		if (item->mend)
			printf("%-8s %-12s   %s\n", "", "", item->mend);
	}
}

void findings_print_json(const struct findings *findings)
{
	autojson json_node *root = json_array();
	autofree char *text = NULL;

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *item = &findings->items[i];
		json_node *node = json_object();

		json_put_string(node, "question", item->question);
		json_put_string(node, "state", state_name(item->state));
		json_put_string(node, "answer", item->answer);
		json_put_string(node, "mend", item->mend);
		json_append(root, node);
	}
	text = json_print(root, true);
	printf("%s\n", text);
}
