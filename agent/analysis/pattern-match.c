/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a program over a text: at each character, all instructions that could be next are known, each once. */
#include <errno.h>
#include <string.h>

#include "analysis/pattern-program.h"
#include "common/text.h"

#define INSTRUCTIONS_PER_STEP 4

uint32_t pattern_character(const char *at, size_t left, size_t *ret_length) {
    size_t length = utf8_length(at, left);
    uint32_t character = (unsigned char)*at;

    *ret_length = length ? length : 1;
    if (length == 0)
        return 0xfffd;
    if (length > 1)
        character &= 0x7fu >> length;
    for (size_t i = 1; i < length; i++)
        character = character << 6 | ((unsigned char)at[i] & 0x3f);
    return character;
}

static bool in_ranges(const struct set *set, uint32_t character) {
    for (uint32_t i = 0; i < set->n; i++)
        if (character >= set->ranges[i].from && character <= set->ranges[i].to)
            return true;
    return false;
}

bool pattern_set_has(const struct set *set, uint32_t character) {
    bool letter = (character | 0x20) >= 'a' && (character | 0x20) <= 'z';
    bool in = in_ranges(set, character) || (set->fold && letter && in_ranges(set, character ^ 0x20));
    return in != set->negated;
}

/* The instructions that take the character at one place. */
struct front {
    uint32_t *instructions;
    uint32_t n;
};

struct machine {
    const struct pattern *pattern;
    const char *text;
    size_t length;
    uint32_t *seen;  /* per instruction: the last place it was looked at, from 1 */
    uint32_t *stack; /* of instructions to look at */
    uint64_t left;   /* instructions that may still be looked at */
    bool ended;      /* the end was reached at this place */
};

static bool is_word(const struct machine *machine, size_t at) {
    if (at >= machine->length)
        return false;
    char c = machine->text[at], lower = (char)(c | 0x20);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') || c == '_';
}

static bool is_place(const struct machine *machine, enum place place, size_t at) {
    bool edge = is_word(machine, at) != (at > 0 && is_word(machine, at - 1));
    switch (place) {
    case TEXT_BEGIN:
        return at == 0;
    case TEXT_END:
        return at == machine->length;
    case LINE_BEGIN:
        return at == 0 || machine->text[at - 1] == '\n';
    case LINE_END:
        return at == machine->length || machine->text[at] == '\n';
    case WORD_EDGE:
        return edge;
    case NO_WORD_EDGE:
        return !edge;
    }
    return false;
}

static void push(struct machine *machine, uint32_t *depth, uint32_t instruction, size_t at) {
    if (machine->seen[instruction] == at + 1)
        return;
    machine->seen[instruction] = (uint32_t)at + 1;
    machine->stack[(*depth)++] = instruction; /* each at most once: the stack is as deep as the program is long */
}

/* Follows what takes no character. */
static void follow(struct machine *machine, struct front *front, uint32_t instruction, size_t at) {
    uint32_t depth = 0;
    push(machine, &depth, instruction, at);
    while (depth > 0) {
        uint32_t here = machine->stack[--depth];
        const struct instruction *next = &machine->pattern->code[here];
        machine->left -= machine->left > 0;
        switch (next->kind) {
        case DO_TAKE:
            front->instructions[front->n++] = here;
            break;
        case DO_SPLIT:
            push(machine, &depth, here + (uint32_t)next->y, at);
            push(machine, &depth, here + (uint32_t)next->x, at);
            break;
        case DO_JUMP:
            push(machine, &depth, here + (uint32_t)next->x, at);
            break;
        case DO_ASSERT:
            if (is_place(machine, next->place, at))
                push(machine, &depth, here + 1, at);
            break;
        case DO_END:
            machine->ended = true;
            break;
        }
    }
}

/* Takes the character at a place; returns its length. */
static size_t take(struct machine *machine, const struct front *front, struct front *next, size_t at) {
    size_t length;
    uint32_t character = pattern_character(machine->text + at, machine->length - at, &length);
    next->n = 0;
    for (uint32_t i = 0; i < front->n; i++) {
        const struct set *set = &machine->pattern->code[front->instructions[i]].set;
        uint64_t looks = 1 + set->n / 8;
        machine->left -= looks < machine->left ? looks : machine->left;
        if (pattern_set_has(set, character))
            follow(machine, next, front->instructions[i] + 1, at + length);
    }
    return length;
}

static int run(struct machine *machine, struct front fronts[static 2], bool whole) {
    struct front *front = &fronts[0], *next = &fronts[1];
    for (size_t at = 0;;) {
        if (at == 0 || !whole)
            follow(machine, front, 0, at);
        if (machine->ended && (!whole || at == machine->length))
            return 1;
        if (at == machine->length || (whole && front->n == 0))
            return 0;
        if (machine->left == 0)
            return -E2BIG;
        machine->ended = false;
        at += take(machine, front, next, at);
        struct front *taken = front;
        front = next;
        next = taken;
    }
}

int pattern_match(struct arena *arena, const struct pattern *pattern, bool whole, const char *text, size_t length,
                  uint32_t *steps) {
    uint32_t *room = arena_take(arena, 4 * (size_t)pattern->n * sizeof *room);
    struct front fronts[2] = {{.n = 0}};

    if (!room || length >= UINT32_MAX)
        return -E2BIG;
    struct machine machine = {.pattern = pattern,
                              .text = text,
                              .length = length,
                              .seen = room,
                              .stack = room + pattern->n,
                              .left = (uint64_t)*steps * INSTRUCTIONS_PER_STEP};
    memset(machine.seen, 0, pattern->n * sizeof *room);
    fronts[0].instructions = room + 2 * (size_t)pattern->n;
    fronts[1].instructions = room + 3 * (size_t)pattern->n;
    machine.left -= machine.left < pattern->n ? machine.left : pattern->n;
    int r = run(&machine, fronts, whole);
    *steps = (uint32_t)(machine.left / INSTRUCTIONS_PER_STEP);
    arena_return(arena, room);
    return r;
}
