/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over files instead of under libFuzzer: those named, or else every seed of tests/fuzz/seeds/NAME.
 */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replayed;

/* The copy is exactly as long as the input, so that AddressSanitizer sees the first byte too far. */
static void replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("Bail out! cannot open %s: %s\n", path, strerror(errno));
        exit(1);
    }
    static uint8_t buffer[1 << 20];
    size_t size = fread(buffer, 1, sizeof buffer, file);
    (void)fclose(file);
    uint8_t *data = malloc(size ? size : 1);
    if (!data)
        exit(1);
    memcpy(data, buffer, size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    printf("ok %d - %s\n", ++replayed, path);
}

static int not_hidden(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv) {
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            replay(argv[i]);
    } else {
        const char *name = strstr(argv[0], "fuzz-"), *next;
        while (name && (next = strstr(name + 1, "fuzz-")))
            name = next;
        const char *srcdir = getenv("srcdir");
        char folder[4096], path[sizeof folder + 256];
        (void)snprintf(folder, sizeof folder, "%s/tests/fuzz/seeds/%s", srcdir ? srcdir : ".", name ? name + 5 : "");
        struct dirent **entries = NULL;
        int n = scandir(folder, &entries, not_hidden, alphasort);
        for (int i = 0; i < n; i++) {
            (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            replay(path);
            free(entries[i]);
        }
        free(entries);
        if (replayed == 0) {
            printf("Bail out! no seeds in %s\n", folder);
            return 1;
        }
    }
    printf("1..%d\n", replayed);
    return 0;
}
