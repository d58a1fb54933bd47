# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who asks the agent, and how: one door that only reads, events that are missed by nobody, verbs that say what they expect, names of those
who asked, crowds that take their time, and agents that give no answer."""
import concurrent.futures
import contextlib
import datetime
import itertools
import json
import pathlib
import select
import socket
import subprocess
import threading
import time

import pytest
from conftest import booted
from shop import wait_for

AT_40 = ["Step=", "Step=setWeight 40", "Step=pause"]
VERBS = ("deploy", "promote", "abort", "retry", "pause", "resume", "undo", "restart", "analyze")
BODIES = {"deploy": {"version": "v2"}, "analyze": {"name": "no-errors"}}


@pytest.fixture(scope="module")
def machine(package):
    with booted(package, "sockets") as made:
        yield made


def door(machine, name):
    """A connection to one of the sockets."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(15)
    connection.connect(f"{machine.root}/run/rollout/shop/{name}")
    return connection


@contextlib.contextmanager
def events(machine, last=None):
    """The stream of events, as a generator of (id, event, data)."""
    with door(machine, "status.sock") as connection:
        resume = f"Last-Event-ID: {last}\r\n" if last is not None else ""
        connection.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\n{resume}\r\n".encode())
        yield read_events(connection.makefile("r", encoding="utf-8"))


def read_events(stream):
    """Chunked as it comes: a line of its own for each chunk's size, which is none of an event's fields."""
    event = {}
    for line in map(str.strip, stream):
        field, _, value = line.partition(": ")
        if field in ("id", "event", "data"):
            event[field] = value
        if field == "data":
            yield int(event["id"]), event["event"], json.loads(event["data"])


def until(stream, kind):
    """Everything up to the first event of that kind."""
    seen = []
    for event in stream:
        seen.append(event)
        if event[1] == kind:
            return seen
    raise AssertionError(f"the stream ended before {kind}: {seen}")


def test_status_sock_only_reads(loaded):
    """For everybody on the host; acting needs the other one, which is for root and the group."""
    machine = loaded
    machine.wait_confirmed()
    before = machine.run("cat", "/var/lib/rollout/shop/state.json")
    for verb in VERBS:
        status, problem = machine.ask("POST", f"/v1/rollout/{verb}", BODIES.get(verb, {}), sock="status.sock")
        assert status == 403 and problem["type"] == "urn:rollout:problem:read-only", problem
    as_nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket"]
    for path in ("/v1/rollout", "/v1/revisions", "/v1/revisions/1", "/v1/runs"):
        assert machine.run(*as_nobody, *ask, "/run/rollout/shop/status.sock", f"http://x{path}") == "200"
    assert machine.run(*as_nobody, *ask, "/run/rollout/shop/api.sock", "http://x/v1/rollout", check=False) == "000"
    assert machine.run("cat", "/var/lib/rollout/shop/state.json") == before


