#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests without end, and what became of each: usage: load.py URL-HOST PORT COUNTS-FILE [THREADS [PER-SECOND [HEADER [may-refuse]]]].

Half of the threads keep their connection, half of them close it after each request. COUNTS-FILE holds, anew every 50 ms, a JSON object
{"sent", "answered": {VERSION: {STATUS: n}}, "mixed", "failed", "failures": [[time, what], ...]}. Mixed are those that began after a version
had answered for the first time, and were answered by one that had done so before it. A request has failed when no whole answer came,
or when the answer is an error that no version gave (HAProxy's own 503, say: it carries no X-Version). One thing is forgiven, as by any
browser: a connection that was kept ends before a byte of the answer has come; its request is sent again, once, on a fresh one. With
may-refuse a port that is closed is no failure; "refused" says how often it was, and when first and last: [n, time, time]. SIGTERM ends
it."""
import collections
import json
import os
import signal
import socket
import sys
import threading
import time

HOST, PORT, COUNTS = sys.argv[1], int(sys.argv[2]), sys.argv[3]
THREADS = int(sys.argv[4]) if len(sys.argv) > 4 else 4
PER_SECOND = float(sys.argv[5]) if len(sys.argv) > 5 else 400.0
HEADER = sys.argv[6] + "\r\n" if len(sys.argv) > 6 and sys.argv[6] else ""
MAY_REFUSE = len(sys.argv) > 7 and sys.argv[7] == "may-refuse"

lock = threading.Lock()
answered = collections.defaultdict(collections.Counter)
failures = []
refused = [0, None, None]
first = {}  # when each version answered for the first time
sent = mixed = 0
ending = threading.Event()


class Unanswered(ConnectionError):
    """The connection ended, and no byte of an answer had come."""


def connect():
    """A connection, and what is read from it."""
    connection = socket.create_connection((HOST, PORT), timeout=15)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection, connection.makefile("rb")


def send(connection, stream, word):
    """Sends a request and waits for the first byte of its answer."""
    try:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: shop\r\nConnection: {word}\r\n{HEADER}\r\n".encode())
        begun = stream.peek(1)
    except ConnectionError as error:
        raise Unanswered(f"{type(error).__name__} before an answer") from error
    if not begun:
        raise Unanswered("closed without an answer")


def read_answer(stream):
    """Status and version of one answer; raises when it isn't whole."""
    status_line = stream.readline()
    if not status_line.endswith(b"\n"):
        raise ConnectionError("closed within the status line")
    status = int(status_line.split()[1])
    version, length, close = None, 0, False
    while True:
        line = stream.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("closed within the headers")
        if line in (b"\r\n", b"\n"):
            break
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"x-version":
            version = value.decode()
        elif name == b"content-length":
            length = int(value)
        elif name == b"connection":
            close = value.lower() == b"close"
    if len(stream.read(length)) < length:
        raise ConnectionError("closed within the body")
    return status, version, close


def record(began, status, version, problem):
    global sent, mixed
    with lock:
        sent += 1
        if problem is None and version is not None:
            answered[version][status] += 1
            since = first.setdefault(version, time.monotonic())
            mixed += any(since < later < began for later in first.values())
        elif MAY_REFUSE and problem and problem.startswith("ConnectionRefusedError"):
            refused[:] = [refused[0] + 1, refused[1] or time.time(), time.time()]
        else:
            failures.append((time.time(), problem or f"status {status} that no version gave"))


def ask(kept, keep):
    """One request, and what became of it; its connection, if it can be used again."""
    began = time.monotonic()
    try:
        connection, stream = kept or connect()
        send(connection, stream, "keep-alive" if keep else "close")
        status, version, close = read_answer(stream)
    except (OSError, ValueError, IndexError) as error:
        if kept and isinstance(error, Unanswered):
            return ask(None, keep)
        record(began, 0, None, f"{type(error).__name__}: {error}")
        return None
    record(began, status, version, None)
    return (connection, stream) if keep and not close else None


def run(keep, pause):
    kept = None
    following = time.monotonic()
    while not ending.is_set():
        kept = ask(kept, keep)
        following += pause
        wait = following - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        else:
            following = time.monotonic()


def write_counts():
    with lock:
        counts = {"sent": sent, "answered": answered, "mixed": mixed, "failed": len(failures), "failures": failures[-50:], "refused": refused}
        text = json.dumps(counts)
    with open(COUNTS + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(COUNTS + ".new", COUNTS)


signal.signal(signal.SIGTERM, lambda *_: ending.set())
threads = [threading.Thread(target=run, args=(i % 2 == 0, THREADS / PER_SECOND), daemon=True) for i in range(THREADS)]
for thread in threads:
    thread.start()
while not ending.wait(0.05):
    write_counts()
for thread in threads:
    thread.join(20)
write_counts()
