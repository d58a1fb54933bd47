/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/weights.h"

#define SERVERS_MAX 8

static const share_t shares[] = {100, 500, 1000, 2500, 3300, 5000, 6700, 9000, 9900};
#define N_SHARES (sizeof shares / sizeof shares[0])

/* The totals that are known by heart. */
static const struct {
    share_t share;
    uint32_t canary, stable;
    struct totals totals;
} rows[] = {
    {100, 1, 1, {2, 198}},    {500, 1, 1, {10, 190}},  {1000, 1, 1, {20, 180}},      {2000, 1, 1, {40, 160}},
    {2500, 1, 1, {50, 150}},  {3300, 1, 1, {66, 134}}, {5000, 1, 1, {100, 100}},     {6700, 1, 1, {134, 66}},
    {9000, 1, 1, {180, 20}},  {9900, 1, 1, {198, 2}},  {SHARE_FULL, 1, 1, {200, 0}}, {0, 1, 1, {0, 200}},
    {100, 1, 2, {5, 495}},    {500, 2, 2, {25, 475}},  {2000, 1, 2, {100, 400}},     {5000, 2, 2, {250, 250}},
    {5000, 1, 2, {250, 250}}, {9000, 1, 2, {180, 20}}, {3300, 1, 4, {231, 469}},     {3300, 2, 4, {330, 670}},
    {100, 1, 8, {20, 1980}},  {9900, 8, 1, {198, 2}},  {5000, 8, 8, {1000, 1000}},   {1, 1, 1, {1, 256}},
    {2000, 1, 0, {200, 0}},   {2000, 0, 3, {0, 700}},  {2000, 0, 0, {0, 0}},
};

static void test_rows(void **state) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct totals totals = weights_totals(rows[i].share, rows[i].canary, rows[i].stable);
        if (totals.canary != rows[i].totals.canary || totals.stable != rows[i].totals.stable)
            fail_msg("%d of 10000 over %u and %u: %u and %u, expected %u and %u", rows[i].share, rows[i].canary,
                     rows[i].stable, totals.canary, totals.stable, rows[i].totals.canary, rows[i].totals.stable);
    }
}

/* Calls CHECK for every share over 1 to 8 servers on both sides. */
static void for_all(void (*check)(share_t share, uint32_t canary, uint32_t stable, struct totals totals)) {
    for (size_t i = 0; i < N_SHARES; i++)
        for (uint32_t canary = 1; canary <= SERVERS_MAX; canary++)
            for (uint32_t stable = 1; stable <= SERVERS_MAX; stable++)
                check(shares[i], canary, stable, weights_totals(shares[i], canary, stable));
}

/* Never above what is wanted, and below by less than one weight. */
static void check_error(share_t share, uint32_t canary, uint32_t stable, struct totals totals) {
    uint64_t sum = totals.canary + totals.stable;
    uint64_t wanted = (uint64_t)share * sum, given = (uint64_t)totals.canary * SHARE_FULL;
    if (given > wanted || wanted - given >= SHARE_FULL)
        fail_msg("%d of 10000 over %u and %u: %u of %u", share, canary, stable, totals.canary,
                 totals.canary + totals.stable);
}

static void test_error(void **state) {
    for_all(check_error);
}

/* As shared out to the servers, whatever the total: within 0..256, differing by one at most, adding up. */
static void check_shared_out(uint32_t total, uint32_t servers) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < servers; i++) {
        uint16_t weight = weights_of(total, servers, i);
        assert_true(weight <= WEIGHT_MAX);
        assert_true(weights_of(total, servers, 0) - weight <= 1);
        sum += weight;
    }
    assert_int_equal(sum, total);
}

static void check_bounds(share_t share, uint32_t canary, uint32_t stable, struct totals totals) {
    (void)share;
    assert_true(totals.canary > 0);
    assert_true(totals.stable > 0);
    check_shared_out(totals.canary, canary);
    check_shared_out(totals.stable, stable);
}

static void test_bounds(void **state) {
    for_all(check_bounds);
}

/* One sum through all steps, where a canary of that size can hold its share of it. */
static void check_sum(share_t share, uint32_t canary, uint32_t stable, struct totals totals) {
    uint32_t sum = weights_totals(0, canary, stable).stable;
    if ((uint64_t)share * sum <= (uint64_t)canary * WEIGHT_MAX * SHARE_FULL)
        assert_int_equal(totals.canary + totals.stable, sum);
    else
        assert_int_equal((totals.canary + totals.stable) % 100, 0); /* smaller, but whole percents stay exact */
}

static void test_sum(void **state) {
    for_all(check_sum);
}

/* More is wanted: never less is given. */
static void test_order(void **state) {
    for (uint32_t canary = 1; canary <= SERVERS_MAX; canary++)
        for (uint32_t stable = 1; stable <= SERVERS_MAX; stable++)
            for (share_t share = 100; share < SHARE_FULL; share += 100) {
                struct totals a = weights_totals(share, canary, stable),
                              b = weights_totals(share + 100, canary, stable);
                assert_true((uint64_t)a.canary * (b.canary + b.stable) <= (uint64_t)b.canary * (a.canary + a.stable));
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_error), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_sum),  cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
