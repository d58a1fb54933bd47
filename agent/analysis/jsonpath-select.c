/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a path selects. Each step goes one level down in the value, whose depth is bounded, so recursion is. */
#include <errno.h>

#include "analysis/jsonpath-tree.h"

/* A path from here on. */
struct course {
    struct path_evaluation *evaluation;
    const struct segment *segment; /* NULL: the node is a result */
    struct node_sink *sink;
};

static int follow(const struct course *course, const struct value *node);

int path_charge(struct path_evaluation *evaluation, size_t n) {
    evaluation->steps = n < evaluation->steps ? evaluation->steps - (uint32_t)n : 0;
    return evaluation->steps > 0 ? 0 : -E2BIG;
}

static const struct value *child_at(const struct value *value, uint32_t i) {
    return value->kind == VALUE_ARRAY ? &value->items[i] : &value->members[i].value;
}

static uint32_t count_children(const struct value *value) {
    return value->kind == VALUE_ARRAY || value->kind == VALUE_MAP ? value->length : 0;
}

/* The rest of the path with a child of the node. */
static int follow_rest(const struct course *course, const struct value *child) {
    return follow(&(struct course){course->evaluation, course->segment->next, course->sink}, child);
}

static int select_all(const struct course *course, const struct value *node, const struct expression *filter) {
    int r = 0;
    for (uint32_t i = 0; i < count_children(node) && r == 0; i++) {
        const struct value *child = child_at(node, i);
        bool holds = true;
        r = filter ? path_test(course->evaluation, filter, child, &holds) : 0;
        if (r == 0 && holds)
            r = follow_rest(course, child);
    }
    return r;
}

static int select_index(const struct course *course, const struct value *node, int64_t index) {
    int64_t at = index < 0 ? index + node->length : index;
    return node->kind == VALUE_ARRAY && at >= 0 && at < node->length ? follow_rest(course, &node->items[at]) : 0;
}

static int64_t bound(int64_t wanted, int64_t min, int64_t max) {
    return wanted < min ? min : wanted > max ? max : wanted;
}

/* Bounds of the RFC's table: from start, included, to end, excluded, in the direction of step. */
static int select_slice(const struct course *course, const struct value *node, const struct selector *selector) {
    int64_t length = node->length, step = selector->slice.step;
    int64_t start = step > 0 ? 0 : length - 1, end = step > 0 ? length : -1;
    int r = 0;

    if (node->kind != VALUE_ARRAY || step == 0)
        return 0;
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? length : length - 1;
    if (selector->slice.has_start)
        start = bound(selector->slice.start + (selector->slice.start < 0 ? length : 0), low, high);
    if (selector->slice.has_end)
        end = bound(selector->slice.end + (selector->slice.end < 0 ? length : 0), low, high);
    for (int64_t i = start; (step > 0 ? i < end : i > end) && r == 0; i += step)
        r = follow_rest(course, &node->items[i]);
    return r;
}

static int select_name(const struct course *course, const struct value *node, const struct value *name) {
    if (node->kind != VALUE_MAP)
        return 0;
    int r = path_charge(course->evaluation, node->length / 8);
    const struct value *member = value_member(node, name->bytes, name->length);
    return r < 0 || !member ? r : follow_rest(course, member);
}

static int select_by(const struct course *course, const struct value *node, const struct selector *selector) {
    switch (selector->kind) {
    case SELECT_NAME:
        return select_name(course, node, &selector->name);
    case SELECT_WILDCARD:
        return select_all(course, node, NULL);
    case SELECT_INDEX:
        return select_index(course, node, selector->index);
    case SELECT_SLICE:
        return select_slice(course, node, selector);
    case SELECT_FILTER:
        return select_all(course, node, selector->filter);
    }
    return 0;
}

static int follow(const struct course *course, const struct value *node) {
    int r = path_charge(course->evaluation, 1);

    if (r < 0 || !course->segment)
        return r < 0 ? r : course->sink->take(course->sink, course->evaluation, node);
    for (const struct selector *selector = course->segment->selectors; selector && r == 0; selector = selector->next)
        r = select_by(course, node, selector);
    for (uint32_t i = 0; course->segment->descendant && i < count_children(node) && r == 0; i++)
        r = follow(course, child_at(node, i));
    return r;
}

int path_query(struct path_evaluation *evaluation, const struct query *query, const struct value *node,
               struct node_sink *sink) {
    return follow(&(struct course){evaluation, query->segments, sink}, query->from_root ? evaluation->root : node);
}
