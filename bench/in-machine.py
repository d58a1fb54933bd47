#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured inside a machine of tools/sandbox, see README.md: reaction to a crash, and memory. Usage: in-machine.py FOLDER, where
minimal-loop and floor are."""
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, "/root/machine")
from shop import Shop, wait_for  # noqa: E402  (its folder is known only now)

FOLDER, ROUNDS, SOCKET = sys.argv[1], 15, "/run/haproxy/admin.sock"
CANARY = "green-1"
shop = Shop()


class Eye:
    """Asks HAProxy for the canary's weight over and over on one connection: both sides are seen by it, with the same delay."""

    def __init__(self):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(SOCKET)
        self.tell("prompt")

    def tell(self, command):
        self.connection.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"> "):
            answer += self.connection.recv(4096)
        return answer.decode()

    def weight(self):
        return int(re.search(r"(\d+) \(", self.tell(f"get weight shop/{CANARY}"))[1])


def kill_to_zero(eye):
    """Milliseconds from the canary's SIGKILL until HAProxy says weight 0."""
    unit = f"shop@{CANARY}.service"
    pid = int(shop.run("systemctl", "show", "--value", "-p", "MainPID", unit))
    assert eye.weight() > 0
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    while eye.weight() > 0:
        assert time.monotonic() < begun + 10, "its weight is still not 0"
        time.sleep(0.0002)  # room for whom we look at
    return (time.monotonic() - begun) * 1000


def by_agent(eye):
    def at(phase):
        try:
            wait_for(phase, lambda: shop.rollout().get("phase") == phase)
        except TimeoutError:
            sys.exit(f"in-machine: no {phase}: {shop.run('rolloutctl', 'get', 'shop')}")

    milliseconds = []
    for _ in range(ROUNDS):
        shop.verb("deploy", version="v2")  # again, where it was taken back: its next attempt
        at("Paused")
        milliseconds.append(kill_to_zero(eye))
        at("Degraded")
        wait_for("its end", lambda: shop.servers()[CANARY]["maint"])
    return milliseconds


def by_minimal_loop(eye):
    milliseconds = []
    for _ in range(ROUNDS):
        for verb in ("stop", "reset-failed", "start"):  # one by one: it may be in the middle of its own restart
            shop.run("systemctl", verb, f"shop@{CANARY}", check=verb != "reset-failed")
        eye.tell(f"set server shop/{CANARY} state ready; set weight shop/{CANARY} 50")
        wait_for("the canary", lambda: shop.servers()[CANARY]["up"])
        pid = shop.run("systemctl", "show", "--value", "-p", "MainPID", f"shop@{CANARY}").strip()
        with subprocess.Popen([f"{FOLDER}/minimal-loop", pid, SOCKET, f"set weight shop/{CANARY} 0"], stdout=subprocess.PIPE) as loop:
            loop.stdout.readline()
            milliseconds.append(kill_to_zero(eye))
        assert loop.returncode == 0
    return milliseconds


def private_dirty(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"Private_Dirty:\s+(\d+)", file.read())[1])


def footprint():
    agent = private_dirty(int(shop.run("systemctl", "show", "--value", "-p", "MainPID", "rollout@shop")))
    with subprocess.Popen([f"{FOLDER}/floor"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        floor = private_dirty(process.pid)
    return agent, floor


def show(name, values):
    ordered = sorted(values)
    print(f"{name:<27} {statistics.median(values):>8.2f} ms   {ordered[0]:.2f} to {ordered[-1]:.2f} in {len(values)}")


def main():
    shop.run("rolloutctl", "deploy", "shop", "v1", "--watch")
    eye = Eye()
    agent = by_agent(eye)
    used, floor = footprint()
    shop.run("systemctl", "stop", "rollout@shop")
    limit = by_minimal_loop(eye)
    print("== from SIGKILL of the canary to weight 0 at HAProxy")
    show("agent", agent)
    show("minimal loop", limit)
    print(f"{'agent : minimal loop':<27} {statistics.median(agent) / statistics.median(limit):>8.2f}")
    print("== private dirty memory")
    print(f"{'agent, after ' + str(ROUNDS) + ' attempts':<27} {used:>8} kB")
    print(f"{'floor':<27} {floor:>8} kB")
    print(f"{'agent : floor':<27} {used / floor:>8.2f}")


main()
