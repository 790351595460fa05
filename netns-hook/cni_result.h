/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_NETNS_CNI_RESULT_H
#define CT_NETNS_CNI_RESULT_H

#include "common/err.h"
#include "common/json.h"
#include "common/net/link.h"
#include "common/net/record.h"
#include "netns-hook/cni_conf.h"

/* CNI's codes of an error (spec 1.1.0, "Error"); those from 100 on are a plugin's own. */
enum cni_code {
	CNI_CODE_VERSION = 1,     /* a version that is not spoken */
	CNI_CODE_UNSUPPORTED = 2, /* a key that is known and not applied */
	CNI_CODE_UNKNOWN = 3,     /* no such container */
	CNI_CODE_ENVIRONMENT = 4,
	CNI_CODE_IO = 5,
	CNI_CODE_DECODE = 6,
	CNI_CODE_CONFIG = 7,
	CNI_CODE_NETNS = 8, /* not in the specification: CNI's library has it */
	CNI_CODE_AGAIN = 11,
	CNI_CODE_NOT_AVAILABLE = 50,
	CNI_CODE_DIFFERS = 100, /* ours: CHECK found the kernel unlike the record */
	CNI_CODE_INTERNAL = 999,
};

/* The code that an errno value stands for. */
enum cni_code cni_code_of(int error);

/* The MACs of the host's interfaces, as ADD's result has them. */
struct cni_links {
	struct link_info bridge, veth;
	struct link_info gateway; /* of a VLAN: index 0 without */
};

/* ADD's result in the shape of the version that was asked for. The caller owns it. */
json_node *cni_result(const struct cni_conf *conf, const struct attachment *att,
		      const char *sandbox, const struct cni_links *links);
/* VERSION's */
json_node *cni_result_versions(void);
/* details may be NULL. */
json_node *cni_result_error(enum cni_version version, int code, const char *msg,
			    const char *details);

#endif
