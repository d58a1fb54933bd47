/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The beginnings of an app: its configuration, a template unit and what HAProxy needs, which lint finds nothing wrong
 * with. It asks nothing, replaces nothing, and starts nothing. */
#include "ctl/init.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/files.h"
#include "common/text.h"
#include "ctl/ctl.h"

#define TEXT_MAX ((size_t)64 * 1024)
#define UNIT_DIR "/etc/systemd/system"

enum { CONF, UNIT, HAPROXY, FILES };

struct draft {
    char path[PATH_MAX];
    struct buffer text;
};

static void drafts_done(struct draft (*drafts)[FILES]) {
    for (size_t i = 0; i < FILES; i++)
        buffer_reset(&(*drafts)[i].text);
}

/* One line of a file that others read: nothing that ends it, or joins it with the next one. */
static int check_line(const char *option, const char *value, struct error *err) {
    size_t len = strlen(value);
    bool good = len > 0 && value[0] != ' ' && value[len - 1] != '\\' && utf8_valid(value, len);
    for (size_t i = 0; i < len; i++)
        good = good && (unsigned char)value[i] >= ' ' && value[i] != 0x7f;
    return good ? 0 : error_set(err, -EINVAL, "%s \"%s\": expected one line of text", option, SAFE(value));
}

static int check_wishes(const struct init_wishes *wishes, struct error *err) {
    if (!app_name_valid(wishes->app))
        return error_set(err, -EINVAL, "\"%s\" is no name of an app: expected a-z, 0-9 and -, at most 63",
                         SAFE(wishes->app));
    if (wishes->replicas < 1 || wishes->replicas > REPLICAS_MAX)
        return error_set(err, -EINVAL, "--replicas %u: expected 1 to %d", wishes->replicas, REPLICAS_MAX);
    if (wishes->port < 1 || init_green_port(wishes) + wishes->replicas - 1 > UINT16_MAX)
        return error_set(err, -EINVAL, "--port %u: expected one that leaves room for %u instances of each color",
                         wishes->port, wishes->replicas);
    if (!strstr(wishes->release, "%v"))
        return error_set(err, -EINVAL, "--release %s: expected a folder with %%v in it, for the version",
                         SAFE(wishes->release));
    int r = check_line("--release", wishes->release, err);
    if (r >= 0)
        r = check_line("--exec", wishes->command, err);
    if (r >= 0 && wishes->bind)
        r = check_line("--bind", wishes->bind, err);
    return r;
}

static void draft(struct draft *ret, const char *given, const char *usual, const char *app, const char *suffix,
                  void (*put)(struct buffer *text, const struct init_wishes *wishes),
                  const struct init_wishes *wishes) {
    ret->text = BUFFER(TEXT_MAX);
    (void)snprintf(ret->path, sizeof(ret->path), "%s/%s%s", given ? given : usual, app, suffix);
    put(&ret->text, wishes);
}

/* What a wish makes wrong is said before anything is written. */
static int check_drafts(const struct draft drafts[FILES], const struct init_wishes *wishes, struct error *err) {
    struct spec *spec = NULL;
    struct stat found;
    for (size_t i = 0; i < FILES; i++) {
        if (drafts[i].text.error < 0)
            return error_set(err, drafts[i].text.error, "cannot make %s: it gets too long", drafts[i].path);
        if (lstat(drafts[i].path, &found) == 0)
            return error_set(err, -EEXIST, "%s is there already, and nothing was written: remove it, or see --dir",
                             drafts[i].path);
    }
    int r = spec_parse(wishes->app, buffer_text(&drafts[CONF].text), drafts[CONF].path, &spec, err);
    (void)spec_free(spec);
    return r;
}

