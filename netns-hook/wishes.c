/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/wishes.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"

#define PREFIX    "ct.netns."
#define MAX_ITEMS 256

static const struct {
	const char *annotation, *flag;
} wish_names[WISH_COUNT] = {
	[WISH_PUBLISH] = { PREFIX "publish", "--publish" },
	[WISH_IP] = { PREFIX "ip", "--static-ip" },
	[WISH_MAC] = { PREFIX "mac", "--mac" },
	[WISH_ALIASES] = { PREFIX "aliases", "--alias" },
};

void wishes_free(struct wishes *wishes)
{
	for (size_t i = 0; i < WISH_COUNT; i++)
		strlist_free(&wishes->all[i].items);
}

/* What the flag was given; a flag that is no list has one item. */
static void flag_items(const struct options *options, enum wish wish, struct strlist *items)
{
	const struct strlist *lists[WISH_COUNT] = {
		[WISH_PUBLISH] = &options->publish,
		[WISH_IP] = &options->static_ips,
		[WISH_ALIASES] = &options->aliases,
	};

	if (wish == WISH_MAC && options->mac)
		strlist_add(items, options->mac);
	for (size_t i = 0; lists[wish] && i < lists[wish]->n; i++)
		strlist_add(items, lists[wish]->items[i]);
}

static void annotation_items(const char *text, enum wish wish, struct strlist *items)
{
	autofree char *copy = xstrdup(text);
	char *rest = copy;

	if (wish == WISH_MAC) {
		strlist_add(items, text);
		return;
	}
	for (char *item; items->n <= MAX_ITEMS && (item = strsep(&rest, ","));)
		strlist_add(items, item);
}

static int read_wish(const struct options *options, const struct strmap *annotations,
		     enum wish wish, struct wishes *wishes, struct err *err)
{
	const char *annotation = annotations ? strmap_get(annotations, wish_names[wish].annotation)
					     : NULL;
	struct strlist *items = &wishes->all[wish].items;

	wishes->all[wish].what = wish_names[wish].flag;
	flag_items(options, wish, items);
	if (annotation && items->n > 0) {
		log_debug("%s does not count beside %s; ignoring", wish_names[wish].annotation,
			  wish_names[wish].flag);
	} else if (annotation) {
		wishes->all[wish].what = wish_names[wish].annotation;
		annotation_items(annotation, wish, items);
		if (items->n > MAX_ITEMS)
			return err_set(err, E2BIG, "%s: more than %d items",
				       wish_names[wish].annotation, MAX_ITEMS);
	}
	return 0;
}

static bool is_known(const char *annotation)
{
	for (size_t i = 0; i < WISH_COUNT; i++) {
		if (str_eq(annotation, wish_names[i].annotation))
			return true;
	}
	return false;
}

static int check_annotations(const struct options *options, const struct strmap *annotations,
			     struct err *err)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const char *key = annotations->items[i].key;

		if (!str_starts(key, PREFIX))
			continue;
		if (!options->annotations)
			log_debug("annotation '%.80s' does not count without --annotations; "
				  "ignoring",
				  key);
		else if (!is_known(key))
			return err_set(
				err, EINVAL,
				"annotation '%.80s' is not known: there are ct.netns.publish, "
				"ct.netns.ip, ct.netns.mac and ct.netns.aliases",
				key);
	}
	return 0;
}

int wishes_read(const struct options *options, const struct strmap *annotations,
		struct wishes *wishes, struct err *err)
{
	int rc = annotations ? check_annotations(options, annotations, err) : 0;

	if (!options->annotations)
		annotations = NULL;
	for (int wish = 0; rc >= 0 && wish < WISH_COUNT; wish++)
		rc = read_wish(options, annotations, (enum wish)wish, wishes, err);
	return rc;
}
