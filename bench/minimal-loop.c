/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limit that the agent's reaction is measured against: waits for the end of one process by a pidfd, sends HAProxy
 * one command, and ends when that is answered. It decides nothing and keeps nothing.
 * Usage: minimal-loop PID SOCKET COMMAND */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int give_up(const char *what) {
    perror(what);
    return EXIT_FAILURE;
}

int main(int argc, char **argv) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char answer[256], line[256];
    if (argc != 4 || strlen(argv[2]) >= sizeof(address.sun_path))
        return fprintf(stderr, "usage: minimal-loop PID SOCKET COMMAND\n"), EXIT_FAILURE;
    memcpy(address.sun_path, argv[2], strlen(argv[2]) + 1);
    int len = snprintf(line, sizeof(line), "%s\n", argv[3]);
    struct pollfd process = {.fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(argv[1], NULL, 10), 0), .events = POLLIN};
    if (process.fd < 0)
        return give_up("pidfd_open");
    (void)puts("waiting");
    (void)fflush(stdout);

    if (poll(&process, 1, 60000) != 1)
        return give_up("poll");
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return give_up(argv[2]);
    if (write(fd, line, (size_t)len) != len || read(fd, answer, sizeof(answer)) < 0)
        return give_up("the command");
    return EXIT_SUCCESS;
}