static int write_drafts(const struct draft drafts[FILES], struct error *err) {
    for (size_t i = 0; i < FILES; i++) {
        int r = file_write_atomic(drafts[i].path, drafts[i].text.data, drafts[i].text.len, 0644, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---------------------------------------------------------------- what to do next */

static void __attribute__((format(printf, 2, 3))) put_line(struct json_writer *json, const char *format, ...) {
    char line[2 * PATH_MAX + 128];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    json_put_text(json, NULL, line);
}

static void put_result(struct json_writer *json, const struct draft drafts[FILES], const char *app, bool elsewhere) {
    json_open_object(json, NULL);
    json_put_string(json, "app", app);
    json_open_array(json, "files");
    for (size_t i = 0; i < FILES; i++)
        json_put_text(json, NULL, drafts[i].path);
    json_close(json);
    json_open_array(json, "next");
    if (elsewhere) {
        put_line(json, "cp %s %s/", drafts[CONF].path, ROLLOUT_CONF_DIR);
        put_line(json, "cp %s %s/", drafts[UNIT].path, UNIT_DIR);
    }
    put_line(json, "cat %s >>/etc/haproxy/haproxy.cfg", drafts[HAPROXY].path);
    put_line(json, "systemctl daemon-reload");
    put_line(json, "systemctl reload-or-restart haproxy");
    put_line(json, "systemctl enable --now rollout@%s", app);
    put_line(json, "rolloutctl lint %s", app);
    put_line(json, "rolloutctl deploy %s VERSION --watch", app);
    json_close(json);
    json_close(json);
}

static void view_init(struct writer *writer, FILE *out, const cJSON *document) {
    json_for_each(file, field_of(document, "files")) {
        (void)fprintf(out, "written: %s\n", SAFE(cJSON_GetStringValue(file)));
    }
    (void)fputs("\nRead them, above all the backend's frontend and the unit. Then:\n", out);
    json_for_each(line, field_of(document, "next")) {
        (void)fprintf(out, "  %s\n", SAFE(cJSON_GetStringValue(line)));
    }
}

static enum exit_code show(const struct invocation *asked, const struct draft drafts[FILES]) {
    _cleanup_json_writer_ struct json_writer json = JSON_WRITER(TEXT_MAX);
    _cleanup_json_ cJSON *document = NULL;
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    put_result(&json, drafts, asked->arguments[0], asked->dir);
    if (json_finish(&json, &text, &len, NULL) < 0 || json_parse(text, len, &document, NULL) < 0 ||
        writer_show(asked->writer, document, view_init) < 0)
        return say_failed(EXIT_DEGRADED, "cannot say what was written: no memory");
    return EXIT_HOLDS;
}

enum exit_code run_init(const struct invocation *asked) {
    _cleanup_(drafts_done) struct draft drafts[FILES] = {0};
    const char *app = asked->arguments[0];
    char release[128], command[96];
    struct error err = {0};
    (void)snprintf(release, sizeof(release), "/srv/%s/releases/%%v", app);
    (void)snprintf(command, sizeof(command), "bin/%s", app);
    const struct init_wishes wishes = {.app = app,
                                       .strategy = asked->strategy,
                                       .replicas = asked->replicas ? asked->replicas : 2,
                                       .port = asked->port ? asked->port : 9001,
                                       .release = asked->release ? asked->release : release,
                                       .command = asked->command ? asked->command : command,
                                       .bind = asked->bind};
    if (check_wishes(&wishes, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", SAFE(err.text));
    draft(&drafts[CONF], asked->dir, ROLLOUT_CONF_DIR, app, ".conf", init_put_conf, &wishes);
    draft(&drafts[UNIT], asked->dir, UNIT_DIR, app, "@.service", init_put_unit, &wishes);
    draft(&drafts[HAPROXY], asked->dir, ROLLOUT_CONF_DIR, app, "-haproxy.cfg", init_put_haproxy, &wishes);
    if (check_drafts(drafts, &wishes, &err) < 0 || write_drafts(drafts, &err) < 0)
        return say_failed(EXIT_USAGE, "%s", SAFE_LINES(err.text));
    return show(asked, drafts);
}
