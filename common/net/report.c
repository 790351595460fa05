/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/net/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/log.h"

void report_item(const struct report *report, enum report_kind kind, enum report_state state,
		 const char *fmt, ...)
{
	char text[512];
	va_list args;

	if (!report && !(state == REPORT_CHANGED && log_debug_enabled()))
		return;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (report)
		report->item(report->ctx, kind, state, text);
	else
		log_debug("changed: %s", text);
}
