/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check, repair: the kernel against the records and the networks that they are of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "common/net/bridge.h"
#include "common/net/netns.h"
#include "common/process.h"
#include "common/signals.h"
#include "common/str.h"
#include "netns-hook/attach.h"
#include "netns-hook/check.h"
#include "netns-hook/cmds.h"
#include "netns-hook/definition.h"
#include "netns-hook/detach.h"
#include "netns-hook/netns_find.h"
#include "netns-hook/options.h"
#include "netns-hook/state.h"

#define LOCK_WAIT_MS 10000

struct audit {
	const struct options *options;
	int state_fd;
	struct netlink nl;
	struct record_list records;
	const char *id; /* NULL: every container */
	bool repair;
	int wrong;                    /* differences that are there still */
	const struct attachment *att; /* the one at work; NULL: a network is */
	const char *network;
};

static void tell(struct audit *audit, const char *what, const char *text)
{
	if (audit->att)
		(void)printf("%scontainer '%s': %s\n", what, audit->att->container, text);
	else
		(void)printf("%snetwork '%s': %s\n", what, audit->network, text);
}

static void tell_wrong(void *ctx, const char *text)
{
	tell(ctx, "", text);
}

static void tell_nothing(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* ---- networks ---- */

static void tell_change(void *ctx, enum report_kind kind, enum report_state state, const char *text)
{
	struct audit *audit = ctx;

	(void)kind;
	if (state == REPORT_CHANGED)
		tell(audit, "mended: ", text);
}

static int audit_network(struct audit *audit, struct network *net, struct err *err)
{
	const struct report report = { .item = tell_change, .ctx = audit };
	struct check check = { audit->state_fd, &audit->nl, -1, net, tell_wrong, audit, 0 };
	struct err why = ERR_INIT;
	int rc = 0;

	audit->att = NULL;
	audit->network = net->name;
	rc = bridge_preview(&audit->nl, audit->state_fd, net, err);
	if (rc < 0)
		return rc;
	if (audit->repair)
		rc = bridge_ensure(&audit->nl, audit->state_fd, net, &report, NULL, &why);
	else
		rc = check_network(&check, &why);
	/* What stands in the way of the network is one more thing that is wrong. */
	if (rc < 0) {
		(void)printf("%s\n", why.msg); /* which names the network */
		check.n++;
	}
	audit->wrong += check.n;
	return 0;
}

static bool concerns(const struct audit *audit, const struct attachment *att)
{
	return !audit->id || str_eq(audit->id, att->container);
}

/* Was the network of record i that of one before it? */
static bool is_seen(const struct audit *audit, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (concerns(audit, &audit->records.items[j]) &&
		    str_eq(audit->records.items[j].network, audit->records.items[i].network))
			return true;
	}
	return false;
}

static int audit_networks(struct audit *audit, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < audit->records.n; i++) {
		const struct attachment *att = &audit->records.items[i];
		autonetwork struct network net = { 0 };

		if (!concerns(audit, att) || is_seen(audit, i))
			continue;
		rc = definition_find(audit->options, audit->state_fd, att->network, &net, err);
		if (rc == 0)
			log_warning("network '%s' has no definition here: its rules and routes are "
				    "not looked at; if flags made it, give them",
				    att->network);
		else if (rc > 0)
			rc = audit_network(audit, &net, err);
	}
	return rc;
}

/* ---- attachments ---- */

struct patient {
	struct attachment *att;
	struct network net;
	bool has_net;
	int netns_fd;
};

static int look(struct audit *audit, const struct patient *patient,
		void (*differs)(void *ctx, const char *text), struct err *err)
{
	struct check check = { audit->state_fd,
			       &audit->nl,
			       patient->netns_fd,
			       patient->has_net ? &patient->net : NULL,
			       differs,
			       audit,
			       0 };
	int rc = check_attachment(&check, patient->att, err);

	return rc < 0 ? rc : check.n;
}

/* The attach of its front end again, with what the record says. */
static int attach_again(struct audit *audit, struct patient *patient, struct err *err)
{
	autoattachment struct attachment now = { 0 };
	const struct attachment *att = patient->att;
	const struct record_owner *owner = &att->owner;
	struct attach_request request = {
		.state_dir = options_state_dir(audit->options),
		.net = &patient->net,
		.container = att->container,
		.pid = owner->pid > 0 && process_is_alive(owner->pid, owner->start_ticks)
			       ? owner->pid
			       : 0,
		.netns_fd = patient->netns_fd,
		.netns_path = att->netns_path,
		.cni = att->cni,
		.again = true,
		.ports = att->ports,
		.n_ports = att->n_ports,
		.mac = att->mac,
		.ipfile = att->ipfile,
		.hostname = att->hostname,
		.aliases = &att->aliases,
		.devices = &att->devices,
	};

	(void)memcpy(patient->net.ifname, att->ifname, sizeof(att->ifname));
	patient->net.default_route = att->default_route;
	patient->net.shape.bandwidth = att->bandwidth;
	return attach(&request, &now, err);
}

/* What an attach leaves as it is, such as a route that somebody bent: made anew from the veth on. */
static int drop_interface(struct audit *audit, const struct attachment *att, struct err *err)
{
	autofolder struct record_folder folder = RECORD_FOLDER_INIT;
	const struct detach detach = { audit->state_fd, &audit->nl, DETACH_LINK_DELETE, { 0 }, -1 };
	int rc = record_folder_open(audit->state_fd, att->container, false, LOCK_WAIT_MS, &folder,
				    err);

	return rc <= 0 ? rc : detach_interface(&detach, att, err);
}

