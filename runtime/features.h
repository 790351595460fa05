/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_FEATURES_H
#define CT_FEATURES_H

#include "common/json.h"

/*
 * features.md and features-linux.md of the runtime-spec: what this program can do, whatever the host
 * has. It comes out of the tables that decode config.json and apply it, so it cannot say more or
 * less than they do. The caller owns the document.
 */
json_node *features_json(void);

#endif
