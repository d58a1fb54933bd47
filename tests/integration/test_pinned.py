# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which configuration counts: an attempt keeps the one that it began with, and bad files are never an outage."""
import subprocess

import pytest
from conftest import booted, under_load
from shop import wait_for

TYPO = "/etc/rollout/shop.conf.d/20-typo.conf"
STATE = "/var/lib/rollout/shop/state.json"
BAD = "[Rollout]\nReplica=3\n"
TYPOS = {  # and what is said of it
    "key": (BAD, "Replica="),
    "socket": ("[HAProxy]\nSocket=\nSocket=lb.example.org:9999\n", "Socket: \"lb.example.org:9999\" is no socket"),
    "server": ("[HAProxy]\nServer=%c+%n\n", "Server: it gives \"green+32\""),
}
AT_40 = ["Step=", "Step=setWeight 40", "Step=pause"]


@pytest.fixture(scope="module")
def machine(package):
    """HAProxy has servers for three instances a color, of which two are used."""
    with booted(package, "pinned") as made:
        made.lay_out(3)
        made.configure(Rollout=["Replicas=2"])
        made.deploy("v1")
        yield made


@pytest.fixture(name="loaded")
def quiet(machine):
    """Requests come in, and none fails. Nothing is under way, before and after."""
    with under_load(machine):
        yield machine
    machine.run("rm", "-f", TYPO)
    machine.configure(Rollout=["Replicas=2"])
    wait_for("nothing under way", lambda: machine.rollout()["phase"] == "Healthy" and machine.rollout()["canary"] is None)


def begin(machine, **changes):
    """The other version at 40 %, and waiting."""
    machine.configure(**{"Rollout": ["Replicas=2"], "Canary": AT_40} | changes)
    version = machine.other_version()
    machine.deploy(version, wait="Paused")
    return version


def end(machine, version):
    """It is promoted."""
    machine.verb("promote")
    machine.wait_phase("Healthy", seconds=30)
    assert machine.rollout()["stable"]["version"] == version


def reload(machine):
    """The exit code of a reload."""
    return subprocess.run([*machine.prefix, "systemctl", "reload", "rollout@shop"], check=False, capture_output=True, timeout=60).returncode


def untouched(machine):
    """What bad files may not change."""
    now = machine.rollout()
    shown = {key: now[key] for key in ("revision", "stable", "canary", "step", "weight", "instances")}
    for instance in shown["instances"]:
        del instance["sessions"]
    lives = machine.run("systemctl", "show", "-p", "InvocationID", *(f"shop@{c}-{n}" for c in ("blue", "green") for n in (1, 2, 3)))
    return shown, machine.servers(), lives


def refuses_deploys(machine, said="Replica=", verb="deploy"):
    """It is Degraded because of the files, and begins nothing by them."""
    now = machine.wait_phase("Degraded")
    assert now["message"].startswith("InvalidSpec") and TYPO in now["message"] and said in now["message"]
    status, problem = machine.ask("POST", f"/v1/rollout/{verb}", {"version": "v3"} if verb == "deploy" else {})
    assert status >= 400 and TYPO in problem["detail"], problem


def test_reload_with_bad_files_fails_and_changes_nothing(loaded):
    version = begin(loaded)
    before, pid = untouched(loaded), loaded.agent_pid()
    loaded.write(TYPO, BAD)
    assert reload(loaded) != 0
    loaded.more_requests()
    assert untouched(loaded) == before and loaded.agent_pid() == pid
    assert loaded.rollout()["phase"] == "Paused"
    end(loaded, version)


@pytest.mark.parametrize("typo", TYPOS.values(), ids=TYPOS.keys())
def test_bad_files_at_start_of_the_agent(loaded, typo):
    """It serves by what is pinned: also the rollout goes on by that."""
    version = begin(loaded)
    loaded.write(TYPO, typo[0])
    before = untouched(loaded)
    loaded.run("systemctl", "restart", "rollout@shop")
    refuses_deploys(loaded, typo[1])
    loaded.more_requests()
    assert untouched(loaded) == before
    loaded.verb("promote")
    wait_for("the promotion", lambda: loaded.rollout()["stable"]["version"] == version)
    refuses_deploys(loaded, typo[1])
    loaded.run("rm", TYPO)
    assert reload(loaded) == 0
    assert loaded.wait_phase("Healthy")["stable"]["version"] == version


