/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BRIDGE_SETUP_TREE_H
#define BRIDGE_SETUP_TREE_H

#include <stddef.h>
#include <stdio.h>

/* A tree of text lines. The last line of a branch is drawn otherwise, so all are kept first. */
struct tree {
	struct tree_line {
		size_t depth;
		char *text;
	} * lines;
	size_t n;
	size_t depth;
};

/* A line that has others below it, up to tree_end(); and one that has none. */
void tree_branch(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tree_leaf(struct tree *tree, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tree_end(struct tree *tree);

void tree_print(const struct tree *tree, FILE *out);
void tree_free(struct tree *tree);

#endif
