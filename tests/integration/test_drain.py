# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests that last: they outlive promotion, abort and HAProxy's reload, as long as DrainTimeoutSec= allows."""
import pathlib
import re
import subprocess

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
    wait_for("the old color's end", lambda: loaded.rollout()["canary"] is None)


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
    wait_for("the old color's end", lambda: loaded.rollout()["canary"] is None)
    told = loaded.run("journalctl", "-o", "cat", "-u", "rollout@shop", "ROLLOUT_EVENT=ConnectionsEnded").splitlines()
    counts = [re.search(r"revision 2 .*: green-(\d) still had (\d+) in flight after DrainTimeoutSec=", line) for line in told]
    assert all(counts) and sum(int(each[2]) for each in counts) == 3, told


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
