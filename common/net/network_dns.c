/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/network_dns.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/ip.h"

#define MAX_ITEMS 32
#define MAX_NAME  253

void network_dns_free(struct network_dns *dns)
{
	strlist_free(&dns->nameservers);
	free(dns->domain);
	strlist_free(&dns->search);
	strlist_free(&dns->options);
	*dns = (struct network_dns){ .domain = NULL };
}

/* Labels may be longer than DNS has them: ids of 64 digits are names in a hosts file. */
static bool is_domain(const char *name)
{
	const char *label = name;

	if (strlen(name) > MAX_NAME)
		return false;
	for (;;) {
		size_t len = strcspn(label, ".");

		if (len == 0 || label[0] == '-')
			return false;
		for (size_t i = 0; i < len; i++) {
			if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
				return false;
		}
		if (label[len] == '\0')
			return true;
		label += len + 1;
	}
}

/* As resolvers see it: a last label of digits makes the whole an address in one of its old forms. */
static bool is_numeric(const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *last = dot ? dot + 1 : name;

	return last[strspn(last, "0123456789")] == '\0' || strncasecmp(last, "0x", 2) == 0;
}

bool network_dns_is_name(const char *name)
{
	return is_domain(name) && !is_numeric(name) && strcasecmp(name, "localhost") != 0 &&
	       strncasecmp(name, "ip6-", 4) != 0;
}

static bool is_server(const char *text)
{
	struct ip_addr addr;
	struct err ignored = ERR_INIT;

	return ip_parse_addr(text, "nameserver", &addr, &ignored) >= 0;
}

/* "ndots:2", "rotate" */
static bool is_option(const char *text)
{
	return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-:")] == '\0';
}

/* A search list may end in the root's dot, or be the root alone. */
static bool is_search(const char *text)
{
	size_t len = strlen(text);

	if (str_eq(text, "."))
		return true;
	char *name = xstrndup(text, len > 0 && text[len - 1] == '.' ? len - 1 : len);
	bool good = is_domain(name);

	free(name);
	return good;
}

struct checked {
	bool (*check)(const char *text);
	const char *must;
};

static int decode_list(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	const struct checked *checked = field->arg;
	struct strlist *list = out;

	if (json_decode_strings(node, field, list, path, err) < 0)
		return -err->code;
	if (list->n > MAX_ITEMS)
		return json_fail(path, err, "has more than %d items", MAX_ITEMS);
	for (size_t i = 0; i < list->n; i++) {
		const struct json_path item = { .parent = path, .index = i };

		if (!checked->check(list->items[i]))
			return json_fail(&item, err, "'%.80s' is no %s", list->items[i],
					 checked->must);
	}
	return 0;
}

static int decode_domain(const json_node *node, const struct json_field *field, void *out,
			 const struct json_path *path, struct err *err)
{
	const char *text = json_string(node);

	(void)field;
	if (!text)
		return json_fail(path, err, "must be a string");
	if (*text && !is_search(text))
		return json_fail(path, err, "'%.80s' is no domain", text);
	if (*text)
		*(char **)out = xstrdup(text);
	return 0;
}

static const struct checked servers = { is_server, "IP address" };
static const struct checked searches = { is_search, "domain" };
static const struct checked resolver_options = { is_option, "resolver option" };

static const struct json_field dns_fields[] = {
	{ "nameservers", decode_list, offsetof(struct network_dns, nameservers), 0, &servers, 0 },
	{ "domain", decode_domain, offsetof(struct network_dns, domain), 0, NULL, 0 },
	{ "search", decode_list, offsetof(struct network_dns, search), 0, &searches, 0 },
	{ "options", decode_list, offsetof(struct network_dns, options), 0, &resolver_options, 0 },
};
static const struct json_field runtime_fields[] = {
	{ "servers", decode_list, offsetof(struct network_dns, nameservers), 0, &servers, 0 },
	{ "searches", decode_list, offsetof(struct network_dns, search), 0, &searches, 0 },
	{ "options", decode_list, offsetof(struct network_dns, options), 0, &resolver_options, 0 },
};

static const struct json_table dns_table = {
	.fields = dns_fields,
	.n_fields = ARRAY_SIZE(dns_fields),
	.strict = true,
};
static const struct json_table runtime_table = {
	.fields = runtime_fields,
	.n_fields = ARRAY_SIZE(runtime_fields),
};

static int decode_with(const struct json_table *table, const json_node *node,
		       const struct json_field *field, void *out, const struct json_path *path,
		       struct err *err)
{
	struct json_field object = *field;

	object.arg = table;
	return json_decode_object(node, &object, out, path, err);
}

int network_dns_decode(const json_node *node, const struct json_field *field, void *out,
		       const struct json_path *path, struct err *err)
{
	return decode_with(&dns_table, node, field, out, path, err);
}

int network_dns_decode_runtime(const json_node *node, const struct json_field *field, void *out,
			       const struct json_path *path, struct err *err)
{
	return decode_with(&runtime_table, node, field, out, path, err);
}

static void lay_list(struct strlist *list, struct strlist *over)
{
	if (over->n == 0)
		return;
	strlist_free(list);
	*list = *over;
	*over = (struct strlist){ 0 };
}

void network_dns_lay_over(struct network_dns *dns, struct network_dns *over)
{
	lay_list(&dns->nameservers, &over->nameservers);
	lay_list(&dns->search, &over->search);
	lay_list(&dns->options, &over->options);
}
