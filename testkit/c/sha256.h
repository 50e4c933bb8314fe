/* SPDX-License-Identifier: GPL-2.0-only */

/* SHA-256 (FIPS 180-4). */
#include <stddef.h>
#include <stdint.h>

void ss_sha256(const unsigned char *data, size_t size, unsigned char sum[32]);
