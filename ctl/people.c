/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/people.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "ctl/writer.h"

const char *person(const cJSON *by, char *buffer, size_t size) {
    double uid = field_number(by, "loginUid", field_number(by, "uid", -1));
    const struct passwd *user = uid >= 0 ? getpwuid((uid_t)uid) : NULL;
    if (user)
        return safe_text(user->pw_name, buffer, size);
    if (uid >= 0)
        (void)snprintf(buffer, size, "uid %.0f", uid);
    else
        (void)string_copy(buffer, size, "-");
    return buffer;
}

const char *point_of_time(const char *time, char *buffer, size_t size) {
    (void)safe_text(*time ? time : "-", buffer, size);
    if (strlen(buffer) > 19) {
        buffer[10] = ' ';
        memcpy(buffer + 19, "Z", 2);
    }
    return buffer;
}
