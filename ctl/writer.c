/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/writer.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/json-writer.h"
#include "common/text.h"
#include "common/timespan.h"
#include "common/timestamp.h"

#define COLUMNS_MAX 16

static struct winsize terminal_size(const struct writer *writer) {
    struct winsize size = {0};
    (void)ioctl(fileno(writer->out), TIOCGWINSZ, &size);
    if (size.ws_row < 2 || size.ws_col < 2)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    return size;
}

void writer_init(struct writer *writer, bool json) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    bool dumb = !term || strcmp(term, "dumb") == 0;
    bool terminal = isatty(STDOUT_FILENO) == 1 && !dumb;
    *writer = (struct writer){
        .out = stdout,
        .json = json,
        .terminal = terminal && !json,
        .color = terminal && !json && (!no_color || !*no_color),
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
    writer->columns = writer->terminal ? terminal_size(writer).ws_col : 0;
}

const char *paint(const struct writer *writer, enum paint paint) {
    static const char *const sequences[] = {
        [PAINT_PLAIN] = "\033[0m", [PAINT_GOOD] = "\033[32m", [PAINT_BUSY] = "\033[33m",
        [PAINT_BAD] = "\033[31m",  [PAINT_FAINT] = "\033[2m", [PAINT_BOLD] = "\033[1m"};
    return writer->color ? sequences[paint] : "";
}

static int flush(struct writer *writer) {
    return fflush(writer->out) == 0 && !ferror(writer->out) ? 0 : -EIO;
}

static int show_json(struct writer *writer, const cJSON *document, bool pretty) {
    _cleanup_free_ char *text = NULL;
    int r = json_print(document, pretty, &text, NULL);
    if (r < 0)
        return r;
    size_t len = strlen(text);
    (void)fprintf(writer->out, "%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n");
    return flush(writer);
}

int writer_show(struct writer *writer, const cJSON *document, text_view view) {
    if (writer->json)
        return show_json(writer, document, true);
    view(writer, writer->out, document);
    return flush(writer);
}

/* Lines that fit, each cleared behind its end, so that nothing flickers and nothing scrolls. */
static void draw(struct writer *writer, char *text) {
    unsigned rows = terminal_size(writer).ws_row;
    (void)fputs("\033[H", writer->out);
    for (char *line = text, *next; *line && rows > 1; line = next, rows--) {
        next = strchrnul(line, '\n');
        if (*next)
            *next++ = '\0';
        (void)fprintf(writer->out, "\033[?7l%s\033[?7h\033[K\n", line);
    }
    (void)fputs("\033[J", writer->out);
}

int writer_redraw(struct writer *writer, const cJSON *document, text_view view) {
    if (writer->json)
        return show_json(writer, document, false);
    if (!writer->terminal)
        return writer_show(writer, document, view);
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    if (!memory)
        return -ENOMEM;
    writer->columns = terminal_size(writer).ws_col; /* it may have another size by now */
    view(writer, memory, document);
    if (fclose(memory) != 0)
        return -ENOMEM;
    draw(writer, text);
    return flush(writer);
}

/* ---------------------------------------------------------------- fields */

const char *field_text(const cJSON *object, const char *key) {
    const char *text = "";
    (void)json_opt_string(object, key, &text, NULL);
    return text;
}

double field_number(const cJSON *object, const char *key, double missing) {
    (void)json_opt_double(object, key, &missing, NULL);
    return missing;
}

const cJSON *field_of(const cJSON *object, const char *key) {
    const cJSON *value = cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
    return cJSON_IsObject(value) || cJSON_IsArray(value) ? value : NULL;
}

usec_t field_time(const cJSON *object, const char *key) {
    usec_t time = USEC_INFINITY;
    (void)timestamp_parse(field_text(object, key), &time, NULL);
    return time;
}

const char *safe_text(const char *text, char *buffer, size_t size) {
    return text_escape(buffer, size, text, strlen(text));
}

const char *safe_lines(const char *text, char *buffer, size_t size) {
    size_t used = 0;
    for (const char *line = text; used + 4 < size; line++) {
        size_t len = strcspn(line, "\n");
        used += strlen(text_escape(buffer + used, size - used - 1, line, len));
        line += len;
        if (!*line)
            break;
        buffer[used++] = '\n';
        buffer[used] = '\0';
    }
    return buffer;
}

const char *short_span(usec_t span, char *buffer, size_t size) {
    char text[TIMESPAN_TEXT_MAX];
    usec_t unit = span < 3600 * USEC_PER_SEC ? USEC_PER_SEC : 60 * USEC_PER_SEC;
    if (span != USEC_INFINITY)
        span = span < 0 ? 0 : span - span % unit;
    (void)timespan_format(text, span);
    (void)snprintf(buffer, size, "%s%s", text, strcmp(text, "0") == 0 ? "s" : "");
    return buffer;
}

/* ---------------------------------------------------------------- tables */

/* Characters that the text takes on a terminal. */
static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static const char *cell_text(const cJSON *row, const struct column *column, char *buffer, size_t size) {
    if (column->cell)
        return column->cell(row, buffer, size);
    const cJSON *value = cJSON_IsObject(row) ? cJSON_GetObjectItemCaseSensitive(row, column->field) : NULL;
    if (cJSON_IsString(value) && value->valuestring[0])
        return safe_text(value->valuestring, buffer, size);
    if (cJSON_IsNumber(value))
        (void)snprintf(buffer, size, "%.10g", value->valuedouble);
    else
        (void)string_copy(buffer, size, "-");
    return buffer;
}

void write_table(struct writer *writer, FILE *out, const cJSON *rows, const struct column *columns, size_t n) {
    int widths[COLUMNS_MAX];
    char buffer[512];
    for (size_t i = 0; i < n; i++) {
        widths[i] = width_of(columns[i].title);
        json_for_each(row, rows) {
            int width = width_of(cell_text(row, &columns[i], buffer, sizeof(buffer)));
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    (void)fputs(paint(writer, PAINT_BOLD), out);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(out, "%-*s%s", i + 1 < n ? widths[i] : 0, columns[i].title, i + 1 < n ? "  " : "");
    (void)fprintf(out, "%s\n", paint(writer, PAINT_PLAIN));
    json_for_each(row, rows) {
        for (size_t i = 0; i < n; i++) {
            const char *text = cell_text(row, &columns[i], buffer, sizeof(buffer));
            (void)fprintf(out, "%s%*s", text, i + 1 < n ? widths[i] - width_of(text) + 2 : 0, "");
        }
        (void)fputc('\n', out);
    }
}