static int mend(struct audit *audit, struct patient *patient, struct err *err)
{
	for (int tries = 0; tries < 2; tries++) {
		if (tries > 0 && drop_interface(audit, patient->att, err) < 0)
			return -err->code;
		if (attach_again(audit, patient, err) < 0)
			return -err->code;
		int n = look(audit, patient, tell_nothing, err);

		if (n <= 0)
			return n;
	}
	return look(audit, patient, tell_wrong, err);
}

static void tell_found(void *ctx, const char *text)
{
	tell(ctx, "to mend: ", text);
}

static int treat(struct audit *audit, struct patient *patient, struct err *err)
{
	int n = look(audit, patient, audit->repair ? tell_found : tell_wrong, err);

	if (n <= 0 || !audit->repair)
		return n;
	if (!patient->has_net) {
		tell(audit, "", "its network has no definition here, so nothing can be mended");
		return n;
	}
	n = mend(audit, patient, err);
	if (n == 0)
		tell(audit, "mended: ", "all is as recorded");
	return n;
}

static int audit_attachment(struct audit *audit, struct attachment *att, struct err *err)
{
	struct patient patient = { .att = att, .netns_fd = -1 };
	int rc = netns_find(att, &patient.netns_fd, err);

	audit->att = att;
	if (rc == 0) {
		tell(audit, "",
		     "its network namespace is gone; 'ct-netns gc' removes what is left");
		audit->wrong++;
		return 0;
	}
	if (rc > 0)
		rc = definition_find(audit->options, audit->state_fd, att->network, &patient.net,
				     err);
	patient.has_net = rc > 0;
	if (rc > 0)
		rc = bridge_preview(&audit->nl, audit->state_fd, &patient.net, err);
	if (rc >= 0)
		rc = treat(audit, &patient, err);
	network_free(&patient.net);
	cleanup_close(&patient.netns_fd);
	audit->wrong += rc > 0 ? rc : 0;
	return rc;
}

/* One that fails is said, and the others have their turn. */
static void audit_attachments(struct audit *audit)
{
	for (size_t i = 0; i < audit->records.n; i++) {
		struct err err = ERR_INIT;

		if (!concerns(audit, &audit->records.items[i]) ||
		    audit_attachment(audit, &audit->records.items[i], &err) >= 0)
			continue;
		tell(audit, "", err.msg);
		audit->wrong++;
	}
}

/* What the warning named. */
static void audit_damaged(struct audit *audit)
{
	for (size_t i = 0; i < audit->records.damaged.n; i++) {
		const char *id = audit->records.damaged.items[i];

		if (audit->id && !str_eq(audit->id, id))
			continue;
		(void)printf("container '%s': a record of it is damaged; attach it again, which "
			     "makes the record anew, or detach it\n",
			     id);
		audit->wrong++;
	}
}

static int audit_all(struct audit *audit, struct err *err)
{
	bool found = false;
	int rc = record_list(audit->state_fd, &audit->records, err);

	if (rc >= 0)
		audit_damaged(audit);
	found = audit->wrong > 0;

	for (size_t i = 0; rc >= 0 && i < audit->records.n; i++)
		found = found || concerns(audit, &audit->records.items[i]);
	if (rc >= 0 && audit->id && !found)
		return err_set(err, ENOENT, "container '%s' is not attached", audit->id);
	if (rc >= 0)
		rc = netlink_open(&audit->nl, err);
	/* Ports have their place in chains of the network. */
	if (rc >= 0)
		rc = audit_networks(audit, err);
	if (rc < 0)
		return rc;
	audit_attachments(audit);
	if (audit->wrong == 0 && !audit->repair)
		(void)printf("no difference\n");
	return audit->wrong > 0;
}

static int run(void *globals, char **args, int n_args, bool repair, struct err *err)
{
	struct audit audit = {
		.options = globals,
		.state_fd = -1,
		.nl = NETLINK_INIT,
		.id = n_args > 0 ? args[0] : NULL,
		.repair = repair,
	};
	int rc = audit.id ? str_check_name(audit.id, "container id", err) : 0;

	if (rc >= 0)
		rc = state_open(options_state_dir(globals), false, &audit.state_fd, err);
	if (rc >= 0 && audit.state_fd >= 0)
		rc = audit_all(&audit, err);
	else if (rc >= 0 && audit.id)
		rc = err_set(err, ENOENT, "container '%s' is not attached", audit.id);
	else if (rc >= 0 && !repair)
		(void)printf("no difference\n");
	record_list_free(&audit.records);
	netlink_close(&audit.nl);
	cleanup_close(&audit.state_fd);
	return rc;
}

static int run_check(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	(void)unused;
	return run(globals, args, n_args, false, err);
}

static int run_repair(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	(void)unused;
	signals_ignore();
	return run(globals, args, n_args, true, err);
}

const struct cmd cmds_check = {
	.name = "check",
	.args = "[ID]",
	.help = "compare the kernel with the records; status 1 when something differs",
	.max_args = 1,
	.run = run_check,
};

const struct cmd cmds_repair = {
	.name = "repair",
	.args = "[ID]",
	.help = "make right what check finds",
	.max_args = 1,
	.run = run_repair,
};
