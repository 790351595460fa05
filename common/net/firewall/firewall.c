/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/firewall/firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/log.h"
#include "common/net/firewall/firewalld.h"
#include "common/net/firewall/fw_forward.h"
#include "common/net/firewall/fw_legacy.h"
#include "common/net/firewall/fw_nft_kernel.h"
#include "common/str.h"

static const struct firewall_backend *backend(enum firewall_kind kind)
{
	return kind == FIREWALL_NFTABLES ? &firewall_nftables : &firewall_iptables;
}

const char *firewall_name(enum firewall_kind kind)
{
	return kind == FIREWALL_AUTO ? "auto" : backend(kind)->name;
}

enum firewall_kind firewall_named(const char *name)
{
	if (str_eq(name, firewall_iptables.name))
		return FIREWALL_IPTABLES;
	return str_eq(name, firewall_nftables.name) ? FIREWALL_NFTABLES : FIREWALL_AUTO;
}

/* ---- which one ---- */

static int choose_by_host(const struct network *net, enum firewall_kind *kind, struct err *err)
{
	int family = network_has_family(net, AF_INET) ? AF_INET : AF_INET6;
	int nft = 0;

	if (fw_legacy_in_use()) {
		*kind = FIREWALL_IPTABLES;
		return 0;
	}
	nft = fw_forward_any(err);
	if (nft < 0) {
		err_clear(err); /* a kernel without nf_tables */
		nft = 0;
	}
	*kind = nft || !fw_legacy_is_there(family) ? FIREWALL_NFTABLES : FIREWALL_IPTABLES;
	return 0;
}

int firewall_choose(const struct network *net, enum firewall_kind *kind, struct err *err)
{
	const char *wanted = getenv("CT_NETNS_FIREWALL");

	*kind = net->firewall;
	if (*kind == FIREWALL_AUTO && wanted && wanted[0] && !str_eq(wanted, "auto")) {
		*kind = firewall_named(wanted);
		if (*kind == FIREWALL_AUTO)
			return err_set(
				err, EINVAL,
				"CT_NETNS_FIREWALL: '%s' is none of auto, iptables, nftables",
				wanted);
	}
	return *kind == FIREWALL_AUTO ? choose_by_host(net, kind, err) : 0;
}

/* ---- networks ---- */

/* nf_tables is not asked where nobody uses it: the kernel would load it. */
static int tolerate(enum firewall_kind kind, int rc, struct err *err)
{
	if (rc >= 0 || kind == FIREWALL_NFTABLES)
		return rc;
	log_debug("%s; ignoring, the network uses iptables", err->msg);
	err_clear(err);
	return 0;
}

/* What nf_tables accepts, the legacy tables may still drop; that is said, not undone. */
static void warn_of_legacy(enum firewall_kind kind, const struct network *net)
{
	if (kind == FIREWALL_NFTABLES && fw_legacy_in_use() && fw_legacy_drops())
		log_warning(
			"network '%s': the legacy tables drop what is forwarded "
			"('iptables-legacy -S FORWARD'), whatever nftables accepts; delete that, "
			"or set \"firewall\": \"iptables\"",
			net->name);
}

int firewall_ensure(enum firewall_kind kind, const struct network *net, int net_fd,
		    const struct report *report, struct err *err)
{
	int own = backend(kind)->ensure(net, report, err);
	bool zoned = false;
	int zone = own < 0 ? own : firewalld_ensure(net, net_fd, report, &zoned, err);
	int others = zone < 0 ? zone
			      : tolerate(kind, fw_forward_ensure(net, zoned, report, err), err);

	if (others < 0)
		return others;
	if (own > 0)
		warn_of_legacy(kind, net);
	return own + zone + others;
}

#define GENERATION_NAME  "nft.generation"
#define GENERATION_BYTES (16 + NETWORK_ZONE_SIZE)

/* With what was asked of firewalld: another wish is seen to, though nothing has changed there. */
static void note_text(const struct network *net, uint32_t generation, char text[GENERATION_BYTES])
{
	(void)snprintf(text, GENERATION_BYTES, "%u %s", generation, net->firewalld_zone);
}

static bool is_noted(const struct network *net, int net_fd, uint32_t generation)
{
	char wanted[GENERATION_BYTES];
	autofree char *text = NULL;
	struct err err = ERR_INIT;

	note_text(net, generation, wanted);
	return file_read_at(net_fd, GENERATION_NAME, GENERATION_BYTES, &text, NULL, &err) >= 0 &&
	       str_eq(text, wanted);
}

/* A note that is not written costs the next one a listing. */
static void note(const struct network *net, int net_fd, uint32_t generation)
{
	char text[GENERATION_BYTES];
	struct err err = ERR_INIT;

	note_text(net, generation, text);
	if (file_write_atomic_at(net_fd, GENERATION_NAME, text, strlen(text), 0600, &err) < 0)
		log_debug("%s; ignoring", err.msg);
}

int firewall_glance(enum firewall_kind kind, const struct network *net, int net_fd, struct err *err)
{
	uint32_t before = 0, after = 0;
	int more = 0;
	int rc = fw_nft_generation(&before, err);

	if (rc < 0)
		return rc;
	if (is_noted(net, net_fd, before)) {
		rc = kind == FIREWALL_NFTABLES ? 0 : backend(kind)->ensure(net, NULL, err);
		/* Who flushed the legacy tables may have been firewalld, and forgotten the bridge too. */
		if (rc > 0)
			more = firewall_ensure(kind, net, net_fd, NULL, err);
		return more < 0 ? more : rc + more;
	}
	rc = firewall_ensure(kind, net, net_fd, NULL, err);
	/* What changed while we looked was not all seen, unless it was we who changed it. */
	if (rc == 0 && fw_nft_generation(&after, err) >= 0 && after == before)
		note(net, net_fd, before);
	return rc;
}

int firewall_check(enum firewall_kind kind, const struct network *net, const struct report *report,
		   struct err *err)
{
	int own = backend(kind)->check(net, report, err);
	bool zoned = false;
	int zone = own < 0 ? own : firewalld_check(net, report, &zoned, err);
	int others = zone < 0 ? zone
			      : tolerate(kind, fw_forward_check(net, zoned, report, err), err);

	return others < 0 ? others : own + zone + others;
}

int firewall_remove(enum firewall_kind kind, const struct network *net, int net_fd,
		    const struct report *report, struct err *err)
{
	int others = tolerate(kind, fw_forward_remove(net, report, err), err);
	int zone = others < 0 ? others : firewalld_remove(net, net_fd, report, err);
	int own = zone < 0 ? zone : backend(kind)->remove(net, report, err);

	return own < 0 ? own : own + zone + others;
}

/* ---- ports ---- */

int firewall_publish(const struct attachment *att, struct err *err)
{
	return att->n_ports > 0 ? backend(att->firewall)->publish(att, err) : 0;
}

int firewall_check_ports(const struct attachment *att, const struct report *report, struct err *err)
{
	return att->n_ports > 0 ? backend(att->firewall)->check_ports(att, report, err) : 0;
}

int firewall_unpublish(const struct attachment *att, struct err *err)
{
	return att->n_ports > 0 ? backend(att->firewall)->unpublish(att, err) : 0;
}
