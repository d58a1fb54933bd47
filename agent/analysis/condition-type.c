/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "analysis/condition-type.h"

#define BOOLEAN KIND(VALUE_BOOLEAN)
#define NUMBER KIND(VALUE_NUMBER)
#define STRING KIND(VALUE_STRING)
#define ARRAY KIND(VALUE_ARRAY)
#define MAP KIND(VALUE_MAP)
#define NIL KIND(VALUE_NIL)

const char *kinds_name(unsigned kinds, char buffer[static 80]) {
    size_t n = 0;
    if ((kinds & KIND_ANY) == KIND_ANY)
        return "any value";
    buffer[0] = '\0';
    for (enum value_kind kind = VALUE_NIL; kind <= VALUE_MAP; kind++)
        if (kinds & KIND(kind)) {
            const char *name = value_kind_name(kind), *joint = n ? " or " : "";
            if (n + strlen(joint) + strlen(name) >= 80)
                break;
            n = (size_t)(stpcpy(stpcpy(buffer + n, joint), name) - buffer);
        }
    return buffer;
}

static int must_be(const struct node *node, unsigned kinds, struct fault *fault) {
    char is[80], wanted[80];
    if (node->kinds & kinds)
        return 0;
    return fault_set(fault, node->at, -EINVAL, "this is %s where %s was expected", kinds_name(node->kinds, is),
                     kinds_name(kinds, wanted));
}

/* Both sides of one kind, out of these. */
static int must_match(const struct node *node, unsigned kinds, struct fault *fault) {
    char left[80], right[80];
    const struct node *a = node->children[0], *b = node->children[1];
    int r = must_be(a, kinds, fault);
    if (r >= 0)
        r = must_be(b, kinds, fault);
    if (r < 0 || (a->kinds & b->kinds & kinds))
        return r;
    return fault_set(fault, node->at, -EINVAL, "this operator is between %s and %s", kinds_name(a->kinds, left),
                     kinds_name(b->kinds, right));
}

static int both_must_be(const struct node *node, unsigned kinds, struct fault *fault) {
    int r = must_be(node->children[0], kinds, fault);
    return r < 0 ? r : must_be(node->children[1], kinds, fault);
}

static int type_binary(struct node *node, struct fault *fault) {
    const struct node *left = node->children[0], *right = node->children[1];

    node->kinds = BOOLEAN;
    switch ((int)node->op) {
    case TOKEN_AND:
    case TOKEN_OR:
        return both_must_be(node, BOOLEAN, fault);
    case TOKEN_CONTAINS:
    case TOKEN_STARTS_WITH:
    case TOKEN_ENDS_WITH:
    case TOKEN_MATCHES:
        return both_must_be(node, STRING, fault);
    case TOKEN_EQUAL:
    case TOKEN_UNEQUAL:
        return ((left->kinds | right->kinds) & NIL) ? 0 : must_match(node, KIND_ANY, fault);
    case TOKEN_LESS:
    case TOKEN_LESS_EQUAL:
    case TOKEN_GREATER:
    case TOKEN_GREATER_EQUAL:
        return must_match(node, NUMBER | STRING, fault);
    case TOKEN_IN:
        return must_be(right, ARRAY | MAP | NIL, fault);
    case TOKEN_RANGE:
        node->kinds = ARRAY;
        return both_must_be(node, NUMBER, fault);
    case TOKEN_PLUS:
        node->kinds = left->kinds & right->kinds & (NUMBER | STRING);
        return must_match(node, NUMBER | STRING, fault);
    case TOKEN_COALESCE:
        node->kinds = (left->kinds & ~NIL) | right->kinds;
        return 0;
    default: /* arithmetic */
        node->kinds = NUMBER;
        return both_must_be(node, NUMBER, fault);
    }
}

static int type_index(struct node *node, struct fault *fault) {
    const struct node *of = node->children[0], *index = node->children[1];
    int r = must_be(of, ARRAY | MAP, fault);

    node->kinds = KIND_ANY;
    if (r < 0)
        return r;
    return must_be(index, ((of->kinds & ARRAY) ? NUMBER : 0) | ((of->kinds & MAP) ? STRING : 0), fault);
}

static int type_call(struct node *node, struct fault *fault) {
    const struct function *function = node->function;

    node->kinds = function->gives;
    if (node->n < function->n_min || node->n > function->n_max)
        return fault_set(fault, node->at, -EINVAL, "%s() takes %s%u argument%s, here it has %u", function->name,
                         function->n_min == function->n_max ? ""
                         : node->n < function->n_min        ? "at least "
                                                            : "at most ",
                         node->n < function->n_min ? function->n_min : function->n_max,
                         (node->n < function->n_min ? function->n_min : function->n_max) == 1 ? "" : "s", node->n);
    for (uint32_t i = 0; i < node->n; i++) {
        int r = must_be(node->children[i], function->takes[i > 0], fault);
        if (r < 0)
            return r;
    }
    return 0;
}

int type_node(struct node *node, struct fault *fault) {
    int r = 0;

    switch (node->kind) {
    case NODE_LITERAL:
        node->kinds = KIND(node->value.kind);
        return 0;
    case NODE_RESULT:
    case NODE_BASELINE:
    case NODE_ELEMENT:
        node->kinds = KIND_ANY;
        return 0;
    case NODE_UNARY:
        node->kinds = node->op == TOKEN_NOT ? BOOLEAN : NUMBER;
        return must_be(node->children[0], node->kinds, fault);
    case NODE_BINARY:
        return type_binary(node, fault);
    case NODE_CONDITIONAL:
        node->kinds = node->children[1]->kinds | node->children[2]->kinds;
        return must_be(node->children[0], BOOLEAN, fault);
    case NODE_INDEX:
        return type_index(node, fault);
    case NODE_SLICE:
        node->kinds = ARRAY;
        r = must_be(node->children[0], ARRAY, fault);
        for (uint32_t i = 1; i < 3 && r >= 0; i++)
            r = must_be(node->children[i], NUMBER, fault);
        return r;
    case NODE_ARRAY:
        node->kinds = ARRAY;
        return 0;
    case NODE_MAP:
        node->kinds = MAP;
        for (uint32_t i = 0; i < node->n && r >= 0; i += 2)
            r = must_be(node->children[i], STRING, fault);
        return r;
    case NODE_CALL:
    case NODE_PREDICATE:
        return type_call(node, fault);
    }
    return 0;
}