def test_retry_waits_for_good_files(loaded):
    version = begin(loaded)
    loaded.verb("abort")
    loaded.write(TYPO, BAD)
    loaded.run("systemctl", "restart", "rollout@shop")
    refuses_deploys(loaded, verb="retry")
    loaded.run("rm", TYPO)
    assert reload(loaded) == 0
    loaded.verb("retry")
    loaded.wait_phase("Paused")
    end(loaded, version)


@pytest.mark.parametrize("typo", [TYPOS["key"], TYPOS["socket"]], ids=["key", "socket"])
def test_typo_and_reboot_serves(machine, typo):
    live = machine.rollout()["stable"]["version"]
    machine.write(TYPO, typo[0])
    machine.reboot("--hard")
    refuses_deploys(machine, typo[1])
    with under_load(machine):
        machine.more_requests(250)
        assert list(machine.counts()["answered"]) == [live]
    machine.run("rm", TYPO)
    assert reload(machine) == 0
    machine.wait_phase("Healthy")


@pytest.mark.parametrize("how", [f"rm {STATE}", f"echo garbage >{STATE}"], ids=["lost", "garbage"])
def test_typo_and_lost_state(loaded, how):
    """What runs is found again by the configuration that it began with."""
    stable = loaded.rollout()["stable"]
    loaded.wait_stopped("green" if stable["color"] == "blue" else "blue")
    before = untouched(loaded)
    loaded.write(TYPO, BAD)
    loaded.run("systemctl", "stop", "rollout@shop")
    loaded.run("sh", "-c", how)
    loaded.run("systemctl", "start", "rollout@shop")
    wait_for("it is found again", lambda: loaded.rollout().get("stable") == stable)
    refuses_deploys(loaded)
    loaded.more_requests()
    assert untouched(loaded) == before
    loaded.run("rm", TYPO)
    assert reload(loaded) == 0
    assert loaded.wait_phase("Healthy")["stable"] == stable


def test_typo_and_lost_state_with_two_colors(loaded):
    """It is held, and what a person says is done by the configuration that the newer one began with. A version that was there before has
    the lower number."""
    version = begin(loaded)
    now = loaded.rollout()
    verb = "promote" if now["revision"] > now["stable"]["revision"] else "abort"
    before = untouched(loaded)[1:]
    loaded.write(TYPO, BAD)
    loaded.run("systemctl", "stop", "rollout@shop")
    loaded.run("rm", STATE)
    loaded.run("systemctl", "start", "rollout@shop")
    refuses_deploys(loaded)
    loaded.more_requests()
    assert untouched(loaded)[1:] == before
    wait_for("it has looked", lambda: loaded.ask("POST", f"/v1/rollout/{verb}", {})[0] < 300)
    wait_for("the promotion", lambda: loaded.rollout()["stable"]["version"] == version)
    refuses_deploys(loaded)


def test_no_configuration_at_all_is_waited_for(loaded):
    """Only where nothing is deployed would nobody try again."""
    stable = loaded.rollout()["stable"]
    loaded.write(TYPO, BAD)
    loaded.run("systemctl", "stop", "rollout@shop")
    loaded.run("sh", "-c", "for conf in /var/lib/rollout/shop/revisions/*/rollout.conf; do echo garbage >$conf; done")
    subprocess.run([*loaded.prefix, "systemctl", "start", "rollout@shop"], check=False, capture_output=True, timeout=60)

    def shown(name):
        return loaded.run("systemctl", "show", "--value", "-p", name, "rollout@shop").strip()

    wait_for("another try that fails", lambda: int(shown("NRestarts")) >= 2 and shown("ExecMainStatus") == "1")
    loaded.more_requests()
    loaded.run("rm", TYPO)
    assert loaded.wait_phase("Healthy")["stable"] == stable


