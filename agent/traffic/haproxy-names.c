/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/haproxy-names.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

static const char *const color_names[COLORS] = {[BLUE] = "blue", [GREEN] = "green"};

static int add_backend(struct haproxy_names *names, const char *backend, struct error *err) {
    if (!balancer_name_valid(backend))
        return error_set(err, -EINVAL, "\"%s\" cannot be a backend of HAProxy: letters, digits and _.:- were expected",
                         SHOWN(backend));
    return string_copy(names->backends[names->n_backends++], BACKEND_NAME_MAX, backend);
}

int haproxy_names_load(const struct spec *spec, struct haproxy_names *ret, struct error *err) {
    const struct haproxy_spec *haproxy = &spec->haproxy;
    struct haproxy_names names = {0};
    int r = 0;

    for (uint32_t i = 0; i < haproxy->n_backends && r >= 0; i++)
        r = add_backend(&names, haproxy->backends[i], err);
    if (r >= 0 && *haproxy->preview_backend)
        r = add_backend(&names, haproxy->preview_backend, err);
    if (r < 0)
        return r;

    for (uint32_t color = 0; color < COLORS; color++)
        for (uint32_t number = 0; number < REPLICAS_MAX; number++) {
            char *name = names.servers[color][number];
            r = spec_server_name(spec, color_names[color], number + 1, name, SERVER_NAME_MAX);
            if (r < 0 || !balancer_name_valid(name))
                return error_set(err, -EINVAL, "Server=%s gives no name that a server of HAProxy can have, for %s-%u",
                                 haproxy->server, color_names[color], number + 1);
        }
    (void)string_copy(names.route_map, sizeof names.route_map, haproxy->route_map); /* checked when it was parsed */
    *ret = names;
    return 0;
}

int haproxy_names_server(const struct haproxy_names *names, const char *server, struct instance_place *ret) {
    for (unsigned color = 0; color < COLORS; color++)
        for (unsigned number = 0; number < REPLICAS_MAX; number++)
            if (strcmp(names->servers[color][number], server) == 0) {
                *ret = (struct instance_place){(uint8_t)color, (uint8_t)number};
                return 0;
            }
    return -ENOENT;
}

int haproxy_names_backend(const struct haproxy_names *names, const char *backend) {
    for (uint32_t i = 0; i < names->n_backends; i++)
        if (strcmp(names->backends[i], backend) == 0)
            return (int)i;
    return -ENOENT;
}
