/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes: either they are refused, or the document prints, reads back, and prints the same. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "common/json-writer.h"
#include "common/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    _cleanup_json_ cJSON *document = NULL, *again = NULL;
    struct error err = {0};
    int r = json_parse((const char *)data, size, &document, &err);
    if (r < 0) {
        must(r == -EINVAL); /* not -ENOMEM: cJSON must take all that the syntax check lets through */
        must(!document && utf8_valid(err.text, strlen(err.text)));
        return 0;
    }
    _cleanup_free_ char *first = NULL, *second = NULL;
    must(json_print(document, data[0] & 1, &first, NULL) == 0);
    must(json_parse(first, strlen(first), &again, NULL) == 0);
    must(json_print(again, data[0] & 1, &second, NULL) == 0);
    must(strcmp(first, second) == 0);
    return 0;
}
