/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/fw_entry.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <stdlib.h>
#include <string.h>

#define CONNTRACK_REVISION 3
#define MULTICAST_NET      0xe0000000u
#define MULTICAST_MASK     0xf0000000u

/* ---- building ---- */

static void set_interface(char name[IFNAMSIZ], unsigned char mask[IFNAMSIZ], const char *wanted)
{
	if (wanted[0] == '\0')
		return;
	memcpy(name, wanted, strlen(wanted) + 1);
	/* With the NUL: the name whole, not as a prefix ("netns+"). */
	memset(mask, 0xff, strlen(wanted) + 1);
}

static void build_ip(const struct firewall_rule *rule, struct ipt_ip *ip)
{
	set_interface(ip->iniface, ip->iniface_mask, rule->in);
	set_interface(ip->outiface, ip->outiface_mask, rule->out);
	if (rule->not_out)
		ip->invflags |= IPT_INV_VIA_OUT;
	if (ip_is_set(&rule->src.addr)) {
		ip->src.s_addr = ip_to_be32(&rule->src.addr);
		ip->smsk.s_addr = rule->src.len == 0 ? 0
						     : htonl(UINT32_MAX << (32 - rule->src.len));
	}
	if (rule->not_multicast) {
		ip->dst.s_addr = htonl(MULTICAST_NET);
		ip->dmsk.s_addr = htonl(MULTICAST_MASK);
		ip->invflags |= IPT_INV_DSTIP;
	}
}

/* Put a match behind what is there; returns where its data goes. */
static void *add_match(union fw_entry *entry, const char *name, uint8_t revision, size_t size)
{
	struct xt_entry_match *match = (void *)(entry->bytes + entry->head.target_offset);
	size_t total = XT_ALIGN(sizeof(*match) + size);

	/* A constant set of matches: the sum is known to fit. */
	if (entry->head.target_offset + total > sizeof(entry->bytes))
		abort();
	memcpy(match->u.user.name, name, strlen(name) + 1);
	match->u.user.revision = revision;
	match->u.user.match_size = (uint16_t)total;
	entry->head.target_offset = (uint16_t)(entry->head.target_offset + total);
	return match->data;
}

static void add_conntrack(union fw_entry *entry, unsigned int state)
{
	struct xt_conntrack_mtinfo3 *info =
		add_match(entry, "conntrack", CONNTRACK_REVISION, sizeof(*info));

	info->match_flags = XT_CONNTRACK_STATE;
	if (state & FIREWALL_CT_INVALID)
		info->state_mask |= XT_CONNTRACK_STATE_INVALID;
	if (state & FIREWALL_CT_ESTABLISHED)
		info->state_mask |= XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) |
				    XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
}

static void add_target(union fw_entry *entry, const char *name)
{
	struct xt_entry_target *target = (void *)(entry->bytes + entry->head.target_offset);
	size_t size =
		sizeof(struct xt_standard_target); /* libiptc finds verdict or chain by name */

	if (str_eq(name, "MASQUERADE")) {
		struct nf_nat_ipv4_multi_range_compat *range = (void *)target->data;

		size = sizeof(*target) + sizeof(*range);
		range->rangesize = 1;
	}
	memcpy(target->u.user.name, name, strlen(name) + 1);
	target->u.user.target_size = (uint16_t)XT_ALIGN(size);
	entry->head.next_offset =
		(uint16_t)(entry->head.target_offset + target->u.user.target_size);
}

void fw_entry_build(const struct firewall_rule *rule, union fw_entry *entry)
{
	struct xt_comment_info *comment = NULL;

	memset(entry, 0, sizeof(*entry));
	build_ip(rule, &entry->head.ip);
	entry->head.target_offset = sizeof(struct ipt_entry);
	if (rule->ct_state != 0)
		add_conntrack(entry, rule->ct_state);
	comment = add_match(entry, "comment", 0, sizeof(*comment));
	memcpy(comment->comment, rule->comment, strlen(rule->comment) + 1);
	add_target(entry, rule->target);
}

/* ---- comparing ---- */

static const struct xt_entry_match *match_at(const struct ipt_entry *entry, size_t offset)
{
	if (offset + sizeof(struct xt_entry_match) > entry->target_offset)
		return NULL;
	return (const void *)((const unsigned char *)entry + offset);
}

static bool same_matches(const struct ipt_entry *a, const struct ipt_entry *b)
{
	size_t offset = sizeof(*a);

	if (a->target_offset != b->target_offset)
		return false;
	while (offset < a->target_offset) {
		const struct xt_entry_match *x = match_at(a, offset);
		const struct xt_entry_match *y = match_at(b, offset);

		if (!x || !y || x->u.user.match_size != y->u.user.match_size ||
		    x->u.user.revision != y->u.user.revision ||
		    !str_eq(x->u.user.name, y->u.user.name) ||
		    memcmp(x->data, y->data, x->u.user.match_size - sizeof(*x)) != 0)
			return false;
		offset += x->u.user.match_size;
	}
	return true;
}

static bool same_target(const struct ipt_entry *a, const char *target, const struct ipt_entry *b)
{
	const struct xt_entry_target *x =
		(const void *)((const unsigned char *)a + a->target_offset);
	const struct xt_entry_target *y =
		(const void *)((const unsigned char *)b + b->target_offset);

	if (!str_eq(target, y->u.user.name))
		return false;
	if (!str_eq(target, "MASQUERADE"))
		return true; /* what a verdict or a jump carries are offsets of libiptc */
	return x->u.user.target_size == y->u.user.target_size &&
	       memcmp(x->data, y->data, x->u.user.target_size - sizeof(*x)) == 0;
}

bool fw_entry_is(const struct ipt_entry *entry, const char *target,
		 const struct firewall_rule *rule)
{
	union fw_entry wanted;

	fw_entry_build(rule, &wanted);
	return target && memcmp(&entry->ip, &wanted.head.ip, sizeof(entry->ip)) == 0 &&
	       same_matches(entry, &wanted.head) && same_target(entry, target, &wanted.head);
}

const char *fw_entry_comment(const struct ipt_entry *entry)
{
	const struct xt_entry_match *match = NULL;
	size_t offset = sizeof(*entry);

	while ((match = match_at(entry, offset)) != NULL && match->u.user.match_size > 0) {
		if (str_eq(match->u.user.name, "comment"))
			return ((const struct xt_comment_info *)(const void *)match->data)->comment;
		offset += match->u.user.match_size;
	}
	return NULL;
}
