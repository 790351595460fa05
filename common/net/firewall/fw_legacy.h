/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NET_FW_LEGACY_H
#define CT_NET_FW_LEGACY_H

#include <stdbool.h>

/* What there is of the legacy tables on this host. */

/* Has somebody made one in this network namespace (/proc/net/ip_tables_names)? */
bool fw_legacy_in_use(void);
/* Does the kernel have them? Makes the filter table of the family, where it was not there yet. */
bool fw_legacy_is_there(int family);
/* Does IPv4's FORWARD drop what nobody accepts, by its policy or by a rule without conditions? */
bool fw_legacy_drops(void);

#endif
