/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256, by the libcrypto that libcurl brings along. */
#ifndef ROLLOUT_COMMON_DIGEST_H
#define ROLLOUT_COMMON_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32
#define DIGEST_TEXT_MAX (2 * DIGEST_SIZE + 1)

/* -ENOMEM is the only failure. */
int digest_sha256(const void *data, size_t len, uint8_t ret[static DIGEST_SIZE]);

/* The same in lower case hexadecimal digits. */
int digest_sha256_text(const void *data, size_t len, char ret[static DIGEST_TEXT_MAX]);

#endif
