/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever stands in a haproxy.cfg: read, and judged. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/cleanup.h"
#include "ctl/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct spec spec = {
        .app = "shop",
        .unit = "shop@.service",
        .replicas = 2,
        .haproxy = {.n_backends = 1, .backends = {"shop"}, .preview_backend = "preview", .server = "%c-%n"},
    };
    _cleanup_haproxy_config_ struct haproxy_config *config = NULL;
    _cleanup_haproxy_facts_ struct haproxy_facts facts = {0};
    _cleanup_findings_ struct findings findings = {0};
    struct error err = {0};
    if (haproxy_config_read((const char *)data, size, "haproxy.cfg", &config, &err) < 0) {
        assert(*err.text);
        return 0;
    }
    if (haproxy_facts_from_config(config, "haproxy.cfg", &facts) >= 0)
        haproxy_traps(&spec, &facts, SAYS_READY_NO, NULL, &findings);
    return 0;
}
