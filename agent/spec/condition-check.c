/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec/condition-check.h"

#include "analysis/condition.h"
#include "spec/place.h"

int condition_check_shown(const char *text, struct error *err) {
    struct error why = {0};
    size_t column = 1;
    int r = condition_check(text, &column, &why);
    return r < 0 ? error_in_text(err, r, why.text, text, column) : 0;
}
