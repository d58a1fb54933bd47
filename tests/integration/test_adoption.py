# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was decided is lost, or there was never anything decided: nothing that runs is touched, and no request is lost."""
import json

from shop import wait_for

STATE = "/var/lib/rollout/shop/state.json"
PAUSED = ["Step=", "Step=setWeight 40", "Step=pause"]


def untouched(machine):
    """What must not change when an agent finds its way."""
    ids = machine.run("systemctl", "show", "-p", "InvocationID", *(f"shop@{c}-{n}" for c in ("blue", "green") for n in (1, 2)))
    return ids, {name: (s["weight"], s["maint"]) for name, s in machine.servers().items()}


def lose(machine, how):
    """The agent dies, and its state with it."""
    machine.run("systemctl", "stop", "rollout@shop")
    machine.run("sh", "-c", how)
    machine.run("systemctl", "start", "rollout@shop")


def settled(machine):
    wait_for("the old color's end", lambda: all(s["maint"] for n, s in machine.servers().items() if n.startswith("green")))
    return untouched(machine)


def test_lost_state_is_found_in_what_runs(loaded):
    before = settled(loaded)
    for how in (f"rm {STATE}", f"truncate -s 100 {STATE}", f"echo garbage >{STATE}"):
        lose(loaded, how)
        now = loaded.wait_phase("Healthy")
        assert now["stable"] == {"revision": 1, "version": "v1", "color": "blue"}, how
        assert untouched(loaded) == before, how
    assert loaded.deploy("v2")["stable"]["revision"] == 2


def test_lost_state_with_two_colors_is_held(loaded):
    loaded.configure(Canary=PAUSED)
    loaded.deploy("v2", wait="Paused")
    before = untouched(loaded)
    lose(loaded, f"rm {STATE}")
    now = wait_for("held", lambda: (n := loaded.rollout()) and "promote takes the newer" in n.get("message", "") and n)
    assert now["phase"] == "Degraded"
    assert loaded.ask("POST", "/v1/rollout/retry", {})[0] == 409
    assert untouched(loaded) == before
    loaded.verb("abort")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v1"
    wait_for("all requests to v1", lambda: all(s["weight"] == 0 for n, s in loaded.servers().items() if n.startswith("green")))


def test_newer_state_is_held_and_kept(loaded):
    before = settled(loaded)
    state = json.loads(loaded.run("cat", STATE))
    state.update(schema=99, reader=99)
    newer = json.dumps(state)
    loaded.run("systemctl", "stop", "rollout@shop")
    loaded.write(STATE, newer)
    loaded.run("systemctl", "start", "rollout@shop")
    wait_for("held", lambda: loaded.rollout().get("message", "").startswith("Held"))
    status, problem = loaded.ask("POST", "/v1/rollout/deploy", {"version": "v2"})
    assert status == 409 and "held" in problem["detail"]
    assert untouched(loaded) == before
    assert loaded.run("cat", STATE) == newer


def test_first_deploy_beside_what_serves_already(machine):
    for number in (1, 2):
        folder = f"/var/lib/rollout/shop/instances/blue-{number}"
        machine.run("sh", "-c", f"mkdir -p {folder}; ln -s /srv/shop/releases/v1 {folder}/release; echo PORT=900{number} >{folder}/env")
        machine.run("chown", "-R", "rollout:rollout", "/var/lib/rollout/shop/instances")
        machine.run("systemctl", "start", f"shop@blue-{number}")
    wait_for("both", lambda: machine.servers()["blue-1"]["up"] and machine.servers()["blue-2"]["up"])
    machine.start_load()
    machine.configure(Canary=PAUSED)
    now = machine.deploy("v2", wait="Paused")
    assert now["stable"]["version"] == "unmanaged" and now["canary"]["version"] == "v2"
    assert now["weight"]["actual"] == 40.0
    machine.verb("promote")
    assert machine.wait_phase("Healthy")["stable"]["version"] == "v2"
    wait_for("the end of what was there", lambda: machine.rollout()["instances"][0]["state"] == "stopped")
    total = machine.stop_load()
    assert total["failed"] == 0, total["failures"]
