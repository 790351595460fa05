/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_ATTACH_STEPS_H
#define CT_NETNS_ATTACH_STEPS_H

#include <stdbool.h>
#include <stdio.h>

#include "common/err.h"
#include "common/net/bridge.h"
#include "common/net/netlink.h"
#include "common/net/record.h"
#include "common/net/report.h"
#include "netns-hook/attach.h"
#include "netns-hook/detach.h"

/* What the steps of one attach share. */
struct attach {
	const struct attach_request *request;
	struct attachment *att;
	struct netlink nl;        /* of the host */
	struct netlink nl_inside; /* of the container's namespace */
	int state_fd;
	struct record_folder folder;
	struct bridge_found bridge;
	bool was_attached; /* the attachment was there and whole: a failure leaves it alone */
	/* One that was not, of the same network: a failure takes away what it left. No container: none */
	struct attachment leftover;
	bool linked_hosts; /* the container's hosts file was linked just now */
	bool was_tuned;    /* the interface that may exist was tuned */
	bool had_vlans;    /* the port that may exist is in VLANs */
	bool may_exist;    /* a record of it was there, so the veth may be there too */
	bool reclaimed[ATTACHMENT_MAX_ADDRESSES]; /* the address had a holder that died */
	bool fresh[ATTACHMENT_MAX_ADDRESSES];     /* the attachment did not have it before */
};

/* For a struct report whose ctx is a FILE: what is there, and what would be made. */
void attach_plan_item(void *ctx, enum report_kind kind, enum report_state state, const char *text);

/* How a step of it is undone. */
struct detach attach_undo(struct attach *a);

/* Give the host end a name, and its IFB, if it is to have one, the name that follows. */
void attach_set_veth(struct attachment *att, const char *veth);
/* That which the container and its interface give; salt: when a stranger has it. */
/* The one that may be there is gone on with. */
void attach_resume_veth(struct attach *a, const struct attachment *old);
void attach_name_veth(struct attachment *att, unsigned int salt);

/* Steps in attach_bandwidth.c; ctx is a struct attach. */
int attach_run_bandwidth(void *ctx, struct err *err);
int attach_undo_bandwidth(void *ctx, struct err *err);
void attach_plan_bandwidth(const void *ctx, FILE *out);

/* Steps in attach_devices.c; ctx is a struct attach. */
int attach_run_devices(void *ctx, struct err *err);
int attach_undo_devices(void *ctx, struct err *err);
void attach_plan_devices(const void *ctx, FILE *out);

/* Steps in attach_host.c; ctx is a struct attach. What the first one makes dies with the interface. */
int attach_run_host(void *ctx, struct err *err);
void attach_plan_host(const void *ctx, FILE *out);
/* The same for an attachment that was there: its routes went with a gateway. None without its veth. */
int attach_restore_host(struct netlink *nl, const struct attachment *att, struct err *err);
/* EEXIST when the container is on this routed network with another interface. */
int attach_check_routed(const struct attach *a, struct err *err);
int attach_run_neighbour(void *ctx, struct err *err);
int attach_undo_neighbour(void *ctx, struct err *err);
void attach_plan_neighbour(const void *ctx, FILE *out);

/* Step in attach_tuning.c; ctx is a struct attach. Nothing to undo: it dies with the interface. */
int attach_run_tuning(void *ctx, struct err *err);
void attach_plan_tuning(const void *ctx, FILE *out);

/*
 * The addresses to lease, in the order of the pools: of each those that are asked for, else those that
 * the attachment has, else any one.
 */
struct attach_want {
	size_t pool;
	struct ip_addr addr; /* AF_UNSPEC: any */
	bool must;           /* this one or nothing; else a preference */
};
struct attach_wants {
	struct attach_want items[ATTACHMENT_MAX_ADDRESSES];
	size_t n;
};
/* Those of an attachment that is not there yet. E2BIG: they are too many, and the list is cut. */
int attach_plan_wants(const struct attach_request *request, struct attach_wants *wants,
		      struct err *err);

/* Steps in attach_record.c; ctx is a struct attach. */
int attach_run_record(void *ctx, struct err *err);
int attach_undo_record(void *ctx, struct err *err);
void attach_plan_record(const void *ctx, FILE *out);

/* Steps in attach_lease.c; ctx is a struct attach. */
int attach_run_lease(void *ctx, struct err *err);
int attach_undo_lease(void *ctx, struct err *err);
void attach_plan_lease(const void *ctx, FILE *out);

/* In attach_mac.c: the one that was asked for, or that of its first address. */
struct link_mac attach_mac(const struct attach_request *request, const struct ip_addr *first);
/* One that was asked for is nobody else's: neither the bridge's nor that of another container. */
int attach_check_mac(struct attach *a, struct err *err);

/* Steps in attach_ports.c; ctx is a struct attach. */
int attach_run_ports(void *ctx, struct err *err);
int attach_undo_ports(void *ctx, struct err *err);
void attach_plan_ports(const void *ctx, FILE *out);

/* Steps in attach_names.c; ctx is a struct attach. */
int attach_run_names(void *ctx, struct err *err);
int attach_undo_names(void *ctx, struct err *err);
void attach_plan_names(const void *ctx, FILE *out);

/* Step in attach_vlan.c; ctx is a struct attach. Nothing to undo: it dies with the interface. */
int attach_run_vlan(void *ctx, struct err *err);
void attach_plan_vlan(const void *ctx, FILE *out);

/* Steps in attach_veth.c; ctx is a struct attach. */
int attach_run_veth(void *ctx, struct err *err);
int attach_undo_veth(void *ctx, struct err *err);
void attach_plan_veth(const void *ctx, FILE *out);
int attach_run_inside(void *ctx, struct err *err);
void attach_plan_inside(const void *ctx, FILE *out);
/* In attach_routes.c: of a resumed attachment those that are not wanted any more go. */
int attach_undo_inside(void *ctx, struct err *err);
int attach_resume_routes(struct attach *a, const struct attachment *old, struct err *err);

#endif
