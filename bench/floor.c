/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limit that the agent's memory is measured against: a process that links the same libraries, has each of them do
 * one small thing, and waits. Prints "waiting" when it may be looked at; ends with its standard input. */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

/* Nobody listens on port 9; what counts is that libcurl has been at work. */
static void use_curl(void) {
    CURL *easy = curl_easy_init();
    if (!easy)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1:9/");
    (void)curl_easy_perform(easy);
    curl_easy_cleanup(easy);
}

int main(void) {
    sd_event *event = NULL;
    sd_bus *bus = NULL;
    char byte;
    if (sd_event_default(&event) < 0 || sd_bus_open_system(&bus) < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return EXIT_FAILURE;
    use_curl();
    cJSON_Delete(cJSON_Parse("{\"a\": 1}"));
    (void)printf("waiting\n");
    (void)fflush(stdout);
    if (!MHD_get_version() || read(STDIN_FILENO, &byte, 1) < 0)
        return EXIT_FAILURE;
    sd_bus_flush_close_unref(bus);
    sd_event_unref(event);
    return EXIT_SUCCESS;
}
