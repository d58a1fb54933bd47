# SPDX-License-Identifier: LGPL-2.1-or-later
"""People at the balancer: what they set is put back; who insists is let be."""
from shop import wait_for

PAUSED = ["Step=", "Step=setWeight 20", "Step=pause"]


def weight(machine, server):
    return machine.servers()[server]["weight"]


def test_weights_by_hand_are_put_back_until_somebody_insists(loaded):
    loaded.configure(Canary=PAUSED)
    loaded.deploy("v2", wait="Paused")
    wanted = weight(loaded, "green-1")
    for _ in range(2):
        loaded.haproxy("set weight shop/green-1 1")
        wait_for("the weight again", lambda: weight(loaded, "green-1") == wanted)
    loaded.haproxy("set weight shop/green-1 1")
    wait_for("yielding", lambda: loaded.rollout()["message"].startswith("Overridden") or weight(loaded, "green-1") == wanted)
    loaded.haproxy("set weight shop/green-1 3")
    now = wait_for("yielding", lambda: (n := loaded.rollout())["message"].startswith("Overridden") and n)
    assert now["phase"] == "Degraded"
    loaded.verb("resume")
    wait_for("the weight again", lambda: weight(loaded, "green-1") == wanted)
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


def test_maint_by_hand_is_put_back(loaded):
    loaded.configure(Canary=PAUSED)
    loaded.deploy("v2", wait="Paused")
    loaded.haproxy("set server shop/blue-2 state maint")
    wait_for("blue-2 again", lambda: (s := loaded.servers()["blue-2"])["up"] and not s["maint"] and s["weight"] > 0)


def test_stable_stopped_by_hand_is_started_again(loaded):
    loaded.run("systemctl", "stop", "shop@blue-2")
    wait_for("blue-2 again", lambda: loaded.rollout()["instances"][1]["state"] == "ready")
    loaded.wait_phase("Healthy")
