/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CT_SHA256_H
#define CT_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4) of a whole text. */
#define SHA256_BYTES 32
void sha256(const void *data, size_t len, uint8_t digest[SHA256_BYTES]);

#endif
