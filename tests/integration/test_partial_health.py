# SPDX-License-Identifier: LGPL-2.1-or-later
"""Some of the instances are not well: shares are held by those that are, steps wait for the others, and who serves goes on serving."""
import pytest
from conftest import booted, under_load
from shop import wait_for

ALL = [f"{color}-{n}" for color in ("blue", "green") for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def machine(package):
    """Three instances a color."""
    with booted(package, "partial-health") as made:
        made.lay_out(3)
        yield made


class Sides:
    """A rollout that has come to a pause: who is live, and who is new. The colors swap with each promotion."""

    def __init__(self, machine, share, crash_limit=0):
        self.machine = machine
        live = machine.rollout()["stable"]
        steps = ["Step=", f"Step=setWeight {share}", "Step=pause", f"Step=setWeight {share + 5}"]
        machine.configure(Rollout=[f"CrashLimit={crash_limit}"], Canary=steps)
        self.old, self.new = live["version"], machine.other_version()
        self.stable, self.canary = ("blue", "green") if live["color"] == "blue" else ("green", "blue")
        self.revision = machine.verb("deploy", version=self.new)["revision"]
        machine.wait_phase("Paused", revision=self.revision)
        self.share = share
        assert self.actual() == share

    def actual(self):
        """The new version's share of the weights that count, as HAProxy has them."""
        weights = {n: s["weight"] for n, s in self.machine.servers().items() if s["up"] and not s["maint"]}
        return round(100 * sum(w for n, w in weights.items() if n.startswith(self.canary)) / sum(weights.values()), 1)

    def wait_share_without(self, name):
        """Waits until one is out, and the share is what it was all the same."""
        wait_for(f"{name} is out", lambda: not self.machine.servers()[name]["up"])
        wait_for("the same share by the others", lambda: self.actual() == self.share and self.machine.rollout()["weight"]["actual"] == self.share)

    def frozen(self, why):
        """Goes on, and doesn't: WHY is told, and the step stays what it was."""
        self.machine.verb("promote")
        now = wait_for(why, lambda: (n := self.machine.rollout()) and why in n["message"] and n)
        self.machine.more_requests()
        assert self.machine.rollout()["step"]["index"] == now["step"]["index"] == 2
        assert self.actual() == self.share

    def live_in_the_end(self):
        """It went on by itself."""
        assert self.machine.wait_phase("Healthy", revision=self.revision)["stable"]["version"] == self.new


def lives(machine):
    return machine.run("systemctl", "show", "-p", "Id,ActiveState,InvocationID", *(f"shop@{name}" for name in ALL))


def crash(machine, name):
    """Ends every process of an instance at once; systemd starts it again."""
    life = ["systemctl", "show", "--value", "-p", "InvocationID", f"shop@{name}"]
    before = machine.run(*life)
    machine.run("systemctl", "kill", "-s", "SEGV", f"shop@{name}")
    wait_for("another life", lambda: machine.run(*life) not in (before, "\n"))


def test_one_of_three_canary_instances_unready(loaded):
    sides = Sides(loaded, 80)
    ill = f"{sides.canary}-2"
    loaded.sicken(ill)
    sides.wait_share_without(ill)
    sides.frozen(f"2 of 3 new instances are ready: {ill} is unready")
    loaded.heal(ill)
    sides.live_in_the_end()


def test_one_of_three_canary_instances_crashing(loaded):
    """As often as CrashLimit= says it comes back and the rollout goes on; once more ends it."""
    sides = Sides(loaded, 80, crash_limit=1)
    crash(loaded, f"{sides.canary}-3")
    wait_for("the share of three", lambda: loaded.instance(f"{sides.canary}-3")["state"] == "ready" and sides.actual() == 80)
    loaded.wait_phase("Paused", revision=sides.revision)
    crash(loaded, f"{sides.canary}-1")
    now = loaded.wait_phase("Degraded")
    assert now["message"].startswith("RolloutAborted") and "crashed" in now["message"]
    wait_for("everything at stable", lambda: sides.actual() == 0)
    wait_for("the canary's end", lambda: loaded.rollout()["canary"] is None)


def test_one_of_three_stable_instances_unready(loaded):
    """What was 20 % of three and one is 27 % of two and one, if nobody does anything about it."""
    sides = Sides(loaded, 20)
    ill = f"{sides.stable}-2"
    loaded.sicken(ill)
    sides.wait_share_without(ill)
    sides.frozen(f"{ill} is unready")
    loaded.heal(ill)
    sides.live_in_the_end()


def test_one_of_three_stable_instances_crashing(loaded):
    """It comes back when it is let: until then the other two hold the share and the steps stand still, and so they do until it is steady."""
    sides = Sides(loaded, 20)
    ill = f"{sides.stable}-1"
    folder = f"/run/systemd/system/shop@{ill}.service.d"
    loaded.write(f"{folder}/held.conf", "[Service]\nExecStartPre=+/bin/sh -c 'while test -e /run/held; do sleep 0.05; done'\n")
    loaded.run("systemctl", "daemon-reload")
    loaded.run("touch", "/run/held")
    crash(loaded, ill)
    sides.wait_share_without(ill)
    sides.frozen(f"{ill} is starting")
    assert not loaded.servers()[ill]["up"]
    loaded.run("rm", "-r", "/run/held", folder)
    now = wait_for("its return", lambda: (n := loaded.rollout()) and f"{ill} has crashed and was started again just now" in n["message"] and n)
    assert now["step"]["index"] == 2 and now["weight"]["actual"] == 20
    sides.live_in_the_end()
    loaded.run("systemctl", "daemon-reload")


def test_stable_unhealthy_while_the_fix_is_the_canary(loaded):
    """Nobody of stable is ready: the canary gets everything as soon as it is."""
    sides = Sides(loaded, 20)
    ill = [f"{sides.stable}-{n}" for n in (1, 2, 3)]
    loaded.sicken(*ill)
    wait_for("everything at the canary", lambda: sides.actual() == 100)
    loaded.more_requests()
    loaded.verb("promote", full=True)
    sides.live_in_the_end()
    loaded.heal(*ill)


def test_both_unhealthy(machine):
    """Nothing is stopped, and weights stand, so that whoever is well first serves. Requests fail here: nobody could answer them."""
    sides = Sides(machine, 20)
    before, units = machine.servers(), lives(machine)
    running = [name for name in ALL if machine.instance(name)["state"] == "ready"]
    machine.run("systemctl", "kill", "-s", "STOP", "rollout@shop")  # it meets them all at once
    machine.sicken(*running)
    wait_for("nobody", lambda: not any(server["up"] for server in machine.servers().values()))
    machine.run("systemctl", "kill", "-s", "CONT", "rollout@shop")
    now = wait_for("Degraded", lambda: (n := machine.rollout())["phase"] == "Degraded" and n)
    assert "ready" in now["message"]
    assert not any(server["up"] for server in machine.servers().values())
    assert {n: s["weight"] for n, s in machine.servers().items()} == {n: s["weight"] for n, s in before.items()}
    assert lives(machine) == units
    machine.heal(*ALL)
    machine.wait_phase("Paused", revision=sides.revision)
    wait_for("the share", lambda: sides.actual() == 20)
    assert lives(machine) == units
    with under_load(machine):
        machine.verb("promote")
        sides.live_in_the_end()
        machine.more_requests(250)
