/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/ip.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define IPV4_BITS 32u

/*
 * One number 0..max of at most three digits without leading zeros, ended by `end`. Returns what
 * follows the number, NULL when it is none.
 */
static const char *parse_number(const char *text, unsigned int max, unsigned int *value)
{
	unsigned int n = 0;
	const char *p = text;

	while (*p >= '0' && *p <= '9' && p - text < 3)
		n = n * 10 + (unsigned int)(*p++ - '0');
	if (p == text || n > max || (*text == '0' && p - text > 1))
		return NULL;
	*value = n;
	return p;
}

/* Returns what follows the address, NULL when there is none. */
static const char *parse_ipv4(const char *text, struct ip_addr *addr)
{
	struct ip_addr parsed = { .family = AF_INET };
	const char *p = text;

	for (size_t i = 0; i < 4; i++) {
		unsigned int value = 0;

		if (i > 0 && *p++ != '.')
			return NULL;
		p = parse_number(p, 255, &value);
		if (!p)
			return NULL;
		parsed.bytes[i] = (uint8_t)value;
	}
	*addr = parsed;
	return p;
}

static int refuse(const char *text, const char *what, const char *wanted, struct err *err)
{
	if (strchr(text, ':'))
		return err_set(err, EAFNOSUPPORT, "%s: '%s': IPv6 is not supported", what, text);
	return err_set(err, EINVAL, "%s: '%s' is not %s", what, text, wanted);
}

int ip_parse_addr(const char *text, const char *what, struct ip_addr *addr, struct err *err)
{
	const char *end = parse_ipv4(text, addr);

	if (!end || *end != '\0')
		return refuse(text, what, "an IPv4 address such as 172.19.0.2", err);
	return 0;
}

int ip_parse_prefix(const char *text, const char *what, struct ip_prefix *prefix, struct err *err)
{
	const char *wanted = "an IPv4 address with a length, such as 172.19.0.1/16";
	struct ip_prefix parsed = { .len = 0 };
	const char *end = parse_ipv4(text, &parsed.addr);

	if (!end || *end != '/')
		return refuse(text, what, wanted, err);
	end = parse_number(end + 1, IPV4_BITS, &parsed.len);
	if (!end || *end != '\0')
		return refuse(text, what, wanted, err);
	*prefix = parsed;
	return 0;
}

struct ip_text ip_addr_text(const struct ip_addr *addr)
{
	struct ip_text text = { .text = "none" };

	if (addr->family == AF_INET)
		(void)snprintf(text.text, sizeof(text.text), "%u.%u.%u.%u", addr->bytes[0],
			       addr->bytes[1], addr->bytes[2], addr->bytes[3]);
	return text;
}

struct ip_text ip_prefix_text(const struct ip_prefix *prefix)
{
	struct ip_text text = ip_addr_text(&prefix->addr);
	size_t len = strlen(text.text);

	if (ip_is_set(&prefix->addr))
		(void)snprintf(text.text + len, sizeof(text.text) - len, "/%u", prefix->len);
	return text;
}

bool ip_is_set(const struct ip_addr *addr)
{
	return addr->family != AF_UNSPEC;
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

uint32_t ip_to_be32(const struct ip_addr *addr)
{
	uint32_t be = 0;

	memcpy(&be, addr->bytes, sizeof(be));
	return be;
}

struct ip_addr ip_from_u32(uint32_t host_order)
{
	struct ip_addr addr = { .family = AF_INET };
	uint32_t be = htonl(host_order);

	memcpy(addr.bytes, &be, sizeof(be));
	return addr;
}

static uint32_t to_u32(const struct ip_addr *addr)
{
	return ntohl(ip_to_be32(addr));
}

static uint32_t mask_of(unsigned int len)
{
	return len == 0 ? 0 : UINT32_MAX << (IPV4_BITS - len);
}

struct ip_prefix ip_network(const struct ip_prefix *prefix)
{
	return (struct ip_prefix){
		.addr = ip_from_u32(to_u32(&prefix->addr) & mask_of(prefix->len)),
		.len = prefix->len,
	};
}

struct ip_addr ip_broadcast(const struct ip_prefix *prefix)
{
	return ip_from_u32(to_u32(&prefix->addr) | ~mask_of(prefix->len));
}

struct ip_prefix ip_host_prefix(const struct ip_addr *addr)
{
	return (struct ip_prefix){ .addr = *addr, .len = IPV4_BITS };
}

bool ip_contains(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
	if (prefix->addr.family != addr->family)
		return false;
	return ((to_u32(&prefix->addr) ^ to_u32(addr)) & mask_of(prefix->len)) == 0;
}

bool ip_overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len <= b->len ? ip_contains(a, &b->addr) : ip_contains(b, &a->addr);
}

struct ip_addr ip_add(const struct ip_addr *addr, uint32_t step)
{
	return ip_from_u32(to_u32(addr) + step);
}

struct ip_addr ip_next(const struct ip_addr *addr)
{
	return ip_add(addr, 1);
}

uint64_t ip_count(const struct ip_addr *first, const struct ip_addr *last)
{
	return (uint64_t)to_u32(last) - to_u32(first) + 1;
}
