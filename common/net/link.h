/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_LINK_H
#define CT_NET_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/net/ip.h"
#include "common/net/link_conf.h"
#include "common/net/netlink.h"

#define LINK_MAC_BYTES     6
#define LINK_MAC_TEXT_SIZE 18
#define LINK_MTU_MIN       68
#define LINK_MTU_MIN_IPV6  1280 /* RFC 8200; below it the kernel takes IPv6 off an interface */
#define LINK_MTU_MAX       65535

struct link_mac {
	uint8_t bytes[LINK_MAC_BYTES];
};

/* As a port of its bridge: kept from other such ports; may send back where it came from. */
struct link_port {
	bool isolated;
	bool hairpin;
};

struct link_info {
	int index;
	char name[IFNAMSIZ];
	char kind[IFNAMSIZ]; /* "bridge", "veth"; "" for hardware and lo */
	unsigned int mtu;
	bool up; /* IFF_UP, the administrator's wish */
	bool promisc;
	int master; /* index; 0: none */
	int peer;   /* IFLA_LINK: index of a veth's other end in its namespace; 0: none */
	struct link_mac mac;
	struct link_port port; /* all false when it is none */
	struct link_conf conf;
};

struct link_veth {
	const char *host_name;
	const char *peer_name;
	unsigned int mtu; /* both ends */
	int master;       /* index of the bridge that the host end becomes a port of; 0: of none */
	struct link_mac host_mac; /* all zero: any */
	int peer_netns_fd;
	struct link_mac peer_mac;
};

/*
 * An interface name that Linux takes and that is safe as a path component below /proc/sys/net:
 * 1..15 bytes, no '/', ':' or blank, not "." or "..". EINVAL/ENAMETOOLONG, `what` names it.
 */
int link_check_name(const char *name, const char *what, struct err *err);

/* One RTM_GETLINK, no dump. 1: found, 0: there is none, negative: error. */
int link_find(struct netlink *nl, const char *name, struct link_info *info, struct err *err);
int link_find_index(struct netlink *nl, int index, struct link_info *info, struct err *err);

/* As link_find, and a missing link is ENODEV "interface 'x' is missing". Returns 0. */
int link_get(struct netlink *nl, const char *name, struct link_info *info, struct err *err);

/*
 * A bridge with its MAC fixed at birth, in one RTM_NEWLINK, down. Its MTU is the kernel's 1500: one
 * given at birth is forgotten when the last port leaves, one set later (link_set_mtu) is kept.
 * vlan_filtering: it knows VLANs, or EOPNOTSUPP.
 * 1: made, 0: somebody else was faster (the caller reads it again), negative: error.
 */
int link_add_bridge(struct netlink *nl, const char *name, const struct link_mac *mac,
		    bool vlan_filtering, struct err *err);

/*
 * A veth pair in one RTM_NEWLINK: the host end up and a port of the bridge, the peer in its
 * namespace with name and MAC, down. EEXIST: the host name, or the peer's name in its namespace, is
 * taken; EXFULL: the bridge has no port left.
 */
int link_add_veth(struct netlink *nl, const struct link_veth *veth, struct err *err);

/*
 * An IFB (what is sent to it goes on to where it was going), up. 1: made, 0: one of that name is there;
 * EOPNOTSUPP: the kernel has none.
 */
int link_add_ifb(struct netlink *nl, const char *name, unsigned int mtu, struct err *err);

int link_set_up(struct netlink *nl, int index, struct err *err);
int link_set_down(struct netlink *nl, int index, struct err *err);
int link_set_mtu(struct netlink *nl, int index, unsigned int mtu, struct err *err);
/* Into another namespace, under a name; EEXIST: one has it there. It is down then, without addresses. */
int link_move(struct netlink *nl, int index, int netns_fd, const char *name, struct err *err);
int link_rename(struct netlink *nl, int index, const char *name, struct err *err);
int link_set_promisc(struct netlink *nl, int index, bool on, struct err *err);
/* Promiscuous, every multicast (off when false), length of the queue (negative: as it is). */
struct link_tuning {
	bool promisc, allmulti;
	int64_t txqueuelen;
};
int link_tune(struct netlink *nl, int index, const struct link_tuning *tuning, struct err *err);
int link_set_port(struct netlink *nl, int index, const struct link_port *port, struct err *err);
/* Off its bridge; fine when it is on none. */
int link_set_nomaster(struct netlink *nl, int index, struct err *err);
/*
 * Down and off the bridge in one request: what teardown does on its hot path instead of deleting
 * (RTM_DELLINK of a veth waits some 18 ms in the kernel). A link that is gone is fine.
 */
int link_detach(struct netlink *nl, int index, struct err *err);
/* A link that is gone is fine. */
int link_delete(struct netlink *nl, int index, struct err *err);

/*
 * The MAC that belongs to an address on our bridges: 02:63 and the last four bytes of the address.
 * Locally administered, unicast, unique in the subnet, the same after every restart, so that a
 * neighbour's cache stays right when an address is handed out again.
 */
struct link_mac link_mac_of(const struct ip_addr *addr);
/* Is it made so? */
bool link_mac_is_ours(const struct link_mac *mac);
/* Likewise, of a bridge that several networks share: 02:64 and four bytes of a hash of its name. */
struct link_mac link_mac_of_bridge(const char *name);
void link_mac_text(const struct link_mac *mac, char text[LINK_MAC_TEXT_SIZE]);
/* "02:63:ac:13:00:02", two hex digits each. */
int link_mac_parse(const char *text, const char *what, struct link_mac *mac, struct err *err);

/*
 * The ports of a bridge (0: every interface), sorted by name: a dump that the kernel filters by master.
 * Slow path (status, removal).
 */
struct link_list {
	struct link_info *items;
	size_t n;
};
int link_ports(struct netlink *nl, int bridge_index, struct link_list *ports, struct err *err);
void link_list_free(struct link_list *list);
#define autolinks __attribute__((cleanup(link_list_free)))

#endif
