/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/mac_check.h"

#include <errno.h>
#include <linux/netfilter.h>

#include "common/cleanup.h"
#include "common/net/firewall/fw_lock.h"
#include "common/net/firewall/fw_nft_kernel.h"
#include "common/str.h"

#define TABLE "bridge ct-netns"
#define CHAIN TABLE " mac"
/* In front of every other chain: such a frame is to teach the bridge nothing. */
#define HOOK "type filter hook prerouting priority -300; policy accept;"

/* What takes the rules of a veth away; returns how many of others stay. */
static int put_removal(const char *veth, struct strbuf *text, struct err *err)
{
	autonftfound struct fw_nft_found_list found = { .items = NULL };
	int others = 0;

	if (fw_nft_read(NFPROTO_BRIDGE, "ct-netns", &found, err) < 0)
		return -err->code;
	for (size_t i = 0; i < found.n; i++) {
		const struct fw_nft_found *rule = &found.items[i];

		if (str_eq(rule->comment, veth))
			strbuf_printf(text, "delete rule " CHAIN " handle %llu\n",
				      (unsigned long long)rule->handle);
		else
			others++;
	}
	return others;
}

int mac_check_find(const struct attachment *att, struct err *err)
{
	autonftfound struct fw_nft_found_list found = { .items = NULL };

	if (fw_nft_read(NFPROTO_BRIDGE, "ct-netns", &found, err) < 0)
		return -err->code;
	for (size_t i = 0; i < found.n; i++) {
		if (str_eq(found.items[i].comment, att->veth))
			return 1;
	}
	return 0;
}

int mac_check_add(const struct attachment *att, struct err *err)
{
	autoclose int lock_fd = fw_lock(err);
	autostrbuf struct strbuf text = { .text = NULL };
	char mac[LINK_MAC_TEXT_SIZE];
	int others = lock_fd < 0 ? lock_fd : put_removal(att->veth, &text, err);
	const bool is_first = others == 0 && !text.text;

	if (others < 0)
		return others;
	link_mac_text(&att->mac, mac);
	strbuf_printf(&text,
		      "add table " TABLE "\n"
		      "add chain " CHAIN " { " HOOK " }\n"
		      "add rule " CHAIN " iifname \"%s\" ether saddr != %s drop comment \"%s\"\n",
		      att->veth, mac, att->veth);
	return fw_nft_run(text.text, err) < 0 ? err_ctx(err, "macspoofchk") : is_first;
}

int mac_check_remove(const struct attachment *att, struct err *err)
{
	autostrbuf struct strbuf text = { .text = NULL };
	int others = 0;

	if (!att->mac_check)
		return 0;
	autoclose int lock_fd = fw_lock(err);

	if (lock_fd < 0)
		return lock_fd;
	others = put_removal(att->veth, &text, err);
	if (others < 0 || !text.text)
		return others < 0 ? others : 0;
	return fw_nft_run(others > 0 ? text.text : "delete table " TABLE "\n", err);
}
