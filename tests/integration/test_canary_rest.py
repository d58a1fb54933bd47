# SPDX-License-Identifier: LGPL-2.1-or-later
"""What else a canary can: a stable version that gives up instances, and gets requests back as it regains them."""
import pytest
from conftest import booted
from shop import wait_for

REPLICAS = 4


@pytest.fixture(scope="module")
def machine(package):
    with booted(package, "canary-rest") as made:
        made.lay_out(REPLICAS)
        yield made


def running(machine, color):
    """How many instances of a color run, as systemd says."""
    units = [f"shop@{color}-{n}.service" for n in range(1, REPLICAS + 1)]
    return machine.run("systemctl", "is-active", *units, check=False).split().count("active")


def share(machine, color):
    weights = {n: s["weight"] for n, s in machine.servers().items() if s["up"] and not s["maint"]}
    return sum(w for n, w in weights.items() if n.startswith(color)) / sum(weights.values())


def test_dynamic_stable_scale_abort_at_75_percent(loaded):
    """Requests come back only as fast as the stable version has its instances again."""
    stable = loaded.rollout()["stable"]["color"]
    canary = "green" if stable == "blue" else "blue"
    loaded.configure(Canary=["Step=", "DynamicStableScale=yes", "Step=setWeight 75", "Step=pause"])
    loaded.deploy(loaded.other_version(), wait="Paused")
    wait_for("stable's fewer instances", lambda: running(loaded, stable) == 1)
    assert share(loaded, canary) == pytest.approx(0.75, abs=0.01)
    assert running(loaded, canary) == 3
    loaded.verb("abort")

    def all_is_back():
        # what is seen first may be overtaken: who runs can only be more by the time the share is looked at
        now_has, now_runs = share(loaded, stable), running(loaded, stable)
        assert now_has <= now_runs / REPLICAS + 0.01, (now_has, now_runs)
        return now_has == 1 and now_runs == REPLICAS

    wait_for("all requests at stable", all_is_back)
    assert loaded.rollout()["phase"] == "Degraded"
    loaded.wait_stopped(canary)


def test_dynamic_stable_scale_promotion(loaded):
    """The version that gave up its instances is replaced, without a request lost."""
    stable = loaded.rollout()["stable"]["color"]
    loaded.configure(Canary=["Step=", "DynamicStableScale=yes", "Step=setWeight 50", "Step=pause"])
    loaded.deploy(loaded.other_version(), wait="Paused")
    wait_for("stable's fewer instances", lambda: running(loaded, stable) == 2)
    loaded.verb("promote", full=True)
    assert loaded.wait_phase("Healthy")["stable"]["color"] != stable
    loaded.wait_stopped(stable)
