/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge-setup/tree.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/str.h"

static void __attribute__((format(printf, 2, 0)))
add(struct tree *tree, const char *fmt, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, args) < 0)
		text = xstrdup("");
	tree->lines = xreallocarray(tree->lines, tree->n + 1, sizeof(*tree->lines));
	tree->lines[tree->n++] = (struct tree_line){ tree->depth, text };
}

void tree_branch(struct tree *tree, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(tree, fmt, args);
	va_end(args);
	tree->depth++;
}

void tree_leaf(struct tree *tree, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add(tree, fmt, args);
	va_end(args);
}

void tree_end(struct tree *tree)
{
	tree->depth--;
}

/* Does another line at `depth` follow line i within the same branch? */
static bool goes_on(const struct tree *tree, size_t i, size_t depth)
{
	for (size_t next = i + 1; next < tree->n && tree->lines[next].depth >= depth; next++) {
		if (tree->lines[next].depth == depth)
			return true;
	}
	return false;
}

void tree_print(const struct tree *tree, FILE *out)
{
	for (size_t i = 0; i < tree->n; i++) {
		const struct tree_line *line = &tree->lines[i];

		for (size_t depth = 1; depth < line->depth; depth++)
			(void)fputs(goes_on(tree, i, depth) ? "│  " : "   ", out);
		if (line->depth > 0)
			(void)fputs(goes_on(tree, i, line->depth) ? "├─ " : "└─ ", out);
		(void)fprintf(out, "%s\n", line->text);
	}
}

void tree_free(struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++)
		free(tree->lines[i].text);
	free(tree->lines);
	*tree = (struct tree){ .n = 0 };
}
