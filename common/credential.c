/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/credential.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"

#define CREDENTIAL_SIZE_MAX ((size_t)64 * 1024)

bool credential_name_valid(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);
    return len > 0 && len < NAME_MAX && name[0] != '.' && strspn(name, allowed) == len;
}

char *credential_free(char *secret) {
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
    return NULL;
}

/* Control characters would end a header or a line of a file early. */
static bool is_line(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return len > 0;
}

int credential_read(const char *name, char **ret, struct error *err) {
    if (!credential_name_valid(name))
        return error_set(err, -EINVAL, "this is no name of a credential, expected letters, digits and \"._-\"");
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char path[PATH_MAX];
    if (!folder || snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
        return error_set(err, -ENOENT, "no credential %s: the service was given none, see LoadCredential=", name);

    char *text;
    size_t len;
    int r = file_read(path, CREDENTIAL_SIZE_MAX, &text, &len, err);
    if (r == -ENOENT)
        return error_set(err, r, "no credential %s: the service's unit needs LoadCredential=%s:FILE", name, name);
    if (r < 0)
        return error_prefix(err, "credential %s", name);
    if (len > 0 && text[len - 1] == '\n')
        text[--len] = '\0';
    if (!is_line(text, len)) {
        explicit_bzero(text, len);
        free(text);
        return error_set(err, -EINVAL, "credential %s is not one line of text", name);
    }
    *ret = text;
    return 0;
}
