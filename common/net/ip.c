/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 64 /* longer is no address */

size_t ip_bytes(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

unsigned int ip_bits(int family)
{
	return family == AF_INET6 ? 128 : 32;
}

/* ---- text ---- */

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

static bool is_ipv4_in_disguise(const struct ip_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr->bytes, mapped, sizeof(mapped)) == 0;
}

/* The first len bytes of text. */
static bool parse_ipv6(const char *text, size_t len, struct ip_addr *addr)
{
	struct ip_addr parsed = { .family = AF_INET6 };
	char copy[TEXT_MAX];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET6, copy, parsed.bytes) != 1 || is_ipv4_in_disguise(&parsed))
		return false;
	*addr = parsed;
	return true;
}

/* Returns what follows the address, NULL when there is none. */
static const char *parse_any(const char *text, struct ip_addr *addr)
{
	size_t len = strcspn(text, "/");

	if (!memchr(text, ':', len))
		return parse_ipv4(text, addr);
	return parse_ipv6(text, len, addr) ? text + len : NULL;
}

static int refuse(const char *text, const char *what, const char *wanted, struct err *err)
{
	return err_set(err, EINVAL, "%s: '%.*s' is not %s", what, TEXT_MAX, text, wanted);
}

int ip_parse_addr(const char *text, const char *what, struct ip_addr *addr, struct err *err)
{
	const char *end = parse_any(text, addr);

	if (!end || *end != '\0')
		return refuse(text, what, "an IP address such as 172.19.0.2 or fd00::2", err);
	return 0;
}

int ip_parse_prefix(const char *text, const char *what, struct ip_prefix *prefix, struct err *err)
{
	const char *wanted = "an IP address with a length, such as 172.19.0.1/16 or fd00::1/64";
	struct ip_prefix parsed = { .len = 0 };
	const char *end = parse_any(text, &parsed.addr);

	if (!end || *end != '/')
		return refuse(text, what, wanted, err);
	end = parse_number(end + 1, ip_bits(parsed.addr.family), &parsed.len);
	if (!end || *end != '\0')
		return refuse(text, what, wanted, err);
	*prefix = parsed;
	return 0;
}

struct ip_text ip_addr_text(const struct ip_addr *addr)
{
	struct ip_text text = { .text = "none" };

	if (ip_is_set(addr))
		(void)inet_ntop(addr->family, addr->bytes, text.text, sizeof(text.text));
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

bool ip_is_any(const struct ip_addr *addr)
{
	static const uint8_t zero[sizeof(addr->bytes)];

	return memcmp(addr->bytes, zero, sizeof(zero)) == 0;
}

bool ip_is_for_hosts(const struct ip_addr *addr)
{
	const uint8_t *b = addr->bytes;

	if (addr->family == AF_INET)
		return b[0] != 0 && b[0] != 127 && b[0] < 224;
	return b[0] != 0 && b[0] != 0xff && !(b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
}

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

int ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int ip_order(const struct ip_addr *a, const struct ip_addr *b)
{
	if (a->family != b->family)
		return a->family == AF_INET ? -1 : 1;
	return ip_compare(a, b);
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

/* ---- arithmetic, on the bytes ---- */

struct ip_prefix ip_default(int family)
{
	return (struct ip_prefix){ .addr = { .family = family } };
}

/* The bits of byte i that are host bits of a prefix. */
static uint8_t host_bits(unsigned int len, size_t i)
{
	if (len >= (i + 1) * 8)
		return 0;
	return len <= i * 8 ? 0xff : (uint8_t)(0xff >> (len - i * 8));
}

struct ip_prefix ip_network(const struct ip_prefix *prefix)
{
	struct ip_prefix network = *prefix;

	for (size_t i = 0; i < ip_bytes(prefix->addr.family); i++)
		network.addr.bytes[i] &= (uint8_t)~host_bits(prefix->len, i);
	return network;
}

struct ip_addr ip_broadcast(const struct ip_prefix *prefix)
{
	struct ip_addr last = prefix->addr;

	for (size_t i = 0; i < ip_bytes(last.family); i++)
		last.bytes[i] |= host_bits(prefix->len, i);
	return last;
}

struct ip_prefix ip_host_prefix(const struct ip_addr *addr)
{
	return (struct ip_prefix){ .addr = *addr, .len = ip_bits(addr->family) };
}

bool ip_contains(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
	if (prefix->addr.family != addr->family)
		return false;
	for (size_t i = 0; i < ip_bytes(addr->family); i++) {
		if ((prefix->addr.bytes[i] ^ addr->bytes[i]) & ~host_bits(prefix->len, i))
			return false;
	}
	return true;
}

bool ip_overlap(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->len <= b->len ? ip_contains(a, &b->addr) : ip_contains(b, &a->addr);
}

struct ip_addr ip_next(const struct ip_addr *addr)
{
	struct ip_addr next = *addr;

	for (size_t i = ip_bytes(addr->family); i-- > 0;) {
		if (++next.bytes[i] != 0)
			break;
	}
	return next;
}

struct ip_addr ip_previous(const struct ip_addr *addr)
{
	struct ip_addr previous = *addr;

	for (size_t i = ip_bytes(addr->family); i-- > 0;) {
		if (previous.bytes[i]-- != 0)
			break;
	}
	return previous;
}

/* The last eight bytes as a number. */
static uint64_t low_part(const struct ip_addr *addr)
{
	const size_t n = ip_bytes(addr->family);
	uint64_t value = 0;

	for (size_t i = n > 8 ? n - 8 : 0; i < n; i++)
		value = value << 8 | addr->bytes[i];
	return value;
}

uint64_t ip_count(const struct ip_addr *first, const struct ip_addr *last)
{
	uint64_t distance = low_part(last) - low_part(first);

	if (first->family == AF_INET6 && memcmp(first->bytes, last->bytes, 8) != 0)
		return UINT64_MAX;
	return distance == UINT64_MAX ? UINT64_MAX : distance + 1;
}
