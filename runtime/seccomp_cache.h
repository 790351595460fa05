/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SECCOMP_CACHE_H
#define CT_SECCOMP_CACHE_H

#include <stdbool.h>

#include "common/sha256.h"
#include "runtime/seccomp.h"

/*
 * Compiled filters, <root>/.cache/<key>: the state folder goes with a reboot, is ours alone, and no
 * container's id starts with a dot. One file a profile, SECCOMP_CACHE_MAX of them; the one that was
 * used longest ago makes room. The key is a hash of all that decides on the code: the profile as
 * decoded, libseccomp's version, the kernel and the machine.
 *
 * Nothing in the folder is believed: it and the file must be ours and nobody else's to write, the
 * file of the right length, and its contents are hashed too. What fails is made anew. That the cache
 * cannot be written is no error.
 */
#define SECCOMP_CACHE_DIR ".cache"
#define SECCOMP_CACHE_MAX 64

struct seccomp_key {
	uint8_t hash[SHA256_BYTES];
};

void seccomp_cache_key(const struct config_seccomp *profile, struct seccomp_key *key);
/* true: *filter has the code, owned by the caller. */
bool seccomp_cache_get(const char *root, const struct seccomp_key *key,
		       struct seccomp_filter *filter);
void seccomp_cache_put(const char *root, const struct seccomp_key *key,
		       const struct seccomp_filter *filter);

#endif
