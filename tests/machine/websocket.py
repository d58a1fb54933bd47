#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talks through a WebSocket, twenty times a second: usage: websocket.py HOST PORT SECONDS [FILE]. Prints "open", then the time of each
echo, and in the end "goodbye" when it was us who closed it, or "ended" when it was somebody else. We close it after so many seconds, or
when there is the file and one more echo has come."""
import base64
import hashlib
import os
import pathlib
import socket
import sys
import time

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE = 1, 8


def say(word):
    print(word, flush=True)


def handshake(stream):
    """RFC 6455, 4.1; raises unless the other side has understood."""
    key = base64.b64encode(os.urandom(16)).decode()
    request = ("GET /echo HTTP/1.1", "Host: shop", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
               "Sec-WebSocket-Version: 13", "", "")
    stream.write("\r\n".join(request).encode())
    stream.flush()
    status = stream.readline()
    headers = dict(iter(lambda: tuple(stream.readline().decode().strip().lower().partition(": ")[::2]), ("", "")))
    expected = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    if b" 101 " not in status or headers["sec-websocket-accept"] != expected.lower():
        raise SystemExit(f"{status} {headers}")


def send(stream, opcode, text):
    """One frame, masked as a client's has to be."""
    mask = os.urandom(4)
    stream.write(bytes((0x80 | opcode, 0x80 | len(text))) + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(text)))
    stream.flush()


def talk(stream, seconds, files):
    """Until one of us has had enough."""
    end = time.time() + seconds
    enough = False
    while not enough:
        enough = time.time() > end or any(file.exists() for file in files)
        send(stream, TEXT, b"hello")
        if stream.read(7) != bytes((0x80 | TEXT, 5)) + b"hello":
            return "ended"
        say(time.time())
        time.sleep(0.05)
    send(stream, CLOSE, b"")
    return "goodbye"


with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection, connection.makefile("rwb") as both:
    handshake(both)
    say("open")
    try:
        say(talk(both, float(sys.argv[3]), [pathlib.Path(name) for name in sys.argv[4:]]))
    except OSError:
        say("ended")
