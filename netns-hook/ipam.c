/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/ipam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/str.h"
#include "netns-hook/lease_file.h"

#define LOCK_NAME    "leases.lock"
#define LEASES_NAME  "leases"
#define CURSOR_NAME  "cursor"
#define LOCK_WAIT_MS 10000
/* Taken addresses met one after the other before the folder is read. */
#define RUN_LENGTH 8

struct pool {
	int network_fd;
	int leases_fd;
	int lock_fd;
};
#define POOL_INIT                                                                                  \
	{                                                                                          \
		.network_fd = -1, .leases_fd = -1, .lock_fd = -1                                   \
	}
#define autopool __attribute__((cleanup(pool_close)))

static void pool_close(struct pool *pool)
{
	cleanup_close(&pool->leases_fd);
	cleanup_close(&pool->network_fd);
	cleanup_close(&pool->lock_fd);
}

/* With network_fd open. 1: open and locked, 0: no lease was ever made. */
static int pool_lock(struct pool *pool, bool make, struct err *err)
{
	if (make && mkdirat(pool->network_fd, LEASES_NAME, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "create folder '" LEASES_NAME "'");
	pool->leases_fd = openat(pool->network_fd, LEASES_NAME,
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (pool->leases_fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open folder '" LEASES_NAME "'");
	pool->lock_fd =
		lock_open_at(pool->network_fd, LOCK_NAME, LOCK_EXCLUSIVE, LOCK_WAIT_MS, err);
	return pool->lock_fd < 0 ? pool->lock_fd : 1;
}

static int pool_open_existing(int state_fd, const char *network, struct pool *pool, struct err *err)
{
	autofree char *path = xasprintf("networks/%s", network);

	pool->network_fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (pool->network_fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open '%s'", path);
	return pool_lock(pool, false, err);
}

static bool is_holder(const struct lease_file *lease, const struct ipam_holder *holder)
{
	return str_eq(lease->container, holder->container) && str_eq(lease->ifname, holder->ifname);
}

static bool is_dead(const struct lease_file *lease, const char *boot_id,
		    const struct ipam_alive *alive)
{
	if (!lease->container)
		return true;
	return !str_eq(lease->boot_id, boot_id) ||
	       !alive->check(alive->ctx, lease->container, lease->ifname);
}

/* ---- cursor ---- */

static struct ip_text cursor_name(size_t pool)
{
	struct ip_text name = { .text = CURSOR_NAME };

	if (pool > 0)
		(void)snprintf(name.text, sizeof(name.text), CURSOR_NAME ".%zu", pool);
	return name;
}

/* Ranges of a pool stand side by side: the first one and how many. */
static const struct network_range *ranges_of(const struct network *net, size_t pool, size_t *n)
{
	size_t first = 0;

	while (first < net->n_ranges && net->ranges[first].pool != pool)
		first++;
	for (*n = 0; first + *n < net->n_ranges && net->ranges[first + *n].pool == pool;)
		(*n)++;
	return &net->ranges[first];
}

/* A place to look at next: an address and the range that it is in. */
struct cursor {
	const struct network_range *ranges;
	size_t n;
	size_t at;
	struct ip_addr addr;
};

static void cursor_step(struct cursor *cursor)
{
	if (ip_compare(&cursor->addr, &cursor->ranges[cursor->at].end) < 0) {
		cursor->addr = ip_next(&cursor->addr);
		return;
	}
	cursor->at = (cursor->at + 1) % cursor->n;
	cursor->addr = cursor->ranges[cursor->at].start;
}

static bool in_range(const struct network_range *range, const struct ip_addr *addr)
{
	return addr->family == range->start.family && ip_compare(addr, &range->start) >= 0 &&
	       ip_compare(addr, &range->end) <= 0;
}

/* A cursor that is missing, damaged or out of the ranges means: start at the first address. */
static struct cursor cursor_read(const struct pool *pool, const struct network *net, size_t which)
{
	autofree char *text = NULL;
	struct err ignored = ERR_INIT;
	struct cursor cursor = { .at = 0 };
	struct ip_addr addr;

	cursor.ranges = ranges_of(net, which, &cursor.n);
	cursor.addr = cursor.ranges[0].start;
	if (file_read_at(pool->network_fd, cursor_name(which).text, IP_TEXT_SIZE, &text, NULL,
			 &ignored) < 0 ||
	    ip_parse_addr(text, "cursor", &addr, &ignored) < 0)
		return cursor;
	for (size_t i = 0; i < cursor.n; i++) {
		if (!in_range(&cursor.ranges[i], &addr))
			continue;
		cursor.at = i;
		cursor.addr = addr;
		cursor_step(&cursor);
		break;
	}
	return cursor;
}

/* One write of a few bytes, under the lock; not by rename, which could leave its other half. */
static void cursor_write(const struct pool *pool, size_t which, const struct ip_addr *addr)
{
	autoclose int fd = openat(pool->network_fd, cursor_name(which).text,
				  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct ip_text text = ip_addr_text(addr);
	struct err err = ERR_INIT;

	if (fd < 0 || file_write_all(fd, text.text, strlen(text.text), CURSOR_NAME, &err) < 0)
		log_debug("the cursor of the leases is not written; ignoring");
}

/* ---- taking an address ---- */

struct search {
	const struct pool *pool;
	const struct network *net;
	const struct ipam_request *request;
	struct ipam_lease *lease;
};

/* 1: taken, 0: somebody has it. */
static int take(const struct search *s, const struct ip_addr *addr, struct err *err)
{
	const struct ipam_holder *holder = &s->request->holder;
	struct lease_file lease = { 0 };

	lease.container = xstrdup(holder->container);
	lease.ifname = xstrdup(holder->ifname);
	lease.boot_id = xstrdup(holder->boot_id);
	int rc = lease_file_create(s->pool->leases_fd, ip_addr_text(addr).text, &lease, err);

	lease_file_free(&lease);
	if (rc > 0)
		s->lease->addr = *addr;
	return rc;
}

/* Take over a lease if its holder is gone. 1: taken. */
static int take_from_dead(const struct search *s, const struct ip_addr *addr, struct err *err)
{
	autolease struct lease_file lease = { 0 };
	int rc = lease_file_read(s->pool->leases_fd, ip_addr_text(addr).text, &lease, err);

	if (rc < 0 || (rc > 0 && !is_dead(&lease, s->request->holder.boot_id, &s->request->alive)))
		return rc < 0 ? rc : 0;
	rc = lease_file_remove(s->pool->leases_fd, ip_addr_text(addr).text, err);
	if (rc >= 0)
		rc = take(s, addr, err);
	s->lease->reclaimed = rc > 0;
	return rc;
}

static int refuse_wanted(const struct search *s, const struct network_range *range, struct err *err)
{
	size_t n = 0;
	const struct ip_addr *addr = &s->request->wanted;

	if (!range)
		range = ranges_of(s->net, s->request->pool, &n);
	return err_set(err, EINVAL,
		       "network '%s': %s cannot be leased: it must be in %s, and neither its first "
		       "%saddress nor the gateway %s",
		       s->net->name, ip_addr_text(addr).text, ip_prefix_text(&range->subnet).text,
		       addr->family == AF_INET ? "nor its last " : "",
		       ip_addr_text(&range->gateway.addr).text);
}

/* 1: the wanted address is ours, 0: it is another's and was only a preference. */
static int take_wanted(const struct search *s, struct err *err)
{
	const struct ip_addr *addr = &s->request->wanted;
	const struct network_range *range = network_range_of(s->net, addr);
	autolease struct lease_file lease = { 0 };

	if (!range || range->pool != s->request->pool || !network_may_lease(range, addr))
		return s->request->must ? refuse_wanted(s, range, err) : 0;
	int rc = take(s, addr, err);

	if (rc == 0)
		rc = lease_file_read(s->pool->leases_fd, ip_addr_text(addr).text, &lease, err);
	if (rc < 0 || ip_is_set(&s->lease->addr))
		return rc;
	if (is_holder(&lease, &s->request->holder) &&
	    str_eq(lease.boot_id, s->request->holder.boot_id)) {
		s->lease->addr = *addr;
		return 1;
	}
	rc = take_from_dead(s, addr, err);
	if (rc != 0 || !s->request->must)
		return rc;
	return err_set(err, EADDRINUSE, "network '%s': %s is leased to container '%s' (%s)",
		       s->net->name, ip_addr_text(addr).text, lease.container, lease.ifname);
}

/* The few addresses that the cursor points to. 1: taken, 0: all of them are another's. */
static int take_next(const struct search *s, struct cursor *cursor, struct err *err)
{
	for (int i = 0; i < RUN_LENGTH; i++) {
		bool may = network_may_lease(&cursor->ranges[cursor->at], &cursor->addr);
		int rc = may ? take(s, &cursor->addr, err) : 0;

		if (rc != 0)
			return rc;
		cursor_step(cursor);
	}
	return 0;
}

/* Index of the first item >= addr. */
static size_t lower_bound(const struct lease_addrs *addrs, const struct ip_addr *addr)
{
	size_t low = 0, high = addrs->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ip_order(&addrs->items[mid], addr) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool is_taken(const struct lease_addrs *taken, const struct ip_addr *addr)
{
	size_t at = lower_bound(taken, addr);

	return at < taken->n && ip_equal(&taken->items[at], addr);
}

/* Addresses of the pool, as far as they matter: more than `enough` is enough. */
static uint64_t pool_size(const struct cursor *cursor, uint64_t enough)
{
	uint64_t size = 0;

	for (size_t i = 0; i < cursor->n && size < enough; i++) {
		uint64_t count = ip_count(&cursor->ranges[i].start, &cursor->ranges[i].end);

		size = count > enough - size ? enough : size + count;
	}
	return size;
}

/* The first gap between the leases, from the cursor on and round once. */
static int take_gap(const struct search *s, const struct lease_addrs *taken, struct cursor cursor,
		    struct err *err)
{
	/* Besides the leases only gateways and the ends of subnets are passed over. */
	uint64_t steps = pool_size(&cursor, (uint64_t)taken->n + 3 * cursor.n + 1);

	for (uint64_t i = 0; i < steps; i++) {
		bool may = network_may_lease(&cursor.ranges[cursor.at], &cursor.addr);
		int rc = may && !is_taken(taken, &cursor.addr) ? take(s, &cursor.addr, err) : 0;

		if (rc != 0)
			return rc;
		cursor_step(&cursor);
	}
	return 0;
}

static int take_any_from_dead(const struct search *s, const struct lease_addrs *taken,
			      const struct cursor *cursor, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < taken->n; i++) {
		const struct ip_addr *addr = &taken->items[i];

		for (size_t r = 0; rc == 0 && r < cursor->n; r++) {
			if (in_range(&cursor->ranges[r], addr) &&
			    network_may_lease(&cursor->ranges[r], addr))
				rc = take_from_dead(s, addr, err);
		}
	}
	return rc;
}

static int take_any(const struct search *s, struct err *err)
{
	autoleases struct lease_addrs taken = { 0 };
	struct cursor cursor = cursor_read(s->pool, s->net, s->request->pool);
	int rc = take_next(s, &cursor, err);

	if (rc != 0)
		return rc;
	rc = lease_file_list(s->pool->leases_fd, &taken, err);
	if (rc >= 0)
		rc = take_gap(s, &taken, cursor, err);
	if (rc == 0)
		rc = take_any_from_dead(s, &taken, &cursor, err);
	if (rc != 0)
		return rc;
	return err_set(
		err, ENOSPC,
		"network '%s': no free address in %s%s (%zu leased); run 'ct-netns gc' or widen "
		"the subnet",
		s->net->name, ip_prefix_text(&cursor.ranges[0].subnet).text,
		cursor.n > 1 ? " and the other ranges of its set" : "", taken.n);
}

int ipam_lease(int state_fd, const struct network *net, const struct ipam_request *request,
	       struct ipam_lease *lease, struct err *err)
{
	autopool struct pool pool = POOL_INIT;
	const struct search search = { &pool, net, request, lease };
	int rc = network_open_state(state_fd, net, err);

	*lease = (struct ipam_lease){ 0 };
	if (rc < 0)
		return rc;
	pool.network_fd = rc;
	rc = pool_lock(&pool, true, err);
	if (rc < 0)
		return rc;
	rc = ip_is_set(&request->wanted) ? take_wanted(&search, err) : 0;
	if (rc == 0) {
		rc = take_any(&search, err);
		if (rc > 0)
			cursor_write(&pool, request->pool, &lease->addr);
	}
	return rc < 0 ? rc : 0;
}

/* ---- giving back ---- */

int ipam_holds(int state_fd, const char *network, const struct ip_addr *addr,
	       const struct ipam_holder *holder, struct err *err)
{
	autolease struct lease_file lease = { 0 };
	autofree char *path = xasprintf("networks/%s/" LEASES_NAME, network);
	autoclose int fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "open '%s'", path);
	int rc = lease_file_read(fd, ip_addr_text(addr).text, &lease, err);

	return rc <= 0 ? rc : is_holder(&lease, holder);
}

/* How many of the range's addresses may be leased. */
static uint64_t count_leasable(const struct network_range *range)
{
	const struct ip_addr last = ip_broadcast(&range->subnet);
	const struct ip_addr *never[] = { &range->gateway.addr, &range->subnet.addr, &last };
	uint64_t n = ip_count(&range->start, &range->end);

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		n -= in_range(range, never[i]) && !network_may_lease(range, never[i]);
	return n;
}

int ipam_has_free(int state_fd, const struct network *net, size_t pool, const char *boot_id,
		  const struct ipam_alive *alive, struct err *err)
{
	autopool struct pool leases = POOL_INIT;
	autoleases struct lease_addrs addrs = { 0 };
	size_t n_ranges = 0;
	const struct network_range *ranges = ranges_of(net, pool, &n_ranges);
	int rc = pool_open_existing(state_fd, net->name, &leases, err);

	if (rc > 0)
		rc = lease_file_list(leases.leases_fd, &addrs, err) < 0 ? -err->code : 1;
	if (rc <= 0)
		return rc < 0 ? rc : 1;
	for (size_t r = 0; r < n_ranges; r++) {
		uint64_t taken = 0;

		for (size_t i = 0; i < addrs.n; i++) {
			autolease struct lease_file lease = { 0 };

			if (!in_range(&ranges[r], &addrs.items[i]))
				continue;
			rc = lease_file_read(leases.leases_fd, ip_addr_text(&addrs.items[i]).text,
					     &lease, err);
			if (rc < 0)
				return rc;
			taken += rc > 0 && !is_dead(&lease, boot_id, alive);
		}
		if (taken < count_leasable(&ranges[r]))
			return 1;
	}
	return 0;
}

static int release_held(const struct pool *pool, const struct ip_addr *addr,
			const struct ipam_holder *holder, struct err *err)
{
	autolease struct lease_file lease = { 0 };
	int rc = lease_file_read(pool->leases_fd, ip_addr_text(addr).text, &lease, err);

	if (rc <= 0 || !is_holder(&lease, holder))
		return rc < 0 ? rc : 0;
	rc = lease_file_remove(pool->leases_fd, ip_addr_text(addr).text, err);
	return rc < 0 ? rc : 1;
}

int ipam_release(int state_fd, const char *network, const struct ip_addr *addr,
		 const struct ipam_holder *holder, struct err *err)
{
	autopool struct pool pool = POOL_INIT;
	int rc = pool_open_existing(state_fd, network, &pool, err);

	return rc <= 0 ? rc : release_held(&pool, addr, holder, err);
}

/* Every lease of every network, each network locked while it is walked. */
struct walk {
	int (*each)(struct walk *walk, const struct pool *pool, const char *network,
		    const struct ip_addr *addr, struct err *err);
	const struct ipam_holder *holder;
	const struct ipam_gc *gc;
};

static int walk_network(int state_fd, const char *network, struct walk *walk, struct err *err)
{
	autopool struct pool pool = POOL_INIT;
	autoleases struct lease_addrs addrs = { 0 };
	int rc = pool_open_existing(state_fd, network, &pool, err);
	int n = 0;

	if (rc > 0)
		rc = lease_file_list(pool.leases_fd, &addrs, err);
	for (size_t i = 0; rc >= 0 && i < addrs.n; i++) {
		rc = walk->each(walk, &pool, network, &addrs.items[i], err);
		n += rc > 0;
	}
	return rc < 0 ? rc : n;
}

static int walk_networks(int state_fd, struct walk *walk, struct err *err)
{
	int fd = openat(state_fd, "networks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autodir DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	int n = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_errno(err, "read state folder 'networks'");
	for (const struct dirent *e; (e = readdir(dir));) {
		struct err foreign = ERR_INIT;

		if (str_check_name(e->d_name, "network", &foreign) < 0)
			continue;
		int rc = walk_network(state_fd, e->d_name, walk, err);

		if (rc < 0)
			return rc;
		n += rc;
	}
	return n;
}

static int each_release(struct walk *walk, const struct pool *pool, const char *network,
			const struct ip_addr *addr, struct err *err)
{
	(void)network;
	return release_held(pool, addr, walk->holder, err);
}

int ipam_release_all(int state_fd, const struct ipam_holder *holder, struct err *err)
{
	struct walk walk = { .each = each_release, .holder = holder };

	return walk_networks(state_fd, &walk, err);
}

static int each_collect(struct walk *walk, const struct pool *pool, const char *network,
			const struct ip_addr *addr, struct err *err)
{
	const struct ipam_gc *gc = walk->gc;
	autolease struct lease_file lease = { 0 };
	int rc = lease_file_read(pool->leases_fd, ip_addr_text(addr).text, &lease, err);

	if (rc <= 0 || !is_dead(&lease, gc->boot_id, &gc->alive))
		return rc < 0 ? rc : 0;
	rc = lease_file_remove(pool->leases_fd, ip_addr_text(addr).text, err);
	if (rc >= 0 && gc->removed)
		gc->removed(gc->ctx, network, ip_addr_text(addr).text,
			    lease.container ? lease.container : "(damaged lease)");
	return rc < 0 ? rc : 1;
}

int ipam_collect(int state_fd, const struct ipam_gc *gc, struct err *err)
{
	struct walk walk = { .each = each_collect, .gc = gc };

	return walk_networks(state_fd, &walk, err);
}

int ipam_reset(int state_fd, const char *network, struct err *err)
{
	autopool struct pool pool = POOL_INIT;
	autoleases struct lease_addrs addrs = { 0 };
	int rc = pool_open_existing(state_fd, network, &pool, err);

	if (rc > 0)
		rc = lease_file_list(pool.leases_fd, &addrs, err);
	for (size_t i = 0; rc >= 0 && pool.leases_fd >= 0 && addrs.n == 0 && i < NETWORK_MAX_RANGES;
	     i++) {
		if (unlinkat(pool.network_fd, cursor_name(i).text, 0) < 0 && errno != ENOENT)
			rc = err_errno(err, "remove '%s'", cursor_name(i).text);
	}
	return rc < 0 ? rc : 0;
}
