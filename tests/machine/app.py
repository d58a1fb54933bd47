#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A release of the app "shop" that counts what it does, as services do that export metrics of their own. Options stand in a file
`options.json` beside it: {"version", "errors": share of answers 500, "slow": seconds an answer takes, "failures": share of its workflows and
automations that fail, "busy": true for a process that computes without end, "megabytes": held beside what it needs}."""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import random
import resource
import sys
import threading
import time

OPTIONS = json.loads((pathlib.Path(__file__).resolve().parent / "options.json").read_text(encoding="ascii"))
HELD = b"x" * (OPTIONS.get("megabytes", 0) << 20)
ZEROS = bytes(1 << 20)
COUNTERS = {"workflow_runs_total": 0, "workflow_failures_total": 0, "automation_runs_total": 0, "automation_successes_total": 0}
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
lock = threading.Lock()


def work():
    """A workflow and an automation for each request."""
    failed = random.random() < OPTIONS.get("failures", 0)
    with lock:
        COUNTERS["workflow_runs_total"] += 1
        COUNTERS["workflow_failures_total"] += failed
        COUNTERS["automation_runs_total"] += 1
        COUNTERS["automation_successes_total"] += not failed
    time.sleep(OPTIONS.get("slow", 0))


def metrics():
    """As Prometheus client libraries write them."""
    resident = int(pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    values = {**COUNTERS, "process_cpu_seconds_total": time.process_time(), "process_resident_memory_bytes": resident}
    return "".join(f"{name} {value}\n" for name, value in values.items())


class Handler(http.server.BaseHTTPRequestHandler):
    """HAProxy's checks, Prometheus, and users; /echo is a WebSocket."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802
        if self.path == "/metrics":
            self.answer(200, metrics())
        elif self.path == "/health":
            self.answer(200, "ok\n")
        elif self.path == "/echo":
            self.echo()
        else:
            work()
            self.answer(500 if random.random() < OPTIONS.get("errors", 0) else 200, OPTIONS["version"])

    def answer(self, status, text):
        """One whole answer."""
        self.send_response(status)
        self.send_header("X-Version", OPTIONS["version"])
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def echo(self):
        """A WebSocket (RFC 6455) that sends back each short message."""
        accept = base64.b64encode(hashlib.sha1((self.headers["Sec-WebSocket-Key"] + GUID).encode()).digest()).decode()
        self.send_response(101)
        for name, value in (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)):
            self.send_header(name, value)
        self.end_headers()
        while (head := self.rfile.read(2)) and head[0] & 15 != 8:
            mask, text = self.rfile.read(4), self.rfile.read(head[1] & 127)
            self.wfile.write(bytes((head[0], len(text))) + bytes(byte ^ mask[i % 4] for i, byte in enumerate(text)))
        self.close_connection = True

    def log_message(self, *arguments):
        """Says nothing."""


def compute():
    """Uses what a core has, and leaves the interpreter to those who answer."""
    while True:
        hashlib.sha256(ZEROS)


class Server(http.server.ThreadingHTTPServer):
    """HAProxy ends each check's connection by a reset: nobody needs to read of that."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


if __name__ == "__main__":
    for _ in range(8 if OPTIONS.get("busy") else 0):  # so that there is a share left for it where all else computes, too
        threading.Thread(target=compute, daemon=True).start()
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
