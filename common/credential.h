/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets, as systemd hands them to a service: files in $CREDENTIALS_DIRECTORY (LoadCredential=, SetCredential=). Read
 * when they are needed and forgotten behind it; they never go into a log, an error or a reply. */
#ifndef ROLLOUT_COMMON_CREDENTIAL_H
#define ROLLOUT_COMMON_CREDENTIAL_H

#include <stdbool.h>

#include "common/cleanup.h"
#include "common/error.h"

/* True for what can be a credential's name: a file name of letters, digits and "._-". */
bool credential_name_valid(const char *name);

/* The credential as one line of text, without the newline at its end. The caller frees it with credential_free() or
 * _cleanup_credential_. -ENOENT: the service has none of that name; -EINVAL: it is no line of text. */
int credential_read(const char *name, char **ret, struct error *err);

/* Overwrites the secret before its memory is given back. */
char *credential_free(char *secret);

static inline void cleanup_credential(char **place) {
    *place = credential_free(*place);
}

#define _cleanup_credential_ _cleanup_(cleanup_credential)

#endif
