/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SDBUS_H
#define CT_SDBUS_H

#include <systemd/sd-bus.h>

#include "common/err.h"

/*
 * sd-bus, in a library that is loaded by those who have something to say on a bus: linked in, it would
 * cost every start of a program more than the rest of it.
 */

/* What is used of the library: name and prototype come from its header. */
/* clang-format off */
#define SDBUS_FUNCTIONS(f) \
	f(sd_bus_new) f(sd_bus_set_address) \
	f(sd_bus_start) f(sd_bus_open_system) \
	f(sd_bus_open_user) f(sd_bus_flush_close_unref) \
	f(sd_bus_close_unref) f(sd_bus_is_ready) \
	f(sd_bus_get_property_string) f(sd_bus_match_signal) \
	f(sd_bus_process) f(sd_bus_wait) \
	f(sd_bus_call) f(sd_bus_call_method) \
	f(sd_bus_error_free) f(sd_bus_message_new_method_call) \
	f(sd_bus_message_unref) f(sd_bus_message_set_auto_start) f(sd_bus_message_append_basic) \
	f(sd_bus_message_append_array) f(sd_bus_message_open_container) \
	f(sd_bus_message_close_container) f(sd_bus_message_read)
/* clang-format on */

struct sdbus {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): the name of a member */
#define SDBUS_MEMBER(name) __typeof__(&(name)) name;
	SDBUS_FUNCTIONS(SDBUS_MEMBER)
#undef SDBUS_MEMBER
};

/* Once per connection is enough; the library stays. ENOTSUP: there is none, and what to install. */
int sdbus_load(struct sdbus *lib, struct err *err);

#endif