def test_replicas_are_live(loaded):
    """In the middle of a rollout, up and down: the share stays, and so does the attempt."""
    version = begin(loaded)
    share = loaded.rollout()["weight"]
    live = loaded.rollout()["stable"]["color"]

    def running():
        return {i["name"] for i in loaded.rollout()["instances"] if i["state"] == "ready"}

    def is_now(stable):
        return sum(name.startswith(live) for name in running()) == stable and loaded.rollout()["weight"] == share

    loaded.configure(Rollout=["Replicas=3"], Canary=AT_40)
    wait_for("three and two", lambda: is_now(3) and len(running()) == 5)
    loaded.configure(Rollout=["Replicas=1"], Canary=AT_40)
    wait_for("one and one", lambda: is_now(1) and len(running()) == 2)
    servers = loaded.servers()
    assert all(server["maint"] for name, server in servers.items() if name not in running()), servers
    loaded.configure(Rollout=["Replicas=2"], Canary=AT_40)
    wait_for("two and one", lambda: is_now(2) and len(running()) == 3)
    assert loaded.rollout()["phase"] == "Paused" and loaded.ask("GET", "/v1/revisions")[1][0]["attempt"] == 1
    end(loaded, version)


def test_sockets_are_live(loaded):
    """A balancer that is added in the middle of a rollout is led to the same share; one that is removed is let be."""
    version = begin(loaded)
    other, sockets = loaded.second_haproxy()
    share = loaded.share()
    assert share != other.share()
    loaded.configure(HAProxy=sockets, Canary=AT_40)
    wait_for("the same share", lambda: other.share() == share == loaded.share())
    loaded.configure(Canary=AT_40)
    weights = {name: server["weight"] for name, server in other.servers().items()}
    end(loaded, version)
    assert {name: server["weight"] for name, server in other.servers().items()} == weights, "it is none of ours any more"
    loaded.run("systemctl", "stop", "second")


def test_changes_wait_for_the_next_attempt(loaded):
    """A step, a metric and a backend that change in the middle count from the next deploy or retry on, whoever restarts meanwhile."""
    steps = ["Step=", "Step=setWeight 20", "Step=pause", "Step=analysis quick", "Step=setWeight 40", "Step=pause"]
    quick = ["Provider=prometheus", "Address=http://127.0.0.1:9090", "SuccessCondition=result[0] >= 1"]
    version = begin(loaded, **{"Canary": steps, "Metric quick": [*quick, "Query=vector(1)"]})
    changed = {"Canary": [step.replace("40", "70") for step in steps], "Metric quick": [*quick, "Query=vector(0)"]}
    loaded.configure(**changed, HAProxy=["Backend=nothere"])
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Paused")
    loaded.verb("promote")
    now = wait_for("the next pause", lambda: (n := loaded.rollout()).get("phase") == "Paused" and n["step"]["index"] == 4 and n)
    assert now["weight"]["actual"] == 40
    loaded.verb("abort")
    loaded.configure(**changed)
    loaded.verb("retry")
    loaded.wait_phase("Paused")
    loaded.verb("promote")
    assert "analysis failed" in loaded.wait_phase("Degraded")["message"]
    loaded.configure(**(changed | {"Metric quick": [*quick, "Query=vector(1)"]}))
    loaded.deploy(version, wait="Paused")
    loaded.verb("promote")
    now = wait_for("the next pause", lambda: (n := loaded.rollout()).get("phase") == "Paused" and n["step"]["index"] == 4 and n)
    assert now["weight"]["actual"] == 70
    end(loaded, version)


def test_units_that_are_permitted(loaded):
    """Both colors go by one template: another one is refused, and what is under way goes on by its own: it may start and stop it."""
    begin(loaded)
    loaded.configure(Rollout=["Replicas=2", "Unit=other@.service"])
    loaded.verb("abort")
    wait_for("the end of what was taken back", lambda: loaded.rollout()["canary"] is None)
    before = untouched(loaded)
    status, problem = loaded.ask("POST", "/v1/rollout/deploy", {"version": loaded.other_version()})
    assert status >= 400 and "what is deployed goes by Unit=shop@.service, which cannot be changed now" in problem["detail"], problem
    loaded.more_requests()
    assert untouched(loaded) == before
    loaded.configure(Rollout=["Replicas=2"], Canary=["Step=", "Step=setWeight 50"])
    loaded.verb("retry")
    loaded.wait_phase("Healthy", seconds=30)
    assert "other@" not in loaded.run("cat", "/etc/polkit-1/rules.d/50-rollout-shop.rules")
