/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_RECORD_H
#define CT_NET_RECORD_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/err.h"
#include "common/json.h"
#include "common/net/ip.h"
#include "common/net/link.h"
#include "common/net/netns.h"
#include "common/net/network.h"
#include "common/net/record_device.h"
#include "common/net/record_route.h"

/*
 * The record of an attachment, <state>/containers/<id>/<ifname>.json: written before the kernel is
 * touched (adding) and again when all is done (attached). It holds all that teardown needs, so that
 * the container's id alone is enough to undo it, at any moment and without the network's definition.
 *
 * Whoever changes something of a container holds flock on its folder. Readers need no lock: a record
 * is replaced whole.
 */
enum record_state {
	RECORD_ADDING,
	RECORD_ATTACHED,
};

struct record_owner {
	pid_t pid;            /* 0: unknown, the namespace was given by path */
	uint64_t start_ticks; /* of pid, see process_start_time(); 0: unknown */
	struct netns_id netns;
	char boot_id[37];
};

struct attachment_address {
	struct ip_prefix prefix;
	struct ip_addr gateway;
};

/* A published port, or several in a row: host:host_port+i is container_port+i of the container. */
struct record_port {
	int proto;           /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	struct ip_addr host; /* AF_UNSPEC: every address of the host */
	uint16_t host_port, container_port;
	uint16_t count; /* at least 1 */
};

#define ATTACHMENT_MAX_ADDRESSES 16

struct attachment {
	char *container;
	char ifname[IFNAMSIZ];
	enum record_state state;
	char *network;
	bool routed;            /* its host end is on no bridge */
	char bridge[IFNAMSIZ];  /* of a routed one: what the host end's name begins with */
	char vlan_if[IFNAMSIZ]; /* the network's, see there; "": the bridge has the gateway */
	struct vlan_port vlan;  /* of the host end, as a port of the bridge */
	char veth[IFNAMSIZ];    /* the host end */
	char ifb[IFNAMSIZ];     /* what holds back its sending; "": nothing does */
	struct network_bandwidth bandwidth;
	struct attachment_address addresses[ATTACHMENT_MAX_ADDRESSES];
	size_t n_addresses;  /* 0 until they are leased */
	struct link_mac mac; /* all zero until then too */
	struct record_port *ports;
	size_t n_ports;
	enum firewall_kind firewall; /* with which they are published */
	struct record_devices devices;
	struct route_list dead_ends; /* blackholes and the like inside: record_route.h */
	bool tuned;                  /* promisc, allmulti or txqueuelen were set inside */
	bool mac_check;              /* frames with another source MAC are dropped: mac_check.h */
	unsigned int mtu;
	bool default_route; /* the container's default route leads through it */
	char *netns_path;   /* the name that its namespace was given by; NULL: by a process */
	bool cni;           /* a CNI runtime asked for it, and its GC may take it away */
	char *ipfile;       /* absolute; NULL: none was written */
	char *hostname;     /* a checked name, as are the aliases; NULL: unknown */
	struct strlist aliases;
	struct record_owner owner;
};
#define autoattachment __attribute__((cleanup(attachment_free)))
void attachment_free(struct attachment *att);

/* The i-th address as it is inside: on a routed network it is alone on its link. */
struct ip_prefix attachment_prefix(const struct attachment *att, size_t i);
/* Is it the first one with its gateway? Addresses of one subnet share theirs. */
bool attachment_gateway_is_new(const struct attachment *att, size_t i);
/* The interface of the host that the container's gateway answers on. */
const char *attachment_gateway_if(const struct attachment *att);
/* The first address of a family; NULL: none. */
const struct attachment_address *attachment_address_of(const struct attachment *att, int family);

/*
 * Name of the host end of a container's veth: "ct" and 12 hex digits of a hash of the id and the
 * interface's name, so that it can be found without a record. salt: 0, or more when that name
 * belongs to a stranger.
 */
void record_veth_name(const char *container, const char *ifname, unsigned int salt,
		      char name[IFNAMSIZ]);

/*
 * Of a routed network: the network's .bridge, '-' and eight of those digits, so that one rule fits the
 * host ends of a network and no others.
 */
void record_routed_name(const char *bridge, const char *container, const char *ifname,
			unsigned int salt, char name[IFNAMSIZ]);
/* Is name made so, with whatever salt? */
bool record_is_routed_name(const char *name);
/* The interface of the host of such a name, without a salt: for a record that cannot be read. */
bool record_find_routed(const char *container, const char *ifname, char name[IFNAMSIZ]);

/*
 * Of the IFB that belongs to a veth of such a name: "cb" and the same digits; of a
 * routed network's, with '~' for the '-'.
 */
void record_ifb_name(const char veth[IFNAMSIZ], char name[IFNAMSIZ]);

/* The folder of one container, locked. fd -1: there is none. */
struct record_folder {
	int containers_fd;
	int fd;
	char *container;
};
#define RECORD_FOLDER_INIT                                                                         \
	{                                                                                          \
		.containers_fd = -1, .fd = -1, .container = NULL                                   \
	}
#define autofolder __attribute__((cleanup(record_folder_close)))

/*
 * Open and lock; make: create what is missing. 1: open, 0: there is none (only without make).
 * timeout_ms as in lock_fd(): 0 does not wait (EWOULDBLOCK).
 */
int record_folder_open(int state_fd, const char *container, bool make, int timeout_ms,
		       struct record_folder *folder, struct err *err);
/* Remove the folder with all in it, still locked. */
int record_folder_remove(struct record_folder *folder, struct err *err);
/* Remove it when no record is left in it. */
int record_folder_prune(struct record_folder *folder, struct err *err);
/* Close, which unlocks. */
void record_folder_close(struct record_folder *folder);

/* Names of the interfaces that have a record. */
int record_folder_ifnames(const struct record_folder *folder, struct strlist *ifnames,
			  struct err *err);

int record_write(const struct record_folder *folder, const struct attachment *att, struct err *err);
/*
 * 1: read, 0: there is none, -EBADMSG: the file is no record (damaged, or another container's; err
 * names it), negative: error.
 */
int record_read(const struct record_folder *folder, const char *ifname, struct attachment *att,
		struct err *err);
int record_remove(const struct record_folder *folder, const char *ifname, struct err *err);

/* The same by path and without a lock. */
int record_load(int state_fd, const char *container, const char *ifname, struct attachment *att,
		struct err *err);

/*
 * Every record, sorted by container and interface. A damaged one is a log warning and left out; its
 * container's id is among the damaged.
 */
struct record_list {
	struct attachment *items;
	size_t n;
	struct strlist damaged;
};
#define autorecords __attribute__((cleanup(record_list_free)))
int record_list(int state_fd, struct record_list *list, struct err *err);
void record_list_free(struct record_list *list);

/* Ids that have a folder, sorted. */
int record_containers(int state_fd, struct strlist *ids, struct err *err);

json_node *record_json(const struct attachment *att);
const char *record_state_name(enum record_state state);
/* "tcp", "udp", "sctp" */
const char *record_protocol_name(int proto);

#endif
