/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/fw_entry.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_multiport.h>
#include <stdlib.h>
#include <string.h>

#define CONNTRACK_REVISION 3
#define MULTIPORT_REVISION 1
#define ADDRTYPE_REVISION  1
/*
 * The least that carries what is asked, so that iptables(8) can list it: it knows SNAT of revision 0
 * for IPv4 and 1 for IPv6. DNAT of revision 2 (struct nf_nat_range2, Linux 4.18) is for both.
 */
#define SNAT6_REVISION 1
#define DNAT_REVISION  2

/* ---- the two kinds of entry ---- */

static size_t head_size(int family)
{
	return family == AF_INET6 ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry);
}

static uint16_t target_offset(int family, const void *entry)
{
	return family == AF_INET6 ? ((const struct ip6t_entry *)entry)->target_offset
				  : ((const struct ipt_entry *)entry)->target_offset;
}

/* An entry while it grows. */
struct builder {
	union fw_entry *entry;
	int family;
	size_t used;
};

/* A constant set of parts: their sum is known to fit. */
static void *grow(struct builder *b, size_t size)
{
	void *part = b->entry->bytes + b->used;

	if (b->used + size > sizeof(b->entry->bytes))
		abort();
	b->used += size;
	return part;
}

/* ---- addresses and interfaces ---- */

static void set_interface(char name[IFNAMSIZ], unsigned char mask[IFNAMSIZ], const char *wanted,
			  bool begins)
{
	if (wanted[0] == '\0')
		return;
	memcpy(name, wanted, strlen(wanted) + 1);
	/* With the NUL: the name whole, not as a prefix ("netns+"). */
	memset(mask, 0xff, strlen(wanted) + !begins);
}

/* addr and mask are of the family's size, zeroed. */
static void set_prefix(void *addr, void *mask, const struct ip_prefix *prefix)
{
	const size_t n = ip_bytes(prefix->addr.family);
	unsigned char *bits = mask;

	if (!ip_is_set(&prefix->addr))
		return;
	memcpy(addr, prefix->addr.bytes, n);
	for (size_t i = 0; i < prefix->len; i++)
		bits[i / 8] |= (unsigned char)(0x80 >> i % 8);
}

static void build_ipv4(const struct firewall_rule *rule, struct ipt_ip *ip)
{
	set_interface(ip->iniface, ip->iniface_mask, rule->in, rule->begins);
	set_interface(ip->outiface, ip->outiface_mask, rule->out, rule->begins);
	set_prefix(&ip->src, &ip->smsk, &rule->src);
	set_prefix(&ip->dst, &ip->dmsk, &rule->dst);
	ip->proto = (uint16_t)rule->proto;
	if (rule->not_out)
		ip->invflags |= IPT_INV_VIA_OUT;
	if (rule->not_dst)
		ip->invflags |= IPT_INV_DSTIP;
}

static void build_ipv6(const struct firewall_rule *rule, struct ip6t_ip6 *ip)
{
	set_interface(ip->iniface, ip->iniface_mask, rule->in, rule->begins);
	set_interface(ip->outiface, ip->outiface_mask, rule->out, rule->begins);
	set_prefix(&ip->src, &ip->smsk, &rule->src);
	set_prefix(&ip->dst, &ip->dmsk, &rule->dst);
	ip->proto = (uint16_t)rule->proto;
	if (rule->proto)
		ip->flags |= IP6T_F_PROTO;
	if (rule->not_out)
		ip->invflags |= IP6T_INV_VIA_OUT;
	if (rule->not_dst)
		ip->invflags |= IP6T_INV_DSTIP;
}

/* ---- matches ---- */

static void *add_match(struct builder *b, const char *name, uint8_t revision, size_t size)
{
	size_t total = XT_ALIGN(sizeof(struct xt_entry_match) + size);
	struct xt_entry_match *match = grow(b, total);

	memcpy(match->u.user.name, name, strlen(name) + 1);
	match->u.user.revision = revision;
	match->u.user.match_size = (uint16_t)total;
	return match->data;
}

