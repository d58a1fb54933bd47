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
PER_SECOND = float(sys.argv[5]) if len(sys.argv) > 5 else 200.0
HEADER = sys.argv[6] + "\r\n" if len(sys.argv) > 6 and sys.argv[6] else ""
KEPT, CLOSED = (f"GET / HTTP/1.1\r\nHost: shop\r\nConnection: {word}\r\n{HEADER}\r\n".encode() for word in ("keep-alive", "close"))
MAY_REFUSE = len(sys.argv) > 7 and sys.argv[7] == "may-refuse"

lock = threading.Lock()
answered = collections.defaultdict(collections.Counter)
failures = []
refused = [0, None, None]
first = {}  # when each version answered for the first time
sent = mixed = 0
ending = False


class Unanswered(ConnectionError):
    """The connection ended, and no byte of an answer had come."""


def connect():
    connection = socket.socket()
    connection.settimeout(15)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.connect((HOST, PORT))
    return connection


def send(connection, request):
    """Sends a request and waits for the first bytes of its answer."""
    try:
        connection.sendall(request)
        begun = connection.recv(65536)
    except ConnectionError as error:
        raise Unanswered(f"{type(error).__name__} before an answer") from error
    if not begun:
        raise Unanswered("closed without an answer")
    return begun


def more(connection, where):
    """What else comes of an answer; raises at its end."""
    part = connection.recv(65536)
    if not part:
        raise ConnectionError(f"closed within the {where}")
    return part


def read_answer(connection, begun):
    """Status, version and whether no other follows, of the answer that begins so; raises when it isn't whole."""
    while b"\r\n\r\n" not in begun:
        begun += more(connection, "head")
    head, _, body = begun.partition(b"\r\n\r\n")
    status_line, *lines = head.split(b"\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    length = int(fields.get(b"content-length", 0))
    while len(body) < length:
        body += more(connection, "body")
    if len(body) > length:
        raise ConnectionError("more than one answer")
    version = fields.get(b"x-version")
    return int(status_line.split()[1]), version and version.decode(), fields.get(b"connection", b"").lower() == b"close"


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
        connection = kept or connect()
        status, version, close = read_answer(connection, send(connection, KEPT if keep else CLOSED))
    except (OSError, ValueError, IndexError) as error:
        if kept and isinstance(error, Unanswered):
            return ask(None, keep)
        record(began, 0, None, f"{type(error).__name__}: {error}")
        return None
    record(began, status, version, None)
    return connection if keep and not close else None


def run(keep, pause):
    kept = None
    following = time.monotonic()
    while not ending:
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


def end(*_):
    """Takes no lock: the thread that it interrupts may hold that."""
    global ending
    ending = True


signal.signal(signal.SIGTERM, end)
threads = [threading.Thread(target=run, args=(i % 2 == 0, THREADS / PER_SECOND), daemon=True) for i in range(THREADS)]
for thread in threads:
    thread.start()
while not ending:
    time.sleep(0.05)
    write_counts()
for thread in threads:
    thread.join(20)
write_counts()
