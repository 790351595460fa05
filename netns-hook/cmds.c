/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netns-hook/cmds.h"

#include <errno.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "common/json.h"
#include "common/net/bridge.h"
#include "common/net/record.h"
#include "common/process.h"
#include "common/str.h"
#include "netns-hook/options.h"
#include "netns-hook/publish.h"
#include "netns-hook/state.h"

/* ---- create ---- */

static void print_change(void *ctx, enum report_kind kind, enum report_state state,
			 const char *text)
{
	(void)ctx;
	(void)kind;
	switch (state) {
	case REPORT_RIGHT:
		break;
	case REPORT_CHANGED:
		(void)printf("changed: %s\n", text);
		break;
	case REPORT_WRONG:
		(void)printf("wrong: %s\n", text);
		break;
	case REPORT_KEPT:
		(void)printf("kept: %s\n", text);
		break;
	}
}

const struct report cmds_report = { .item = print_change };

static int run_create(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	autonetwork struct network net = { 0 };
	autonetlink struct netlink nl = NETLINK_INIT;
	autoclose int state_fd = -1;
	int rc = options_network(options, &net, err);

	(void)unused;
	(void)args;
	(void)n_args;
	if (rc >= 0)
		rc = state_open(options_state_dir(options), true, &state_fd, err);
	if (rc >= 0)
		rc = netlink_open(&nl, err);
	if (rc >= 0)
		rc = bridge_settle(&nl, state_fd, &net, err);
	if (rc >= 0)
		rc = bridge_ensure(&nl, state_fd, &net, &cmds_report, NULL, err);
	return rc < 0 ? rc : 0;
}

const struct cmd cmds_create = {
	.name = "create",
	.args = "",
	.help = "make the network: bridge, address, forwarding, rules",
	.run = run_create,
};

/* ---- ls ---- */

struct ls_options {
	bool json;
};

static const struct cmd_option ls_table[] = {
	{ .name = "json",
	  .type = CMD_FLAG,
	  .offset = offsetof(struct ls_options, json),
	  .help = "the records as JSON" },
};

/* A namespace may outlive its process (a pin) and then still has its interface. */
static const char *status_of(struct netlink *nl, const char *boot_id, const struct attachment *att)
{
	struct link_info veth;
	struct err err = ERR_INIT;

	if (!str_eq(att->owner.boot_id, boot_id))
		return "destroyed";
	if (att->owner.pid > 0 && process_is_alive(att->owner.pid, att->owner.start_ticks))
		return att->state == RECORD_ADDING ? "creating" : "running";
	if (link_find(nl, att->veth, &veth, &err) <= 0)
		return "destroyed";
	/* Without a process nobody knows what lives in it. */
	return att->owner.pid > 0 ? "stopped" : "attached";
}

static char *ports_text(const struct attachment *att)
{
	struct strbuf text = { .text = NULL };

	for (size_t i = 0; i < att->n_ports; i++)
		strbuf_printf(&text, "%s%s", i > 0 ? "," : "", publish_text(&att->ports[i]).text);
	if (att->n_ports == 0)
		strbuf_puts(&text, "-");
	return strbuf_take(&text);
}

static void print_table(const struct record_list *list, struct netlink *nl, const char *boot_id)
{
	(void)printf("%-18s  %-15s  %-8s  %-9s  %-17s  %-10s  %-10s  %-10s  %s\n", "IP",
		     "LOCAL VETH", "PID", "STATUS", "NS FD", "NETWORK", "INTERFACE", "PORTS",
		     "CONTAINER");
	for (size_t i = 0; i < list->n; i++) {
		const struct attachment *att = &list->items[i];
		autofree char *ports = ports_text(att);
		char netns[32];

		(void)snprintf(netns, sizeof(netns), "net:[%llu]",
			       (unsigned long long)att->owner.netns.ino);
		(void)printf("%-18s  %-15s  %-8d  %-9s  %-17s  %-10s  %-10s  %-10s  %s\n",
			     att->n_addresses > 0 ? ip_prefix_text(&att->addresses[0].prefix).text
						  : "-",
			     att->veth, att->owner.pid, status_of(nl, boot_id, att), netns,
			     att->network, att->ifname, ports, att->container);
		for (size_t a = 1; a < att->n_addresses; a++)
			(void)printf("%s\n", ip_prefix_text(&att->addresses[a].prefix).text);
	}
}

static void print_json(const struct record_list *list, struct netlink *nl, const char *boot_id)
{
	autojson json_node *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		json_node *item = record_json(&list->items[i]);

		json_put_string(item, "status", status_of(nl, boot_id, &list->items[i]));
		json_append(array, item);
	}
	autofree char *text = json_print(array, true);

	(void)printf("%s\n", text);
}

static int run_ls(void *globals, void *ls_options, char **args, int n_args, struct err *err)
{
	const struct options *options = globals;
	const struct ls_options *ls = ls_options;
	autonetlink struct netlink nl = NETLINK_INIT;
	autorecords struct record_list list = { 0 };
	autoclose int state_fd = -1;
	char boot_id[37] = "";
	int rc = state_open(options_state_dir(options), false, &state_fd, err);

	(void)args;
	(void)n_args;
	if (rc > 0)
		rc = record_list(state_fd, &list, err);
	if (rc >= 0)
		rc = process_boot_id(boot_id, err);
	if (rc >= 0)
		rc = netlink_open(&nl, err);
	if (rc < 0)
		return rc;
	if (ls->json)
		print_json(&list, &nl, boot_id);
	else
		print_table(&list, &nl, boot_id);
	return 0;
}

const struct cmd cmds_ls = {
	.name = "ls",
	.args = "",
	.help = "list the attached containers",
	.options = ls_table,
	.n_options = ARRAY_SIZE(ls_table),
	.options_size = sizeof(struct ls_options),
	.run = run_ls,
};

/* ---- completion ---- */

/* completion.bash, as it stands beside this file. */
extern const char cmds_completion_bash[];
__asm__(".section .rodata\n"
	"cmds_completion_bash:\n"
	".incbin \"netns-hook/completion.bash\"\n"
	".byte 0\n"
	".previous\n");

static int run_completion(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	(void)globals;
	(void)unused;
	(void)n_args;
	if (!str_eq(args[0], "bash"))
		return err_set(err, EINVAL, "completion: there is one for bash, none for '%s'",
			       args[0]);
	(void)fputs(cmds_completion_bash, stdout);
	return 0;
}

const struct cmd cmds_completion = {
	.name = "completion",
	.args = "bash",
	.help = "print the completion for a shell: source <(ct-netns completion bash)",
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
};

/* ---- version ---- */

static int run_version(void *globals, void *unused, char **args, int n_args, struct err *err)
{
	(void)globals;
	(void)unused;
	(void)args;
	(void)n_args;
	(void)err;
	(void)printf("ct-netns " CT_VERSION "\n");
	return 0;
}

const struct cmd cmds_version = {
	.name = "version",
	.args = "",
	.help = "print the version",
	.run = run_version,
};
