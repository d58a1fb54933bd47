/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door of JSONPath; parser and evaluation are in jsonpath-*.c. */
#include "analysis/jsonpath.h"

#include <errno.h>
#include <string.h>

#include "analysis/jsonpath-tree.h"
#include "common/text.h"

static int parse(struct path_parser *parser, const struct query **ret) {
    size_t length = strnlen(parser->text, JSONPATH_TEXT_MAX + 1);

    if (length > JSONPATH_TEXT_MAX)
        return fault_set(parser->fault, 0, -E2BIG, "the path is longer than %d bytes", JSONPATH_TEXT_MAX);
    if (!utf8_valid(parser->text, length))
        return fault_set(parser->fault, 0, -EINVAL, "the path is not valid UTF-8");
    if (!path_accept(parser, "$"))
        return fault_set(parser->fault, 0, -EINVAL, "a path begins with $%s",
                         *parser->text == '{' ? ", and has no braces around it" : "");
    const struct query *query = path_parse_query(parser, true);
    if (query && parser->text[parser->at])
        (void)path_expected(parser, "'.', '[' or the end");
    if (parser->fault->code < 0)
        return parser->fault->code;
    *ret = query;
    return 0;
}

int jsonpath_compile(struct arena *arena, const char *text, struct jsonpath *ret, size_t *column, struct error *err) {
    struct fault fault = {.err = err};
    struct path_parser parser = {.text = text, .arena = arena, .fault = &fault};
    const struct query *query = NULL;

    if (parse(&parser, &query) < 0)
        return fault_report(&fault, text, column);
    *ret = (struct jsonpath){.text = text, .query = query};
    return 0;
}

int jsonpath_check(const char *text, size_t *column, struct error *err) {
    struct jsonpath path;
    ARENA(arena);
    return jsonpath_compile(&arena, text, &path, column, err);
}

/* The values of the nodes, one behind the other. */
struct collector {
    struct node_sink sink;
    struct value *values;
    size_t capacity;
};

static int collect(struct node_sink *sink, struct path_evaluation *evaluation, const struct value *node) {
    struct collector *collector = (struct collector *)sink;
    struct value *grown =
        arena_grow(evaluation->arena, collector->values, sink->count, &collector->capacity, sizeof *grown);
    if (!grown)
        return -E2BIG;
    collector->values = grown;
    collector->values[sink->count++] = *node;
    return 0;
}

int jsonpath_evaluate(struct arena *arena, const struct jsonpath *path, const struct value *value, struct value *ret,
                      struct error *err) {
    struct path_evaluation evaluation = {.arena = arena, .root = value, .steps = JSONPATH_STEPS_MAX};
    struct collector collector = {.sink = {.take = collect}};
    int r = path_query(&evaluation, path->query, value, &collector.sink);

    if (r < 0)
        return error_set(err, r, "the path %.200s takes too %s with this answer", path->text,
                         evaluation.steps > 0 ? "much memory" : "many steps");
    if (collector.sink.count == 1)
        *ret = collector.values[0];
    else
        *ret = (struct value){.kind = VALUE_ARRAY, .length = collector.sink.count, .items = collector.values};
    return 0;
}
