/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traffic/tcp-count.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#define STATES \
    (1U << TCP_ESTABLISHED | 1U << TCP_SYN_SENT | 1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT)

/* An IPv4 address as IPv6 maps it, so that both compare alike: a dual-stack listener has mapped ones. */
static void map_v4(const void *v4, struct in6_addr *ret) {
    *ret = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(&ret->s6_addr[12], v4, sizeof(struct in_addr));
}

static int parse_host(const char *host, struct in6_addr *ret) {
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        map_v4(&v4, ret);
        return 0;
    }
    return inet_pton(AF_INET6, host, ret) == 1 ? 0 : -EINVAL;
}

static bool address_is(uint8_t family, const void *raw, const struct in6_addr *expected) {
    struct in6_addr address;
    if (family == AF_INET)
        map_v4(raw, &address);
    else
        memcpy(&address, raw, sizeof address);
    return memcmp(&address, expected, sizeof address) == 0;
}

struct wanted {
    const struct tcp_filter *filter;
    struct in6_addr host, peer;
};

static bool matches(const struct inet_diag_msg *socket, const struct wanted *wanted) {
    const struct inet_diag_sockid *id = &socket->id;
    if (socket->idiag_inode == 0) /* no process has it any more: the kernel is only saying goodbye */
        return false;
    if (wanted->filter->uid != UID_ANY)
        return socket->idiag_uid == wanted->filter->uid &&
               address_is(socket->idiag_family, id->idiag_dst, &wanted->host);
    return address_is(socket->idiag_family, id->idiag_src, &wanted->host) &&
           (!wanted->filter->peer || address_is(socket->idiag_family, id->idiag_dst, &wanted->peer));
}

static int send_dump(int fd, uint8_t family, const struct tcp_filter *filter) {
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } message = {
        .header = {.nlmsg_len = sizeof message,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .request = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = STATES},
    };
    /* In a dump the kernel takes the ports as a filter: only what we ask for is copied out. */
    uint16_t port = htons(filter->endpoint->port);
    if (filter->uid != UID_ANY)
        message.request.id.idiag_dport = port;
    else
        message.request.id.idiag_sport = port;
    ssize_t n = send(fd, &message, sizeof message, 0);
    return n < 0 ? -errno : n != sizeof message ? -EIO : 0;
}

/* What the end of a dump says; a message too short to say anything is an error. */
static int dump_end(const struct nlmsghdr *header) {
    const struct nlmsgerr *end = NLMSG_DATA(header); /* NLMSG_DONE begins with the same number */
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof end->error))
        return header->nlmsg_type == NLMSG_DONE ? 0 : -EIO;
    return end->error < 0 || header->nlmsg_type == NLMSG_DONE ? end->error : -EIO;
}

static int count_family(int fd, uint8_t family, const struct wanted *wanted, uint32_t *count) {
    int r = send_dump(fd, family, wanted->filter);
    if (r < 0)
        return r;
    for (;;) {
        _Alignas(struct nlmsghdr) char piece[32 * 1024];
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        const struct nlmsghdr *header;
        for (size_t at = 0; at + sizeof *header <= (size_t)n; at += NLMSG_ALIGN(header->nlmsg_len)) {
            header = (const void *)(piece + at);
            if (header->nlmsg_len < sizeof *header || header->nlmsg_len > (size_t)n - at)
                return -EIO;
            if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
                return dump_end(header);
            if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
                *count += matches(NLMSG_DATA(header), wanted);
        }
    }
}

int tcp_count(const struct tcp_filter *filter, uint32_t *ret) {
    struct wanted wanted = {.filter = filter};
    int r = parse_host(filter->endpoint->host, &wanted.host);
    if (r < 0)
        return r;
    if (filter->peer && filter->peer->any.sa_family == AF_INET)
        map_v4(&((const struct sockaddr_in *)&filter->peer->storage)->sin_addr, &wanted.peer);
    else if (filter->peer && filter->peer->any.sa_family == AF_INET6)
        wanted.peer = ((const struct sockaddr_in6 *)&filter->peer->storage)->sin6_addr;

    _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    struct timeval bound = {.tv_usec = 200 * 1000};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound) < 0)
        return -errno;

    uint32_t count = 0;
    r = count_family(fd, AF_INET, &wanted, &count);
    if (r >= 0)
        r = count_family(fd, AF_INET6, &wanted, &count);
    if (r == -ENOENT) /* a kernel without IPv6 */
        r = 0;
    if (r < 0)
        return r;
    *ret = count;
    return 0;
}
