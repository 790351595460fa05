/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_LEASE_FILE_H
#define CT_NETNS_LEASE_FILE_H

#include "common/err.h"
#include "common/net/ip.h"
#include "common/str.h"

/*
 * A file that says whose an address, or a port of the host, is. Its name is the thing.
 */
/* What stands in a lease. All NULL: the file is damaged. */
struct lease_file {
	char *container;
	char *ifname;
	char *boot_id;
};
#define autolease __attribute__((cleanup(lease_file_free)))
void lease_file_free(struct lease_file *lease);

/*
 * Make leases_fd/<name>, whole and only if it is not there. 1: made, 0: it is taken, negative:
 * error.
 */
int lease_file_create(int leases_fd, const char *name, const struct lease_file *lease,
		      struct err *err);

/* 1: read (damaged too), 0: there is none, negative: error. */
int lease_file_read(int leases_fd, const char *name, struct lease_file *lease, struct err *err);

int lease_file_remove(int leases_fd, const char *name, struct err *err);

/* All leased addresses, sorted. Reads the folder. */
struct lease_addrs {
	struct ip_addr *items;
	size_t n;
};
#define autoleases __attribute__((cleanup(lease_addrs_free)))
int lease_file_list(int leases_fd, struct lease_addrs *addrs, struct err *err);
void lease_addrs_free(struct lease_addrs *addrs);

#endif
