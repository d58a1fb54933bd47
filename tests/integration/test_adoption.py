# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was decided is lost, or there was never anything decided: nothing that runs is touched, and no request is lost."""
import json

import pytest
from conftest import booted, under_load
from shop import wait_for

STATE = "/var/lib/rollout/shop/state.json"
PAUSED = ["Step=", "Step=setWeight 40", "Step=pause"]
UNITS = [f"shop@{color}-{n}" for color in ("blue", "green") for n in (1, 2)]


@pytest.fixture(scope="module", name="machine")
def adopting(package):
    with booted(package, "adoption") as made:
        made.configure(Canary=PAUSED)
        yield made


@pytest.fixture(name="fresh")
def never_deployed(package):
    with booted(package, "adoption-first") as made:
        yield made


def untouched(machine):
    """What must not change when an agent finds its way."""
    return machine.run("systemctl", "show", "-p", "InvocationID", *UNITS), {name: (s["weight"], s["maint"]) for name, s in machine.servers().items()}


def lose(machine, how):
    """The agent dies, and its state with it."""
    machine.run("systemctl", "stop", "rollout@shop")
    machine.run("sh", "-c", how)
    machine.run("systemctl", "start", "rollout@shop")


def settled(machine):
    """Only stable runs: what must not change from there, and how it is shown."""
    stable = machine.rollout()["stable"]
    machine.wait_stopped("blue" if stable["color"] == "green" else "green")
    return untouched(machine), stable


def held(machine, what):
    now = wait_for("held", lambda: (n := machine.rollout()) and what in n.get("message", "") and n)
    assert now["phase"] == "Degraded"
    return now


@pytest.mark.parametrize("how", [f"rm {STATE}", f"truncate -s 100 {STATE}", f"echo garbage >{STATE}"], ids=["lost", "cut", "garbage"])
def test_lost_or_corrupt_state_is_found_in_what_runs(loaded, how):
    before, stable = settled(loaded)
    lose(loaded, how)
    assert loaded.wait_phase("Healthy")["stable"] == stable
    loaded.more_requests()
    assert untouched(loaded) == before
    version = loaded.other_version()
    now = loaded.deploy(version, wait="Paused")
    assert now["revision"] > stable["revision"], "numbers are not used again"
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == version


@pytest.mark.parametrize("verb", ["promote", "abort", "deploy"])
def test_lost_state_with_two_colors_is_held_until(loaded, verb):
    """Nobody can know who of both was to win: a person says."""
    settled(loaded)
    older, newer = loaded.rollout()["stable"]["version"], loaded.other_version()
    loaded.deploy(newer, wait="Paused")
    before = untouched(loaded)
    lose(loaded, f"rm {STATE}")
    held(loaded, "promote takes the newer, abort the older")
    assert loaded.ask("POST", "/v1/rollout/retry", {})[0] == 409
    loaded.more_requests()
    assert untouched(loaded) == before
    if verb == "deploy":  # the older one has more weight, and stays stable
        loaded.run("shop-release", "v3")
        loaded.deploy("v3", wait="Paused")
        assert loaded.rollout()["stable"]["version"] == older and loaded.rollout()["weight"]["actual"] == 40
        loaded.verb("abort")
        loaded.wait_phase("Degraded")
        loaded.deploy(older)
        return
    loaded.verb(verb)
    assert loaded.wait_phase("Healthy")["stable"]["version"] == (newer if verb == "promote" else older)


def test_newer_state_is_held_and_kept(loaded):
    """Until the version that wrote it is back."""
    before, stable = settled(loaded)
    ours, version = loaded.run("cat", STATE), loaded.other_version()
    newer = json.dumps(json.loads(ours) | {"schema": 99, "reader": 99})
    loaded.run("systemctl", "stop", "rollout@shop")
    loaded.write(STATE, newer)
    loaded.run("systemctl", "start", "rollout@shop")
    held(loaded, "Held")
    for verb in ("promote", "abort", "retry", "pause", "resume"):
        assert loaded.ask("POST", f"/v1/rollout/{verb}", {})[0] == 409
    status, problem = loaded.ask("POST", "/v1/rollout/deploy", {"version": version})
    assert status == 409 and "held" in problem["detail"]
    loaded.more_requests()
    assert untouched(loaded) == before
    assert loaded.run("cat", STATE) == newer
    loaded.run("systemctl", "stop", "rollout@shop")
    loaded.write(STATE, ours)
    loaded.run("systemctl", "start", "rollout@shop")
    assert loaded.wait_phase("Healthy")["stable"] == stable
    assert untouched(loaded) == before


def serve(machine, color, port):
    """Its two instances run and serve, and rollout had no part in it."""
    for number in (1, 2):
        folder = f"/var/lib/rollout/shop/instances/{color}-{number}"
        machine.run("sh", "-c", f"mkdir -p {folder}; ln -s /srv/shop/releases/v1 {folder}/release; echo PORT={port + number} >{folder}/env")
        machine.run("chown", "-R", "rollout:rollout", "/var/lib/rollout/shop/instances")
        machine.run("systemctl", "start", f"shop@{color}-{number}")
    wait_for("both", lambda: all(machine.servers()[f"{color}-{number}"]["up"] for number in (1, 2)))


def test_color_that_serves_before_the_first_deploy(fresh):
    """It is stable: the first deploy is a canary beside it, an abort goes back to it, and a promotion ends it. Which one it is where both
    serve a person says."""
    serve(fresh, "blue", 9000)
    serve(fresh, "green", 9010)
    before = untouched(fresh)[0]
    with under_load(fresh):
        status, problem = fresh.ask("POST", "/v1/rollout/deploy", {"version": "v2"})
        assert status == 422 and "blue and green serve already" in problem["detail"]
        assert untouched(fresh)[0] == before
        for server in ("green-1", "green-2"):
            fresh.haproxy(f"set server shop/{server} weight 0; set server shop/{server} state maint")

        def sessions():
            """At each server of green, by the fifth column."""
            return [line.split(",")[4] for line in fresh.haproxy("show stat").splitlines() if line.startswith("shop,green-")]

        wait_for("no requests", lambda: sessions() == ["0", "0"])
        fresh.run("systemctl", "stop", "shop@green-1", "shop@green-2")
        fresh.run("sh", "-c", "rm -r /var/lib/rollout/shop/instances/green-*")
        before = untouched(fresh)[0]
        fresh.configure(Canary=PAUSED, Rollout=["AbortScaleDownDelaySec=0"])
        now = fresh.deploy("v2", wait="Paused")
        assert now["stable"]["version"] == "unmanaged" and now["canary"]["version"] == "v2"
        assert now["weight"]["actual"] == 40.0
        fresh.verb("abort")
        fresh.wait_stopped("green")
        assert fresh.share() == 0 and untouched(fresh)[0].split()[:2] == before.split()[:2]
        fresh.run("systemctl", "stop", "shop@blue-1")
        wait_for("it again", lambda: fresh.instance("blue-1")["state"] == "ready")
        fresh.verb("retry")
        fresh.wait_phase("Paused")
        fresh.verb("promote")
        assert fresh.wait_phase("Healthy")["stable"]["version"] == "v2"
        fresh.wait_stopped("blue")