static void add_conntrack(struct builder *b, unsigned int state)
{
	struct xt_conntrack_mtinfo3 *info =
		add_match(b, "conntrack", CONNTRACK_REVISION, sizeof(*info));

	info->match_flags = XT_CONNTRACK_STATE;
	if (state & FIREWALL_CT_INVALID)
		info->state_mask |= XT_CONNTRACK_STATE_INVALID;
	if (state & FIREWALL_CT_ESTABLISHED)
		info->state_mask |= XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) |
				    XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
	if (state & FIREWALL_CT_NEW)
		info->state_mask |= XT_CONNTRACK_STATE_BIT(IP_CT_NEW);
	if (state & FIREWALL_CT_DNAT)
		info->state_mask |= XT_CONNTRACK_STATE_DNAT;
}

static void add_ports(struct builder *b, const struct firewall_rule *rule)
{
	struct xt_multiport_v1 *info = add_match(b, "multiport", MULTIPORT_REVISION, sizeof(*info));

	info->flags = XT_MULTIPORT_DESTINATION;
	info->ports[info->count++] = rule->port;
	if (rule->last_port > rule->port) {
		info->pflags[0] = 1; /* a range, which the next one ends */
		info->ports[info->count++] = rule->last_port;
	}
}

static void add_matches(struct builder *b, const struct firewall_rule *rule)
{
	if (rule->dst_local) {
		struct xt_addrtype_info_v1 *info =
			add_match(b, "addrtype", ADDRTYPE_REVISION, sizeof(*info));

		info->dest = XT_ADDRTYPE_LOCAL;
	}
	if (rule->port)
		add_ports(b, rule);
	if (rule->ct_state != 0)
		add_conntrack(b, rule->ct_state);

	struct xt_comment_info *comment = add_match(b, "comment", 0, sizeof(*comment));

	memcpy(comment->comment, rule->comment, strlen(rule->comment) + 1);
}

/* ---- targets ---- */

static void *add_target(struct builder *b, const char *name, uint8_t revision, size_t size)
{
	size_t total = XT_ALIGN(size);
	struct xt_entry_target *target = grow(b, total);

	memcpy(target->u.user.name, name, strlen(name) + 1);
	target->u.user.revision = revision;
	target->u.user.target_size = (uint16_t)total;
	return target->data;
}

static unsigned int random_flag(const struct firewall_rule *rule)
{
	return rule->random_fully ? NF_NAT_RANGE_PROTO_RANDOM_FULLY : 0;
}

/* MASQUERADE, and SNAT to one address. */
static void add_source_translation(struct builder *b, const struct firewall_rule *rule)
{
	const size_t head = sizeof(struct xt_entry_target);
	unsigned int flags = random_flag(rule);

	if (ip_is_set(&rule->to))
		flags |= NF_NAT_RANGE_MAP_IPS;
	if (rule->family == AF_INET6) {
		uint8_t revision = ip_is_set(&rule->to) ? SNAT6_REVISION : 0;
		struct nf_nat_range *range =
			add_target(b, rule->target, revision, head + sizeof(*range));

		range->flags = flags;
		memcpy(&range->min_addr, rule->to.bytes, sizeof(rule->to.bytes));
		range->max_addr = range->min_addr;
		return;
	}
	struct nf_nat_ipv4_multi_range_compat *ranges =
		add_target(b, rule->target, 0, head + sizeof(*ranges));

	ranges->rangesize = 1;
	ranges->range[0].flags = flags;
	ranges->range[0].min_ip = ranges->range[0].max_ip = ip_to_be32(&rule->to);
}

static void add_destination_translation(struct builder *b, const struct firewall_rule *rule)
{
	struct nf_nat_range2 *range = add_target(b, rule->target, DNAT_REVISION,
						 sizeof(struct xt_entry_target) + sizeof(*range));

	range->flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED;
	memcpy(&range->min_addr, rule->to.bytes, ip_bytes(rule->to.family));
	range->max_addr = range->min_addr;
	range->min_proto.all = htons(rule->to_port);
	range->max_proto.all = htons((uint16_t)(rule->to_port + rule->last_port - rule->port));
	if (rule->last_port == rule->port)
		return;
	/* The n-th port becomes the n-th, not any one of them. */
	range->flags |= NF_NAT_RANGE_PROTO_OFFSET;
	range->base_proto.all = htons(rule->port);
}

