# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that last: they outlive promotion, abort and HAProxy's reload, as long as DrainTimeoutSec= allows."""
import json
import pathlib
import re
import subprocess
import time

from shop import wait_for

WHOLE = "200 5000 0"

SLOW = """
import http.server, pathlib, time

class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        sent = 0
        while sent < 600 and not pathlib.Path("/run/rest").exists():
            sent += self.wfile.write(b".")
            time.sleep(0.1)
        self.wfile.write(b"." * (5000 - sent))

server = http.server.ThreadingHTTPServer(("127.0.0.1", 8098), Slow)
pathlib.Path("/run/slow").touch()
server.serve_forever()
"""


def slow_releases(machine, *versions):
    """Releases that send /slow, 5000 bytes: ten a second, and the others when let_end() says so or a minute is over."""
    machine.write("/root/slow.py", SLOW)
    machine.run("systemd-run", "--quiet", "--unit=slow", "/usr/bin/python3", "/root/slow.py")
    wait_for("who sends it", pathlib.Path(f"{machine.root}/run/slow").exists)
    for version in versions:
        machine.run("shop-release", version)
        path = f"/srv/shop/releases/{version}/nginx.conf"
        slow = "location = /slow { proxy_pass http://127.0.0.1:8098; proxy_buffering off; }\n        location = /health"
        machine.write(path, machine.run("cat", path).replace("location = /health", slow))


def downloads(machine, number):
    """Begins so many of them, and waits until each has the head of its answer."""
    what = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download} %{exitcode}", "http://127.0.0.1/slow"]
    heads = [pathlib.Path(f"{machine.root}/run/slow-{each}") for each in range(number)]
    # pylint: disable-next=consider-using-with
    begun = [subprocess.Popen([*machine.prefix, *what, "-D", f"/run/{head.name}"], stdout=subprocess.PIPE, text=True) for head in heads]
    wait_for("the downloads", lambda: all(head.exists() and head.stat().st_size > 0 for head in heads))
    return begun


def let_end(machine, begun):
    """What came of the downloads, each of which is under way until now."""
    assert [each.poll() for each in begun] == [None] * len(begun)
    machine.run("touch", "/run/rest")
    return [each.communicate()[0] for each in begun]


def ended(machine, revision):
    """How many requests of a revision were ended at which instance, as the journal tells."""
    machine.run("journalctl", "--sync")
    told = machine.run("journalctl", "-o", "cat", "-u", "rollout@shop", "ROLLOUT_EVENT=ConnectionsEnded").splitlines()
    counts = [re.search(rf"revision {revision} .*: (\S+) still had (\d+) in flight after DrainTimeoutSec=", line) for line in told]
    assert all(counts), told
    return {each[1]: int(each[2]) for each in counts}


def talking_release(machine, version):
    """A release that knows WebSockets."""
    folder = f"/srv/shop/releases/{version}/bin"
    machine.run("install", "-D", "-m", "755", "/root/machine/app.py", f"{folder}/shop")
    machine.write(f"{folder}/options.json", json.dumps({"version": version}))


def websockets(machine, number, *files):
    """Opens so many of them, that last until there is the file, and long without one, if they are let."""
    what = ["/root/machine/websocket.py", "127.0.0.1", "80", "90", *files]
    # pylint: disable-next=consider-using-with
    begun = [subprocess.Popen([*machine.prefix, *what], stdout=subprocess.PIPE, text=True) for _ in range(number)]
    assert [each.stdout.readline() for each in begun] == ["open\n"] * number
    return begun


def test_downloads_outlive_promotion_reloads_and_retirement(loaded):
    slow_releases(loaded, "s1", "s2")
    loaded.configure(Canary=["Step=", "Step=setWeight 50"], Rollout=["ScaleDownDelaySec=0"])
    loaded.deploy("s1")
    begun = downloads(loaded, 3)
    loaded.verb("deploy", version="s2")
    for _ in range(5):
        loaded.run("systemctl", "reload", "haproxy")
    loaded.wait_phase("Healthy", revision=3)
    wait_for("the retirement", lambda: all(loaded.servers()[name]["maint"] for name in ("green-1", "green-2")))
    assert let_end(loaded, begun) == [WHOLE] * 3
    loaded.wait_stopped("green")


