/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a version lies: Release= with its specifiers filled in. */
#include <errno.h>

#include "common/buffer.h"
#include "spec/spec.h"

#define RELEASE_MAX 4096

int spec_release_folder(const struct spec *spec, const char *version, char **ret, struct error *err) {
    _cleanup_buffer_ struct buffer folder = BUFFER(RELEASE_MAX);
    if (!spec->release) {
        *ret = NULL;
        return 0;
    }
    for (const char *at = spec->release; *at; at++)
        if (*at != '%')
            (void)buffer_append(&folder, at, 1);
        else if (*++at == 'v')
            (void)buffer_puts(&folder, version);
        else if (*at == '%')
            (void)buffer_puts(&folder, "%");
        else
            return error_set(err, -EINVAL, "Release=%s: only %%v and %%%% are known", spec->release);
    int r = buffer_take(&folder, ret, NULL);
    return r < 0 ? error_set(err, r, "Release=%s: the path is too long", spec->release) : 0;
}
