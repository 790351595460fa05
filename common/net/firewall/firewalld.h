/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FIREWALLD_H
#define CT_NET_FIREWALLD_H

#include <net/if.h>
#include <stdbool.h>

#include "common/err.h"
#include "common/net/network.h"
#include "common/net/report.h"

/*
 * Where firewalld runs, it refuses what comes from an interface that nobody told it of. So the
 * network's bridge is put into one of its zones, by D-Bus, as `firewall-cmd --zone=trusted
 * --change-interface=netns0` would: until firewalld is reloaded or restarted.
 *
 * The network's "firewalldZone" is the zone it must be in. Unset: `trusted`, unless it is in one by
 * somebody else's doing, which is respected. "none": firewalld is not spoken to.
 *
 * Where firewalld is not installed nothing is asked; where it does not run, runs for another network
 * namespace, or there is no bus, all of these do nothing. One that refuses, or (like the bus) says nothing
 * for 8 seconds, is an error of ensure and check: a container would have no network.
 */
#define FIREWALLD_NONE    "none"
#define FIREWALLD_DEFAULT "trusted"

/*
 * Returns the number of changes (check: of what is wrong), 0 or 1. *zoned: firewalld runs, and the
 * zone that the bridge is (check: should be) in decides what firewalld's chains let through. net_fd is
 * the network's folder of the state directory, in which it is noted what is to be taken back.
 */
int firewalld_ensure(const struct network *net, int net_fd, const struct report *report,
		     bool *zoned, struct err *err);
int firewalld_check(const struct network *net, const struct report *report, bool *zoned,
		    struct err *err);
/*
 * Take back what firewalld_ensure() did, and no other's doing. A firewalld that is gone has forgotten
 * it; one that refuses is logged, and the removal goes on.
 */
int firewalld_remove(const struct network *net, int net_fd, const struct report *report,
		     struct err *err);

/*
 * What the network's containers are behind, as firewalld has it: an interface; of a routed network all
 * whose names begin so, with a '+' at the end.
 */
struct firewalld_name {
	char text[IFNAMSIZ + 1];
};
struct firewalld_name firewalld_name(const struct network *net);

/* What zone that is in: now, and from the next reload on. "": in none. The caller frees. */
struct firewalld_zones {
	char *now, *permanent;
};
void firewalld_zones_free(const struct firewalld_zones *zones);
/* 1: asked, 0: firewalld does not run. */
int firewalld_zones_of(const struct network *net, struct firewalld_zones *zones, struct err *err);

/* The zone that the network's bridge is to be in; is one that it is in (or "") as good? */
const char *firewalld_wanted(const struct network *net);
bool firewalld_is_right(const struct network *net, const char *zone);

#endif