def test_downloads_outlive_a_blue_green_switch(loaded):
    """All requests are elsewhere at once, and those that had begun end where they were."""
    slow_releases(loaded, "s1", "s2")
    switch = ["Strategy=blueGreen", "ScaleDownDelaySec=0", "DrainTimeoutSec=30s"]
    loaded.configure(Rollout=switch)
    loaded.deploy("s1")
    loaded.configure(Rollout=switch, BlueGreen=["AutoPromotion=no"])
    loaded.deploy("s2", wait="Paused")
    begun = downloads(loaded, 3)
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=3)
    assert loaded.share() == 0
    assert let_end(loaded, begun) == [WHOLE] * 3, "the switch ended none"
    wait_for("the old color's end", lambda: loaded.rollout()["canary"] is None)
    assert loaded.counts()["mixed"] == 0 and ended(loaded, 2) == {}


def test_downloads_beyond_the_drain_timeout_are_ended(loaded):
    """They outlive the switch as long as they may; then they are ended, and the journal names and counts them."""
    slow_releases(loaded, "s1", "s2")
    loaded.configure(Canary=["Step=", "Step=setWeight 50"], Rollout=["ScaleDownDelaySec=0", "DrainTimeoutSec=3s"])
    loaded.deploy("s1")
    begun = downloads(loaded, 3)
    loaded.deploy("s2")
    assert [each.poll() for each in begun] == [None] * 3, "the switch ended none"
    ends = [each.communicate()[0].split() for each in begun]
    assert all(status == "200" and int(size) < 5000 and code != "0" for status, size, code in ends), ends
    loaded.wait_stopped("green")
    assert sum(ended(loaded, 2).values()) == 3


def test_downloads_outlive_an_abort(loaded):
    slow_releases(loaded, "s1", "s2")
    loaded.configure(Canary=["Step=", "Step=setWeight 80"])
    loaded.deploy("s1")
    loaded.configure(Canary=["Step=", "Step=setWeight 80", "Step=pause"], Rollout=["AbortScaleDownDelaySec=0"])
    loaded.verb("deploy", version="s2")
    loaded.wait_phase("Paused", revision=3)
    begun = downloads(loaded, 4)
    loaded.verb("abort")
    wait_for("everything back at stable", lambda: loaded.share() == 1)
    assert let_end(loaded, begun) == [WHOLE] * 4
    wait_for("the canary's end", lambda: loaded.rollout()["canary"] is None)


def test_websockets_outlive_a_promotion_until_the_drain_timeout(loaded):
    """Two are talked through until they are ended, which is counted; one says goodbye in time and keeps nobody waiting."""
    talking_release(loaded, "w1")
    talking_release(loaded, "w2")
    loaded.configure(Canary=["Step=", "Step=setWeight 50"], Rollout=["ScaleDownDelaySec=0", "DrainTimeoutSec=4s"])
    loaded.deploy("w1")
    kept, short = websockets(loaded, 2), websockets(loaded, 1, "/run/goodbye")
    loaded.deploy("w2")
    switched = time.time()
    pathlib.Path(f"{loaded.root}/run/goodbye").touch()
    *echoes, end = short[0].communicate()[0].split()
    assert end == "goodbye" and float(echoes[-1]) > switched
    for each in kept:
        *echoes, end = each.communicate()[0].split()
        assert end == "ended" and 2 < float(echoes[-1]) - switched < 8, "as long as DrainTimeoutSec= says, and no longer"
    loaded.wait_stopped("green")
    assert sum(ended(loaded, 2).values()) == 2
