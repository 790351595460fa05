/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_REPORT_H
#define CT_NET_REPORT_H

/* What provisioning found and did, item by item, told to whoever asked for it. */
enum report_state {
	REPORT_RIGHT,   /* was as it should be */
	REPORT_CHANGED, /* made right, or taken away */
	REPORT_WRONG,   /* a check found it missing or different, and left it so */
	REPORT_KEPT,    /* removal left it on purpose; the text says why */
};

enum report_kind {
	REPORT_BRIDGE,
	REPORT_ADDRESS,
	REPORT_SYSCTL,
	REPORT_RULE,
	REPORT_STATE,
};

struct report {
	void (*item)(void *ctx, enum report_kind kind, enum report_state state, const char *text);
	void *ctx;
};

/* report may be NULL: nobody asked. */
void report_item(const struct report *report, enum report_kind kind, enum report_state state,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