/* libiptc finds verdict or chain by name. */
static bool is_verdict(const char *target)
{
	return !str_eq(target, "MASQUERADE") && !str_eq(target, "SNAT") && !str_eq(target, "DNAT");
}

void fw_entry_build(const struct firewall_rule *rule, union fw_entry *entry)
{
	struct builder b = { .entry = entry, .family = rule->family };
	size_t target_at = 0;

	memset(entry, 0, sizeof(*entry));
	(void)grow(&b, head_size(rule->family));
	add_matches(&b, rule);
	target_at = b.used;
	if (is_verdict(rule->target))
		(void)add_target(&b, rule->target, 0, sizeof(struct xt_standard_target));
	else if (str_eq(rule->target, "DNAT"))
		add_destination_translation(&b, rule);
	else
		add_source_translation(&b, rule);
	if (rule->family == AF_INET6) {
		build_ipv6(rule, &entry->ipv6.ipv6);
		entry->ipv6.target_offset = (uint16_t)target_at;
		entry->ipv6.next_offset = (uint16_t)b.used;
	} else {
		build_ipv4(rule, &entry->ipv4.ip);
		entry->ipv4.target_offset = (uint16_t)target_at;
		entry->ipv4.next_offset = (uint16_t)b.used;
	}
}

/* ---- comparing ---- */

static const struct xt_entry_match *match_at(int family, const void *entry, size_t offset)
{
	if (offset + sizeof(struct xt_entry_match) > target_offset(family, entry))
		return NULL;
	return (const void *)((const unsigned char *)entry + offset);
}

static bool same_matches(int family, const void *a, const void *b)
{
	size_t offset = head_size(family);

	if (target_offset(family, a) != target_offset(family, b))
		return false;
	while (offset < target_offset(family, a)) {
		const struct xt_entry_match *x = match_at(family, a, offset);
		const struct xt_entry_match *y = match_at(family, b, offset);

		if (!x || !y || x->u.user.match_size != y->u.user.match_size ||
		    x->u.user.revision != y->u.user.revision ||
		    !str_eq(x->u.user.name, y->u.user.name) ||
		    memcmp(x->data, y->data, x->u.user.match_size - sizeof(*x)) != 0)
			return false;
		offset += x->u.user.match_size;
	}
	return true;
}

static bool same_target(int family, const void *a, const char *target, const void *b)
{
	const struct xt_entry_target *x =
		(const void *)((const unsigned char *)a + target_offset(family, a));
	const struct xt_entry_target *y =
		(const void *)((const unsigned char *)b + target_offset(family, b));

	if (!str_eq(target, y->u.user.name))
		return false;
	if (is_verdict(target))
		return true; /* what a verdict or a jump carries are offsets of libiptc */
	return x->u.user.target_size == y->u.user.target_size &&
	       x->u.user.revision == y->u.user.revision &&
	       memcmp(x->data, y->data, x->u.user.target_size - sizeof(*x)) == 0;
}

static bool same_head(int family, const void *a, const union fw_entry *b)
{
	/* the padding is zero in both, and the kernel hands it back as it was
	 * NOLINTBEGIN(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	if (family == AF_INET6)
		return memcmp(&((const struct ip6t_entry *)a)->ipv6, &b->ipv6.ipv6,
			      sizeof(b->ipv6.ipv6)) == 0;
	return memcmp(&((const struct ipt_entry *)a)->ip, &b->ipv4.ip, sizeof(b->ipv4.ip)) == 0;
	/* NOLINTEND(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
}

bool fw_entry_is(const void *entry, const char *target, const struct firewall_rule *rule)
{
	union fw_entry wanted;

	fw_entry_build(rule, &wanted);
	return target && same_head(rule->family, entry, &wanted) &&
	       same_matches(rule->family, entry, &wanted) &&
	       same_target(rule->family, entry, target, &wanted);
}

const char *fw_entry_comment(int family, const void *entry)
{
	const struct xt_entry_match *match = NULL;
	size_t offset = head_size(family);

	while ((match = match_at(family, entry, offset)) != NULL && match->u.user.match_size > 0) {
		if (str_eq(match->u.user.name, "comment"))
			return ((const struct xt_comment_info *)(const void *)match->data)->comment;
		offset += match->u.user.match_size;
	}
	return NULL;
}
