/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FIREWALL_H
#define CT_NET_FIREWALL_H

#include <stdbool.h>

#include "common/err.h"
#include "common/net/network.h"
#include "common/net/record.h"
#include "common/net/report.h"

/*
 * Constant rules of a network, whatever the number of its containers, and one rule for each port (or
 * run of ports) that a container publishes. Every rule of ours carries a comment: "ct-netns:
 * <network>", "ct-netns port: <veth> <container>", "ct-netns" for the jumps to our chains. All
 * functions work on the calling thread's network namespace, and on each family that the network (the
 * attachment) has addresses of.
 */
struct firewall_backend {
	const char *name;
	/* Each returns the number of rules that it changed (check: that are wrong). */
	int (*ensure)(const struct network *net, const struct report *report, struct err *err);
	int (*check)(const struct network *net, const struct report *report, struct err *err);
	int (*remove)(const struct network *net, const struct report *report, struct err *err);
	int (*publish)(const struct attachment *att, struct err *err);
	int (*check_ports)(const struct attachment *att, const struct report *report,
			   struct err *err);
	int (*unpublish)(const struct attachment *att, struct err *err);
};

extern const struct firewall_backend firewall_iptables, firewall_nftables;

/*
 * Which back end a network is to use: what it asks for, else CT_NETNS_FIREWALL in the environment, else
 * the legacy tables where they are in use, nf_tables where those are, the legacy tables where neither
 * is and the kernel has them. The choice is kept (bridge_state.h), so that what was made is found.
 */
int firewall_choose(const struct network *net, enum firewall_kind *kind, struct err *err);
const char *firewall_name(enum firewall_kind kind);
/* FIREWALL_AUTO for a name that is none. */
enum firewall_kind firewall_named(const char *name);

/*
 * Rules of ours, and, where others drop what is forwarded, rules in their chains (fw_forward.h), or
 * the bridge in a zone of firewalld (firewalld.h). net_fd is the network's folder of the state
 * directory, or -1.
 *
 * Make the rules right. When they are, nothing is locked or written: one read per table. Otherwise
 * one commit per table under /run/xtables.lock (XTABLES_LOCKFILE), waited for at most five seconds.
 * Rules that were missing may mean that somebody flushed the tables, and with them the published
 * ports of other containers: the caller publishes these again.
 */
int firewall_ensure(enum firewall_kind kind, const struct network *net, int net_fd,
		    const struct report *report, struct err *err);
/*
 * The same where a container is waiting. What was right in nf_tables is right as long as nobody has
 * changed anything there, so its rules and chains are listed only when its generation is not the one
 * that was noted in net_fd. Nor is firewalld asked then: it cannot have been reloaded.
 */
int firewall_glance(enum firewall_kind kind, const struct network *net, int net_fd,
		    struct err *err);
int firewall_check(enum firewall_kind kind, const struct network *net, const struct report *report,
		   struct err *err);
/* The network's rules, then chains that are empty and their jumps. Fine when nothing is there. */
int firewall_remove(enum firewall_kind kind, const struct network *net, int net_fd,
		    const struct report *report, struct err *err);

/*
 * The rules of an attachment's ports (.ports, .addresses, .veth, .firewall): made right, looked at, taken away.
 * An attachment without ports costs nothing. The network's own rules must be there (firewall_ensure).
 */
int firewall_publish(const struct attachment *att, struct err *err);
int firewall_check_ports(const struct attachment *att, const struct report *report,
			 struct err *err);
int firewall_unpublish(const struct attachment *att, struct err *err);

#endif
