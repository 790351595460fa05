/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_IP_H
#define CT_NET_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/err.h"

/*
 * Addresses and prefixes as values. bytes are in network order and the rest of them is zero, so two
 * addresses of one family compare with memcmp. AF_UNSPEC (all zero): no address.
 */
struct ip_addr {
	int family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
};

struct ip_prefix {
	struct ip_addr addr; /* host bits may be set: "172.19.0.1/16" */
	unsigned int len;
};

/* Longest text of a prefix with its NUL, IPv6 included. */
#define IP_TEXT_SIZE 52

struct ip_text {
	char text[IP_TEXT_SIZE];
};

/*
 * IPv4 in strict dotted decimal: four numbers 0..255, no leading zeros; IPv6 as of RFC 4291, without
 * a zone, and no IPv4 address in disguise (::ffff:10.0.0.1). No blanks, nothing behind. `what` names
 * the value in the error ("gateway").
 */
int ip_parse_addr(const char *text, const char *what, struct ip_addr *addr, struct err *err);
/* "address/0..32" or "/0..128". */
int ip_parse_prefix(const char *text, const char *what, struct ip_prefix *prefix, struct err *err);

/* By value, for use as printf arguments: ip_addr_text(&addr).text */
struct ip_text ip_addr_text(const struct ip_addr *addr);
struct ip_text ip_prefix_text(const struct ip_prefix *prefix);

bool ip_is_set(const struct ip_addr *addr);
/* 0.0.0.0, :: or no address at all. */
bool ip_is_any(const struct ip_addr *addr);
/*
 * May an interface that leads to others have it: not any, the host's loopback, multicast, reserved, nor
 * link-local IPv6, which says nothing without its interface.
 */
bool ip_is_for_hosts(const struct ip_addr *addr);
bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
/* As numbers: <0, 0, >0. Families must be the same. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
/* The same for any two: IPv4 comes before IPv6. */
int ip_order(const struct ip_addr *a, const struct ip_addr *b);

/* 4 or 16 bytes; 32 or 128 bits. */
size_t ip_bytes(int family);
unsigned int ip_bits(int family);
/* 0.0.0.0/0 or ::/0. */
struct ip_prefix ip_default(int family);

/* The prefix with its host bits zeroed: 172.19.0.0/16. */
struct ip_prefix ip_network(const struct ip_prefix *prefix);
/* The last address: 172.19.255.255. In IPv6 it is an address like any other. */
struct ip_addr ip_broadcast(const struct ip_prefix *prefix);
/* A prefix of full length: 172.19.0.2/32, fd00::2/128. */
struct ip_prefix ip_host_prefix(const struct ip_addr *addr);

bool ip_contains(const struct ip_prefix *prefix, const struct ip_addr *addr);
bool ip_overlap(const struct ip_prefix *a, const struct ip_prefix *b);

/* Neighbours; they wrap at the ends of the family's space. */
struct ip_addr ip_next(const struct ip_addr *addr);
struct ip_addr ip_previous(const struct ip_addr *addr);
/* last - first + 1, both of one family and first <= last; UINT64_MAX when it is more. */
uint64_t ip_count(const struct ip_addr *first, const struct ip_addr *last);

/* IPv4 alone: network order, for the kernel, and from host order. */
uint32_t ip_to_be32(const struct ip_addr *addr);
struct ip_addr ip_from_u32(uint32_t host_order);

#endif
