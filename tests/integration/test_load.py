# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the load of the other tests takes for a lost request: whatever a server cuts off, but what any browser sends again."""
import contextlib
import json
import socket
import struct
import subprocess
import sys
import threading

import pytest
from conftest import TOP
from shop import wait_for

WHOLE = b"HTTP/1.1 200 OK\r\nX-Version: v1\r\nContent-Length: 6\r\n\r\nhello\n"
CUTS = {"nothing": 0, "status": 8, "line": WHOLE.index(b"X-"), "header": WHOLE.index(b"v1"), "headers": WHOLE.index(b"hello"), "body": len(WHOLE) - 1}


class Cutter:
    """Gives so many whole answers to each connection; the next one is cut off behind so many bytes, by an end or by a reset."""

    def __init__(self, whole, cut, reset):
        self.whole, self.cut, self.reset = whole, cut, reset
        self.answers = self.cuts = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        """One connection at a time: there is one client."""
        with contextlib.suppress(OSError):  # shut down
            while True:
                connection, _ = self.socket.accept()
                with connection, connection.makefile("rb") as stream:
                    self.talk(connection, stream)

    def talk(self, connection, stream):
        for number in range(self.whole + 1):
            while (line := stream.readline()) not in (b"\r\n", b""):
                pass
            if not line:
                return
            if number < self.whole:
                self.answers += 1
                connection.sendall(WHOLE)
        self.cuts += 1
        connection.sendall(WHOLE[: self.cut])
        if self.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


@pytest.mark.parametrize("reset", [False, True], ids=["ended", "reset"])
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("whole", [0, 2], ids=["fresh", "kept"])
def test_what_is_cut_off_is_lost(tmp_path, whole, cut, reset):
    counts = tmp_path / "counts"
    with Cutter(whole, CUTS[cut], reset) as server:
        address = map(str, server.socket.getsockname())
        load = [sys.executable, str(TOP / "tests" / "machine" / "load.py"), *address, str(counts), "1", "500"]
        with subprocess.Popen(load) as client:
            wait_for("cut answers", lambda: server.cuts >= 5)
            client.terminate()
    total = json.loads(counts.read_text(encoding="ascii"))
    forgiven = server.cuts if whole and cut == "nothing" else 0
    assert total["failed"] == server.cuts - forgiven, total["failures"]
    assert total["sent"] == server.answers + server.cuts - forgiven
