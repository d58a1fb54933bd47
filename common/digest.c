/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

int digest_sha256(const void *data, size_t len, uint8_t ret[static DIGEST_SIZE]) {
    uint8_t made[EVP_MAX_MD_SIZE];
    if (!EVP_Digest(data, len, made, NULL, EVP_sha256(), NULL))
        return -ENOMEM;
    memcpy(ret, made, DIGEST_SIZE);
    return 0;
}

int digest_sha256_text(const void *data, size_t len, char ret[static DIGEST_TEXT_MAX]) {
    uint8_t made[DIGEST_SIZE];
    int r = digest_sha256(data, len, made);
    if (r < 0)
        return r;
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", made[i]);
    return 0;
}
