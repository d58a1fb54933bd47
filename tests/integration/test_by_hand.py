# SPDX-License-Identifier: LGPL-2.1-or-later
"""People at the balancer and at the units: what they did is put back; who insists is let be."""
import pytest
from conftest import booted
from shop import wait_for

PAUSED = ["Step=", "Step=setWeight 20", "Step=pause"]
UNIT = ["systemctl", "show", "--value", "-p"]


@pytest.fixture(scope="module")
def machine(package):
    """Every instance has run once, so that each can be started by hand."""
    with booted(package, "by-hand") as made:
        # who is ended while it is still starting may not have heard it
        made.write("/etc/systemd/system/shop@.service.d/stop.conf", "[Service]\nTimeoutStopSec=2s\n")
        made.run("systemctl", "daemon-reload")
        made.configure(Canary=["Step="])
        for version in ("v1", "v2"):
            made.deploy(version)
        made.wait_stopped("blue")
        yield made


@pytest.fixture
def sides(loaded):
    """A rollout at 20 %: the colors of stable and canary. It is promoted in the end."""
    loaded.configure(Canary=PAUSED)
    version = loaded.other_version()
    now = loaded.deploy(version, wait="Paused")
    yield now["stable"]["color"], now["canary"]["color"]
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == version
    loaded.wait_stopped(now["stable"]["color"])


def weight(machine, server):
    return machine.servers()[server]["weight"]


def serves(machine, server):
    seen = machine.servers()[server]
    return seen["up"] and not seen["maint"] and not seen["drain"] and seen["weight"] > 0


def yields(machine):
    """It is let be as it is, until the next verb."""
    now = wait_for("yielding", lambda: (n := machine.rollout())["message"].startswith("Overridden") and n)
    assert now["phase"] == "Degraded"


def test_weights_are_put_back_until_somebody_insists(loaded, sides):
    """Three times; the fourth time it is let be."""
    server = f"{sides[1]}-1"
    wanted = weight(loaded, server)
    for other in (1, 3, 1):
        loaded.wait_confirmed()
        loaded.haproxy(f"set weight shop/{server} {other}")
        wait_for("the weight again", lambda: weight(loaded, server) == wanted)
        wait_for("what is known of it", lambda: loaded.wait_phase("Paused")["weight"]["actual"] == 20)
    loaded.wait_confirmed()
    loaded.haproxy(f"set weight shop/{server} 3")
    yields(loaded)
    assert weight(loaded, server) == 3
    loaded.haproxy(f"set weight shop/{server} 5")
    loaded.more_requests(500)
    assert weight(loaded, server) == 5
    yields(loaded)
    loaded.verb("resume")
    wait_for("the weight again", lambda: weight(loaded, server) == wanted)
    loaded.wait_phase("Paused")


def test_maint_and_drain_are_put_back_until_somebody_insists(loaded, sides):
    """Wherever it was, and meanwhile the others hold the share; then the state stands."""
    stable, canary = sides
    for server, state in ((f"{stable}-2", "maint"), (f"{canary}-1", "drain"), (f"{stable}-1", "maint")):
        loaded.haproxy(f"set server shop/{server} state {state}")
        wait_for(f"{server} again", lambda name=server: serves(loaded, name))
        wait_for("the share", lambda: loaded.rollout()["weight"]["actual"] == 20)
    loaded.haproxy(f"set server shop/{stable}-1 state maint")
    yields(loaded)
    loaded.haproxy(f"set server shop/{stable}-1 state maint")
    loaded.more_requests(500)
    assert not serves(loaded, f"{stable}-1")
    loaded.verb("resume")
    wait_for("it again", lambda: serves(loaded, f"{stable}-1"))


def test_instances_stopped_by_hand_are_started_again(loaded, sides):
    """Neither is a crash, so that nothing is taken back; both count as unready, and their share is held by the others."""
    stable, canary = sides
    for name in (f"{stable}-2", f"{canary}-1"):
        life = loaded.run(*UNIT, "InvocationID", f"shop@{name}")
        loaded.run("systemctl", "stop", f"shop@{name}")
        wait_for(f"{name} again", lambda n=name, old=life: loaded.run(*UNIT, "InvocationID", f"shop@{n}") not in (old, "\n") and serves(loaded, n))
        wait_for("the share", lambda: loaded.rollout()["weight"]["actual"] == 20)
    loaded.wait_phase("Paused")
    for name in (f"{stable}-1", f"{canary}-1"):
        loaded.run("systemctl", "restart", f"shop@{name}")
    wait_for("the share", lambda: loaded.rollout()["weight"]["actual"] == 20)
    loaded.wait_phase("Paused")


def test_instance_started_by_hand_gets_nothing_and_is_ended(loaded, sides):
    """What runs where nothing should, beside a canary of one and in a color that was given up, is of no use and gets no request."""
    stable, canary = sides
    loaded.run("systemctl", "start", f"shop@{canary}-2")
    active = [*UNIT, "ActiveState", f"shop@{canary}-2"]
    wait_for("its end", lambda: loaded.run(*active).strip() in ("inactive", "failed"))
    assert loaded.servers()[f"{canary}-2"]["maint"]
    assert loaded.rollout()["phase"] == "Paused" and loaded.rollout()["weight"]["actual"] == 20
    loaded.verb("abort")
    loaded.wait_stopped(canary)
    loaded.run("systemctl", "start", f"shop@{canary}-1")
    active[-1] = f"shop@{canary}-1"
    wait_for("its end", lambda: loaded.run(*active).strip() in ("inactive", "failed"))
    assert loaded.servers()[f"{canary}-1"]["maint"] and serves(loaded, f"{stable}-1")
    loaded.deploy(loaded.other_version(), wait="Paused")
