/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the body of every verb, and as a stream of events. */
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "client/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (enum verb verb = 0; verb < VERBS; verb++) {
        struct api_command asked;
        struct error err = {0};
        int r = body_parse(verb, (const char *)data, size, &asked, &err);
        if ((r < 0) != (err.code < 0) || (r == 0 && verb == VERB_DEPLOY && !version_valid(asked.command.version)))
            abort();
        body_done(&asked);
    }

    struct api_analysis analysis = {0};
    struct error why = {0};
    int r = body_parse_analysis((const char *)data, size, &analysis, &why);
    if ((r < 0) != (why.code < 0) || (r >= 0 && analysis.use.n_names != 1))
        abort();

    struct sse sse = SSE_NULL;
    struct sse_event event;
    for (size_t half = size / 2, i = 0; i < 2; i++) {
        (void)sse_feed(&sse, (const char *)data + (i ? half : 0), i ? size - half : half);
        while (sse_next(&sse, &event))
            if (strlen(event.name) >= sizeof(event.name) || strlen(event.data) >= sizeof(event.data))
                abort();
    }
    sse_reset(&sse);
    return 0;
}