def test_events_resume_over_a_restart_of_the_agent(loaded):
    """Who says what it has seen last gets all that came since, once and in order, whatever happened to the agent meanwhile."""
    loaded.configure(Canary=AT_40)
    with events(loaded) as stream:
        loaded.verb("deploy", version=loaded.other_version())
        seen = until(stream, "RolloutPaused")
    numbers = [number for number, _, _ in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(data["number"] == number and data["event"] == kind for number, kind, data in seen)
    assert (seen[0][1], seen[0][2]["weight"], seen[-1][2]["weight"]) == ("RolloutUpdated", 0, 40)

    loaded.verb("promote")
    loaded.wait_phase("Healthy")
    loaded.run("systemctl", "kill", "-s", "KILL", "rollout@shop")
    loaded.wait_phase("Healthy")
    with events(loaded, last=numbers[1]) as stream:
        again = until(stream, "RolloutCompleted")
    assert again[-1][2]["weight"] == 100
    assert again[: len(seen) - 2] == seen[2:], "as it was told before"
    assert [number for number, _, _ in again] == list(range(numbers[2], numbers[2] + len(again)))
    with events(loaded, last=again[-1][0]) as stream:
        loaded.verb("deploy", version=loaded.other_version())
        following = until(stream, "RolloutPaused")
    assert following[0][0] == again[-1][0] + 1, "nothing is told twice, nothing left out"
    loaded.verb("abort")
    loaded.wait_phase("Degraded")


def test_expect_that_no_longer_holds_is_409(loaded):
    loaded.configure(Canary=["Step=", "Step=setWeight 40", "Step=pause", "Step=setWeight 60", "Step=pause"])
    revision = loaded.deploy(loaded.other_version(), wait="Paused")["revision"]
    for expected in ({"revision": revision - 1}, {"revision": revision, "step": 0}, {"step": 2}):
        for verb in ("promote", "abort", "pause", "deploy"):
            body = {"expect": expected} | ({"version": "v9"} if verb == "deploy" else {})
            status, problem = loaded.ask("POST", f"/v1/rollout/{verb}", body)
            assert status == 409 and problem["type"] == "urn:rollout:problem:unexpected", problem
            assert "expected" in problem["detail"]
    assert loaded.rollout()["phase"] == "Paused" and loaded.rollout()["step"]["index"] == 1
    right = {"expect": {"revision": revision, "step": 1}}
    assert loaded.ask("POST", "/v1/rollout/promote", right)[0] == 202
    assert loaded.ask("POST", "/v1/rollout/promote", right)[0] == 409, "whoever clicks twice promotes once"
    wait_for("the next pause", lambda: (n := loaded.rollout())["phase"] == "Paused" and n["step"]["index"] == 3)
    loaded.verb("promote")
    loaded.wait_phase("Healthy")


def test_history_has_uid_and_login_uid(loaded):
    """Of who asked, as the kernel knows them, whatever they did with sudo."""
    loaded.configure(Canary=AT_40)
    loaded.run("useradd", "--no-create-home", "--uid", "1234", "--groups", "rollout", "alice")
    version = loaded.other_version()
    loaded.run("sh", "-euc", "echo 4321 >/proc/self/loginuid; exec setpriv --reuid=alice --regid=alice --init-groups "
               f"rolloutctl deploy shop {version}")
    loaded.wait_phase("Paused")
    assert loaded.ask("GET", "/v1/revisions")[1][0]["by"] == {"uid": 1234, "loginUid": 4321}
    loaded.verb("abort")
    loaded.run("rolloutctl", "retry", "shop")
    assert json.loads(loaded.run("rolloutctl", "history", "shop", "--output", "json"))[0]["by"] == {"uid": 0, "loginUid": None}
    loaded.verb("promote", full=True)
    loaded.wait_phase("Healthy")
    assert loaded.ask("GET", "/v1/revisions")[1][0]["by"]["uid"] == 0


class Crowd(threading.Thread):
    """Clients that take their time: they send half of a request, drip, or ask and don't read. Who is shown out comes again."""

    KINDS = HALF, DRIP, DEAF = range(3)
    ASKS = (b"POST /v1/rollout/abort HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{", b"GET /v1/", b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")

    def __init__(self, machine, name, number, kinds=KINDS):
        super().__init__()
        self.machine, self.name, self.over = machine, name, threading.Event()
        self.clients = [(kind, self.come(kind)) for _, kind in zip(range(number), itertools.cycle(kinds))]
        self.came_again = 0

    def come(self, kind):
        connection = door(self.machine, self.name)
        connection.sendall(self.ASKS[kind])
        connection.setblocking(False)
        return connection

    def goes_on(self, kind, connection):
        """It hasn't been shown out."""
        poll = select.poll()
        poll.register(connection, 0)  # no event but the end
        try:
            return not poll.poll(0) and (kind != self.DRIP or connection.send(b"x") == 1)
        except BlockingIOError:
            return True  # it has dripped as much as is kept for those who wait at the door
        except OSError:
            return False

    def run(self):
        while not self.over.wait(0.05):
            for i, (kind, connection) in enumerate(self.clients):
                if not self.goes_on(kind, connection):
                    connection.close()
                    self.clients[i] = kind, self.come(kind)
                    self.came_again += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
        for _, connection in self.clients:
            connection.close()


# What a rollout may take longer by chance: HAProxy sees each of its two instances a check later (200 ms), and a busy host starts it later.
CHANCE = 5.0


def seconds_of(machine):
    """How long a canary with many steps takes, by the agent's own clock."""
    machine.configure(Canary=["Step=", *(f"Step=setWeight {share}" for share in range(5, 100, 5))])
    machine.deploy(machine.other_version())
    latest = machine.ask("GET", "/v1/revisions")[1][0]
    assert latest["outcome"] == "promoted"
    started, finished = (datetime.datetime.fromisoformat(latest[key]) for key in ("started", "finished"))
    return (finished - started).total_seconds()


def test_hundreds_of_slow_clients_do_not_slow_a_rollout(loaded):
    """They fill the door that is open to everybody, and half of the other one: who may use that is answered."""
    alone = seconds_of(loaded)
    with Crowd(loaded, "status.sock", 300, [Crowd.HALF]) as halves, Crowd(loaded, "status.sock", 60) as others, Crowd(loaded, "api.sock", 30):
        crowded = seconds_of(loaded)
        assert loaded.run("rolloutctl", "status", "shop").startswith("Healthy")
        assert loaded.rollout()["stable"]["version"] in loaded.run("rolloutctl", "get", "shop")
    alone = max(alone, seconds_of(loaded))
    print(f"alone {alone:.2f} s, with a crowd {crowded:.2f} s; {halves.came_again + others.came_again} were shown out and came again")
    assert crowded < 2 * alone + CHANCE


# ---------------------------------------------------------------- agents that give no answer

ANSWER_TIME, AT_ONCE = 15, 5  # seconds: as long as rolloutctl waits for an answer; as long as one of its runs takes where others compute, too
ASKS = (["status", "shop"], ["history", "shop"], ["abort", "shop"])


@pytest.fixture
def dead(machine):
    """An agent that something is done to; in the end it answers again, and nothing has changed."""
    if machine.rollout()["phase"] == "Idle":
        machine.deploy("v1")
    seen = [f"shop@{color}-{number}" for color in ("blue", "green") for number in (1, 2)]
    lives = ["systemctl", "show", "-p", "Id,ActiveState,InvocationID", *seen]
    machine.take_back()
    state = pathlib.Path(f"{machine.root}/var/lib/rollout/shop/state.json")
    before = machine.servers(), machine.run(*lives), json.loads(state.read_text())["history"]
    yield machine
    machine.wait_phase("Healthy")
    assert (machine.servers(), machine.run(*lives), json.loads(state.read_text())["history"]) == before


def no_answer(machine, arguments):
    """Asks an agent that gives none; how long that took."""
    began = time.monotonic()
    asked = subprocess.run([*machine.prefix, "rolloutctl", *arguments], check=False, capture_output=True, text=True, timeout=60)
    assert (asked.returncode, asked.stdout) == (4, "") and "the agent of shop does not answer" in asked.stderr, asked
    return time.monotonic() - began


def test_agent_that_is_stopped(dead):
    dead.run("systemctl", "stop", "rollout@shop")
    try:
        for arguments in (*ASKS, ["deploy", "shop", "v2"]):
            assert no_answer(dead, arguments) < AT_ONCE
    finally:
        dead.run("systemctl", "start", "rollout@shop")


def test_agent_that_was_killed_and_left_its_sockets(dead):
    """Nobody listens there any more."""
    dead.run("systemctl", "mask", "--runtime", "rollout@shop")
    try:
        dead.run("systemctl", "kill", "--signal=KILL", "rollout@shop")
        wait_for("its end", lambda: dead.run("systemctl", "show", "--value", "-p", "ActiveState", "rollout@shop").strip() == "failed")
        for arguments in (*ASKS, ["deploy", "shop", "v2"]):
            assert no_answer(dead, arguments) < AT_ONCE
        sockets = {path.name for path in pathlib.Path(f"{dead.root}/run/rollout/shop").glob("*.sock")}
        assert sockets == {"api.sock", "status.sock"}
    finally:
        dead.run("systemctl", "unmask", "--runtime", "rollout@shop")
        dead.run("systemctl", "restart", "rollout@shop")


def test_agent_that_hangs(dead):
    """It listens, and says nothing. Each of those who ask waits as long as is said, and no longer; who lists all apps is told of it."""
    dead.run("systemctl", "kill", "--signal=STOP", "rollout@shop")
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            listing = pool.submit(dead.run, "rolloutctl", "list")
            took = list(pool.map(lambda arguments: no_answer(dead, arguments), ASKS))
        assert all(ANSWER_TIME <= each < ANSWER_TIME + AT_ONCE for each in took), took
        assert "the agent of shop does not answer" in listing.result()
    finally:
        dead.run("systemctl", "kill", "--signal=CONT", "rollout@shop")
