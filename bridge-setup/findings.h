/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BRIDGE_SETUP_FINDINGS_H
#define BRIDGE_SETUP_FINDINGS_H

#include <stddef.h>

/* What the doctor has found: one answer a question, with the command that mends it. */
enum finding_state {
	FINDING_OK,
	FINDING_NOTE,    /* worth knowing; containers have network all the same */
	FINDING_PROBLEM, /* containers will not have it */
};

struct finding {
	enum finding_state state;
	const char *question; /* a constant word: "forwarding" */
	char *answer;
	char *mend; /* NULL: nothing to do, or nothing that a command could */
};

struct findings {
	struct finding *items;
	size_t n;
};
#define autofindings __attribute__((cleanup(findings_free)))
void findings_free(struct findings *findings);

/* The last one is added to the end; mend may be NULL. */
void findings_add(struct findings *findings, enum finding_state state, const char *question,
		  const char *mend, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

size_t findings_count(const struct findings *findings, enum finding_state state);
void findings_print(const struct findings *findings);
void findings_print_json(const struct findings *findings);

#endif
