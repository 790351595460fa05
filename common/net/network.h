/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_NETWORK_H
#define CT_NET_NETWORK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/json.h"
#include "common/net/ip.h"
#include "common/net/network_dns.h"
#include "common/net/network_shape.h"
#include "common/net/route.h"
#include "common/net/vlan_port.h"

/*
 * A network: one definition drives bridge, addresses, rules and leases. It comes from
 * /etc/ct-netns/<name>.json (or standard input in CNI mode) in CNI's netconf format, or is the
 * built-in `default`; command line flags are laid over it. The format is told in ct-netns(8).
 */

#define NETWORK_CONFIG_DIR   "/etc/ct-netns"
#define NETWORK_STATE_DIR    "/run/ct-netns"
#define NETWORK_DEFAULT_NAME "default"
/*
 * Of the state directory. Others may walk through and not look: the root of a container with a user
 * namespace, who is nobody on the host, binds files from in there.
 */
#define NETWORK_STATE_MODE   0711
#define NETWORK_CONFIG_BYTES (1u << 20)

enum network_ingress {
	NETWORK_INGRESS_ESTABLISHED, /* replies and published ports */
	NETWORK_INGRESS_OPEN,        /* whatever is routed to the bridge */
	NETWORK_INGRESS_ISOLATED,    /* as established, and no container reaches another one */
};

enum firewall_kind {
	FIREWALL_AUTO, /* not asked for; chosen when the network is made */
	FIREWALL_IPTABLES,
	FIREWALL_NFTABLES,
};

/*
 * A subnet on the bridge and the addresses of it to lease. A container gets one address of each pool:
 * of the first of the pool's ranges that has one free.
 */
struct network_range {
	size_t pool;              /* 0, 1, …; ranges stand in the order of their pools */
	struct ip_prefix gateway; /* the bridge's address with the subnet's length */
	struct ip_prefix subnet;  /* the same, host bits zeroed */
	struct ip_addr start;     /* addresses to lease, both inclusive; the gateway, which */
	struct ip_addr end;       /* may lie between them, is never leased */
};

#define NETWORK_MAX_RANGES 16
#define NETWORK_ZONE_SIZE  32

/* Zero-initialise; network_free() releases. Once decoded every member is filled and checked. */
struct network {
	char *name;
	char *cni_version; /* NULL: the definition names none */
	/* Of a routed network there is none: the name begins those of the containers' host ends. */
	char bridge[IFNAMSIZ];
	/*
	 * "<bridge>.<vlan>", on which the gateway of a VLAN stands: network_name_vlan() keeps it up; "": the
	 * bridge itself has the addresses. See network_gateway_if().
	 */
	char vlan_if[IFNAMSIZ];
	struct vlan_port vlan; /* of the containers' ports */
	char ifname[IFNAMSIZ]; /* inside the container */
	struct network_range ranges[NETWORK_MAX_RANGES];
	size_t n_ranges; /* at least one */
	size_t n_pools;
	unsigned int mtu;   /* bridge and both veth ends */
	bool mtu_floats;    /* nobody asked for one: bridge_settle() finds it */
	bool routed;        /* no bridge, a host route for each container: network_routed.h */
	bool unmanaged;     /* the bridge is somebody else's: no address of ours, sysctls, rules */
	bool default_route; /* give containers a default route through the gateway */
	bool ip_masq;
	bool masq_random_fully;         /* source ports at random */
	struct ip_prefix *masq_exclude; /* destinations that see the container's own address */
	size_t n_masq_exclude;
	struct ip_addr snat, snat6; /* instead of the address of the outgoing interface;
				     * AF_UNSPEC: that one */
	enum firewall_kind firewall;
	char firewalld_zone[NETWORK_ZONE_SIZE]; /* "": not asked for; see firewalld.h */
	enum network_ingress ingress;
	bool internal; /* no way out and none in: neighbours and the host alone */
	/*
	 * Further routes inside. Without a gateway they lead through the network's, unless their scope
	 * is the link; a default route in the main table stands in for default_route's.
	 */
	struct route *routes;
	size_t n_routes;
	struct network_dns dns;
	uint32_t metric; /* of the default routes; 0: the kernel's */
	struct network_shape shape;
	bool subnet_floats; /* built-in default, nobody asked for this subnet: see
			     * bridge_settle(), which must run before it is used */
};
#define autonetwork __attribute__((cleanup(network_free)))

/*
 * What flags lay over a definition; NULL or 0: not given. Another bridge than that of the network
 * `default` makes another network, called after the bridge: they share no lease and no address.
 */
struct network_overrides {
	const char *bridge;
	const char *ip; /* bridge address with length, "172.19.0.1/16"; becomes the only range */
	int64_t mtu;
	const char *ifname;
	int64_t vlan; /* as another bridge, another VLAN makes another network: "<bridge>.<vlan>" */
	const char *mode; /* "bridge" or "routed" */
	const char *firewalld_zone;
};

/*
 * The network called name (NULL: "default"): its file below NETWORK_CONFIG_DIR, where CT_NETNS_CONFIG_DIR
 * in the environment may name another folder, or the built-in default. No such file: ENOENT.
 */
int network_load(const char *name, struct network *net, struct err *err);

/* Decode a netconf document. `what` names it in errors. */
int network_decode(const json_node *node, const char *what, struct network *net, struct err *err);

void network_default(struct network *net);
int network_override(struct network *net, const struct network_overrides *flags, struct err *err);

/* Make gateway's subnet the only one: of .ranges nothing else stays. */
int network_set_gateway(struct network *net, const struct ip_prefix *gateway, struct err *err);
/* One more range, in a pool of its own or in the last one: all of gateway's subnet. */
int network_add_range(struct network *net, const struct ip_prefix *gateway, bool new_pool,
		      struct err *err);

/* Do MTU and "snat" go with the families of the subnets? network_decode() and _override() ask. */
int network_check_families(const struct network *net, struct err *err);

/* After a change of bridge, VLAN or management. ENAMETOOLONG: the interface's name would be. */
int network_name_vlan(struct network *net, struct err *err);
/* The interface with the network's addresses, which its rules and sysctls are about. */
const char *network_gateway_if(const struct network *net);

bool network_has_family(const struct network *net, int family);
/* The first gateway of a family; NULL: the network has no subnet of it. */
const struct ip_addr *network_gateway(const struct network *net, int family);
/* The range whose subnet has addr; NULL: none. */
const struct network_range *network_range_of(const struct network *net, const struct ip_addr *addr);

/*
 * May addr be leased or asked for: in the range's subnet, not its first, not the last one of an IPv4
 * subnet, not the gateway.
 */
bool network_may_lease(const struct network_range *range, const struct ip_addr *addr);

void network_free(struct network *net);

const char *network_ingress_name(enum network_ingress ingress);

/* <state>/networks/<name>, made when missing (0700). Returns a directory descriptor. */
int network_open_state(int state_fd, const struct network *net, struct err *err);

/*
 * flock on the state directory itself, for what all networks share (which subnets are taken,
 * forwarding). Taken inside a network's lock, never the other way round. Returns a descriptor; closing
 * it unlocks.
 */
int network_lock_host(int state_fd, struct err *err);

#endif
