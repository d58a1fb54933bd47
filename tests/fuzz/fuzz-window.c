/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window, and on the next line the wall clock's seconds: either it is refused with a reason, or who waits for what he
 * is told is let in at last. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "spec/window.h"

#define LAST_SECOND 253402300799ull /* of the year 9999 */
#define NINE_DAYS (9 * 86400 * USEC_PER_SEC)
#define WAITS_MAX 20 /* one leads to the next where clocks leap over what a window begins with */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _cleanup_free_ char *text = strndup((const char *)data, size);
    struct deploy_window window;
    struct error err = {0};
    must(text && setenv("TZ", "Europe/Berlin", 1) == 0);
    char *second = strchr(text, '\n');
    uint64_t seconds = second ? strtoull(second + 1, NULL, 10) % LAST_SECOND : 0;
    text[strcspn(text, "\n")] = '\0';
    if (deploy_window_parse(text, &window, &err) < 0) {
        must(err.code == -EINVAL && utf8_valid(err.text, strlen(err.text)));
        return 0;
    }
    struct spec spec = {.deploy_windows = &text, .n_deploy_windows = 1};
    usec_t wall = (usec_t)seconds * USEC_PER_SEC, opens;
    for (int waits = 0; (opens = deploy_windows_open(&spec, wall)) != 0; waits++) {
        must(waits < WAITS_MAX && opens > wall && opens <= wall + NINE_DAYS);
        wall = opens;
    }
    return 0;
}
