#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sends exactly so many requests, as fast as they are answered, and prints who answered: usage: count.py HOST PORT REQUESTS. The output is a
JSON object {VERSION: n}. Connections are kept and pipelined; each request is balanced for itself all the same."""
import collections
import json
import re
import socket
import sys

HOST, PORT, REQUESTS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
CONNECTIONS, DEPTH = 4, 50
REQUEST = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
VERSION = re.compile(rb"\r\nx-version: *([^\r\n]*)\r\n", re.IGNORECASE)


def read_versions(connection, wanted):
    """The versions that gave the next WANTED answers. One without a version (HAProxy's own error) closes the connection."""
    versions, rest = [], b""
    while len(versions) < wanted:
        part = connection.recv(65536)
        if not part:
            sys.exit(f"count: closed after {len(versions)} of {wanted} answers: {rest[-300:]!r}")
        rest += part
        at = 0
        for found in VERSION.finditer(rest):
            versions.append(found.group(1).decode())
            at = found.end()
        rest = rest[at:]
    return versions


def main():
    counts, left = collections.Counter(), REQUESTS
    connections = [socket.create_connection((HOST, PORT), timeout=15) for _ in range(CONNECTIONS)]
    while left:
        flights = []
        for connection in connections:
            flights.append(min(DEPTH, left))
            left -= flights[-1]
            connection.sendall(REQUEST * flights[-1])
        for connection, flight in zip(connections, flights):
            counts.update(read_versions(connection, flight))
    print(json.dumps(counts))


main()
