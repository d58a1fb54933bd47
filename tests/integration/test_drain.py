# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that last: they outlive promotion, abort and HAProxy's reload, as long as DrainTimeoutSec= allows."""
import json
import pathlib
import re
import subprocess
import time

from shop import wait_for

WHOLE = "200 5000 0"


def slow_release(machine, version):
    """A release that sends /slow, 5000 bytes, in 5 s."""
    machine.run("shop-release", version)
    path = f"/srv/shop/releases/{version}/nginx.conf"
    slow = "location = /slow { limit_rate 1000; root /srv/shop; }\n        location = /health"
    machine.write(path, machine.run("cat", path).replace("location = /health", slow))
    machine.run("sh", "-c", "head -c 5000 /dev/zero >/srv/shop/slow")


def downloads(machine, number):
    """Begins so many of them, and waits until each has the head of its answer."""
    what = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download} %{exitcode}", "http://127.0.0.1/slow"]
    heads = [pathlib.Path(f"{machine.root}/run/slow-{each}") for each in range(number)]
    # pylint: disable-next=consider-using-with
    begun = [subprocess.Popen([*machine.prefix, *what, "-D", f"/run/{head.name}"], stdout=subprocess.PIPE, text=True) for head in heads]
    wait_for("the downloads", lambda: all(head.exists() and head.stat().st_size > 0 for head in heads))
    return begun


def ended(machine, revision):
    """How many requests of a revision were ended at which instance, as the journal tells."""
    told = machine.run("journalctl", "-o", "cat", "-u", "rollout@shop", "ROLLOUT_EVENT=ConnectionsEnded").splitlines()
    counts = [re.search(rf"revision {revision} .*: (\S+) still had (\d+) in flight after DrainTimeoutSec=", line) for line in told]
    assert all(counts), told
    return {each[1]: int(each[2]) for each in counts}


def talking_release(machine, version):
    """A release that knows WebSockets."""
    folder = f"/srv/shop/releases/{version}/bin"
    machine.run("install", "-D", "-m", "755", "/root/machine/app.py", f"{folder}/shop")
    machine.write(f"{folder}/options.json", json.dumps({"version": version}))


def websockets(machine, number, seconds):
    """Opens so many of them, that last so long if they are let."""
    what = ["/root/machine/websocket.py", "127.0.0.1", "80", str(seconds)]
    # pylint: disable-next=consider-using-with
    begun = [subprocess.Popen([*machine.prefix, *what], stdout=subprocess.PIPE, text=True) for _ in range(number)]
    assert [each.stdout.readline() for each in begun] == ["open\n"] * number
    return begun


def test_downloads_outlive_promotion_reloads_and_retirement(loaded):
    slow_release(loaded, "s1")
    slow_release(loaded, "s2")
    loaded.configure(Canary=["Step=", "Step=setWeight 50"], Rollout=["ScaleDownDelaySec=0"])
    loaded.deploy("s1")
    begun = downloads(loaded, 3)
    loaded.verb("deploy", version="s2")
    for _ in range(5):
        loaded.run("systemctl", "reload", "haproxy")
    loaded.wait_phase("Healthy", revision=3)
    assert [each.communicate()[0] for each in begun] == [WHOLE] * 3
    loaded.wait_stopped("green")


def test_downloads_outlive_a_blue_green_switch(loaded):
    """All requests are elsewhere at once, and those that had begun end where they were."""
    slow_release(loaded, "s1")
    slow_release(loaded, "s2")
    loaded.configure(Rollout=["Strategy=blueGreen", "ScaleDownDelaySec=0"])
    loaded.deploy("s1")
    loaded.configure(Rollout=["Strategy=blueGreen", "ScaleDownDelaySec=0"], BlueGreen=["AutoPromotion=no"])
    loaded.deploy("s2", wait="Paused")
    begun = downloads(loaded, 3)
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=3)
    assert loaded.share() == 0 and [each.poll() for each in begun] == [None] * 3, "the switch ended none"
    assert [each.communicate()[0] for each in begun] == [WHOLE] * 3
    wait_for("the old color's end", lambda: loaded.rollout()["canary"] is None)
    assert loaded.counts()["mixed"] == 0 and ended(loaded, 2) == {}


def test_downloads_beyond_the_drain_timeout_are_ended(loaded):
    """They outlive the switch as long as they may; then they are ended, and the journal names and counts them."""
    slow_release(loaded, "s1")
    slow_release(loaded, "s2")
    loaded.configure(Canary=["Step=", "Step=setWeight 50"], Rollout=["ScaleDownDelaySec=0", "DrainTimeoutSec=1500ms"])
    loaded.deploy("s1")
    begun = downloads(loaded, 3)
    loaded.deploy("s2")
    assert [each.poll() for each in begun] == [None] * 3, "the switch ended none"
    ends = [each.communicate()[0].split() for each in begun]
    assert all(status == "200" and int(size) < 5000 and code != "0" for status, size, code in ends), ends
    loaded.wait_stopped("green")
    assert sum(ended(loaded, 2).values()) == 3


def test_downloads_outlive_an_abort(loaded):
    slow_release(loaded, "s1")
    slow_release(loaded, "s2")
    loaded.configure(Canary=["Step=", "Step=setWeight 80"])
    loaded.deploy("s1")
    loaded.configure(Canary=["Step=", "Step=setWeight 80", "Step=pause"], Rollout=["AbortScaleDownDelaySec=0"])
    loaded.verb("deploy", version="s2")
    loaded.wait_phase("Paused", revision=3)
    begun = downloads(loaded, 4)
    loaded.verb("abort")
    assert [each.communicate()[0] for each in begun] == [WHOLE] * 4
    wait_for("the canary's end", lambda: loaded.rollout()["canary"] is None)


def test_websockets_outlive_a_promotion_until_the_drain_timeout(loaded):
    """Two are talked through until they are ended, which is counted; one says goodbye in time and keeps nobody waiting."""
    talking_release(loaded, "w1")
    talking_release(loaded, "w2")
    loaded.configure(Canary=["Step=", "Step=setWeight 50"], Rollout=["ScaleDownDelaySec=0", "DrainTimeoutSec=4s"])
    loaded.deploy("w1")
    kept, short = websockets(loaded, 2, 60), websockets(loaded, 1, 4)
    loaded.deploy("w2")
    switched = time.time()
    *echoes, end = short[0].communicate()[0].split()
    assert end == "goodbye" and float(echoes[-1]) > switched
    for each in kept:
        *echoes, end = each.communicate()[0].split()
        assert end == "ended" and 2 < float(echoes[-1]) - switched < 8, "as long as DrainTimeoutSec= says, and no longer"
    loaded.wait_stopped("green")
    assert sum(ended(loaded, 2).values()) == 2
