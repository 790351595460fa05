/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/resolv.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/ip.h"

#define HOST_FILE      "/etc/resolv.conf"
#define RESOLVED_FILE  "/run/systemd/resolve/resolv.conf"
#define FILE_MAX_BYTES (64u << 10)

void resolv_free(struct resolv *resolv)
{
	strlist_free(&resolv->servers);
	strlist_free(&resolv->search);
	strlist_free(&resolv->options);
	free(resolv->domain);
	*resolv = (struct resolv){ .domain = NULL };
}

/* 127.0.0.0/8, ::1, and the unspecified addresses, which mean this host as well. */
static bool is_loopback(const struct ip_addr *addr)
{
	static const uint8_t zeros[15];

	if (ip_is_any(addr))
		return true;
	if (addr->family == AF_INET)
		return addr->bytes[0] == 127;
	return memcmp(addr->bytes, zeros, sizeof(zeros)) == 0 && addr->bytes[15] == 1;
}

/* One with a zone ("fe80::1%eth0") is no address that a container could use. */
static void add_server(struct resolv *resolv, const char *text)
{
	struct ip_addr addr;
	struct err ignored = ERR_INIT;

	if (str_eq(text, "127.0.0.53") || str_eq(text, "127.0.0.54"))
		resolv->stub = true;
	if (ip_parse_addr(text, "nameserver", &addr, &ignored) < 0 || is_loopback(&addr))
		resolv->n_left_out++;
	else if (!strlist_has(&resolv->servers, text))
		strlist_add(&resolv->servers, text);
}

static void apply_line(struct resolv *resolv, const struct strlist *words)
{
	const char *key = words->items[0];

	if (str_eq(key, "nameserver")) {
		add_server(resolv, words->items[1]);
	} else if (str_eq(key, "search") || str_eq(key, "domain")) {
		/* resolv.conf(5): of all of these the last one counts. */
		strlist_free(&resolv->search);
		free(take_ptr(&resolv->domain));
		if (str_eq(key, "domain"))
			resolv->domain = xstrdup(words->items[1]);
		for (size_t i = 1; !resolv->domain && i < words->n; i++)
			strlist_add(&resolv->search, words->items[i]);
	} else if (str_eq(key, "options")) {
		for (size_t i = 1; i < words->n; i++)
			strlist_add(&resolv->options, words->items[i]);
	}
}

void resolv_parse(const char *text, struct resolv *resolv)
{
	autofree char *copy = xstrdup(text);
	char *rest = copy;

	*resolv = (struct resolv){ .domain = NULL };
	for (char *line; (line = strsep(&rest, "\n"));) {
		struct strlist words = { 0 };

		if (line[0] == '#' || line[0] == ';')
			continue;
		for (char *word; (word = strsep(&line, " \t\r"));) {
			if (*word)
				strlist_add(&words, word);
		}
		if (words.n > 1)
			apply_line(resolv, &words);
		strlist_free(&words);
	}
}

static bool read_host(const char *path, struct resolv *resolv)
{
	autofree char *text = NULL;
	struct err err = ERR_INIT;

	if (file_read_at(AT_FDCWD, path, FILE_MAX_BYTES, &text, NULL, &err) < 0) {
		log_debug("%s; ignoring", err.msg);
		return false;
	}
	resolv_parse(text, resolv);
	return true;
}

static void read_hosts_own(struct resolv *host)
{
	struct resolv real = { .domain = NULL };

	(void)read_host(HOST_FILE, host);
	if (host->stub && read_host(RESOLVED_FILE, &real)) {
		resolv_free(host);
		*host = real;
	}
	if (host->n_left_out > 0)
		log_debug("left out %zu of the host's name servers: a container cannot reach them",
			  host->n_left_out);
}

static void put_list(struct strbuf *text, const char *key, const struct strlist *list)
{
	if (list->n == 0)
		return;
	strbuf_puts(text, key);
	for (size_t i = 0; i < list->n; i++)
		strbuf_printf(text, " %s", list->items[i]);
	strbuf_puts(text, "\n");
}

char *resolv_compose(const struct network_dns *dns, const struct strlist *servers)
{
	autostrbuf struct strbuf text = { .text = NULL };
	struct resolv host = { .domain = NULL };
	const bool own_domain = dns->domain || dns->search.n > 0;
	const char *domain;

	if (!servers || servers->n == 0)
		servers = &dns->nameservers;
	if (servers->n == 0 || !own_domain || dns->options.n == 0)
		read_hosts_own(&host);
	if (servers->n == 0)
		servers = &host.servers;
	domain = own_domain ? dns->domain : host.domain;
	strbuf_puts(&text, "# Made by ct-netns.\n");
	for (size_t i = 0; i < servers->n; i++)
		strbuf_printf(&text, "nameserver %s\n", servers->items[i]);
	/* The last of the two counts: the search list. */
	if (domain)
		strbuf_printf(&text, "domain %s\n", domain);
	put_list(&text, "search", own_domain ? &dns->search : &host.search);
	put_list(&text, "options", dns->options.n > 0 ? &dns->options : &host.options);
	resolv_free(&host);
	return strbuf_take(&text);
}
