# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which revision comes when: undo, supersede, queue, windows, restarts, and configuration that changes between."""
import datetime
import json
import time

from shop import answered, wait_for

PAUSED = ["Step=", "Step=setWeight 40", "Step=pause"]
AT_ONCE = ["Step=", "Step=setWeight 50"]


def stable(machine):
    return machine.rollout()["stable"]["version"]


def outcomes(machine):
    return {r["version"]: r["outcome"] for r in machine.ask("GET", "/v1/revisions")[1]}


def refused(machine, verb, **body):
    """The sentence of a refusal."""
    status, problem = machine.ask("POST", f"/v1/rollout/{verb}", body)
    assert status == 409, problem
    return problem["detail"]


def test_undo(loaded):
    """To the one before, to number N, and out of a rollout."""
    loaded.configure(Rollout=["RollbackWindow=1"], Canary=AT_ONCE)
    loaded.deploy("v2")
    loaded.run("shop-release", "v3")
    loaded.deploy("v3")
    loaded.wait_stopped("green" if loaded.rollout()["stable"]["color"] == "blue" else "blue")
    loaded.verb("undo")
    now = loaded.wait_phase("Healthy", revision=4)
    assert now["stable"]["version"] == "v2", "the one that was live before, as another revision"
    loaded.configure(Canary=PAUSED)
    loaded.verb("undo", toRevision=1)
    now = loaded.wait_phase("Paused", revision=5)
    assert now["canary"]["version"] == "v1", "it is older than RollbackWindow=, so there are steps"
    loaded.verb("undo")
    now = loaded.wait_phase("Healthy", revision=4)
    assert now["stable"]["version"] == "v2"
    newest = loaded.ask("GET", "/v1/revisions")[1][0]
    assert newest["outcome"] == "rolled-back" and newest["reason"] == "undo to revision 1; back to revision 4 by uid 0"
    assert "no revision 77" in refused(loaded, "undo", toRevision=77)


def test_third_version_over_a_paused_second(loaded):
    loaded.configure(Canary=PAUSED)
    loaded.run("shop-release", "v3")
    loaded.deploy("v2", wait="Paused")
    loaded.deploy("v3", wait="Paused")
    assert outcomes(loaded) == {"v1": "promoted", "v2": "superseded", "v3": "running"}
    assert loaded.ask("GET", "/v1/revisions/2")[1]["reason"] == "superseded by revision 3"
    assert {loaded.instance(n)["state"] for n in ("blue-1", "blue-2")} == {"ready"}
    before = answered(loaded.counts(), "v2")
    loaded.more_requests(250)
    assert answered(loaded.counts(), "v2") == before and answered(loaded.counts(), "v3") > 0


def test_queue_and_reject(loaded):
    loaded.configure(Rollout=["OnSupersede=reject"], Canary=PAUSED)
    loaded.run("shop-release", "v3")
    loaded.run("shop-release", "v4")
    loaded.deploy("v2", wait="Paused")
    assert "OnSupersede=reject" in refused(loaded, "deploy", version="v3")
    loaded.configure(Rollout=["OnSupersede=queue"], Canary=PAUSED)
    loaded.verb("deploy", version="v3")
    now = loaded.rollout()
    assert now["phase"] == "Paused" and now["revision"] == 2
    assert now["queued"] == {"revision": 3, "version": "v3"}
    loaded.verb("deploy", version="v4")
    assert loaded.rollout()["queued"] == {"revision": 4, "version": "v4"}
    loaded.run("systemctl", "kill", "-s", "KILL", "rollout@shop")
    wait_for("the agent", lambda: loaded.rollout().get("queued") == {"revision": 4, "version": "v4"})
    loaded.verb("promote")
    now = loaded.wait_phase("Paused", revision=4)
    assert now["queued"] is None and now["stable"]["version"] == "v2" and now["canary"]["version"] == "v4"
    assert outcomes(loaded) == {"v1": "promoted", "v2": "promoted", "v3": "superseded", "v4": "running"}


def test_deploy_outside_its_window(loaded):
    """It waits, says until when, and begins when the window is there; --now does not wait, and an abort drops it."""
    at = datetime.datetime.fromisoformat(loaded.run("date", "+%F %T").strip())
    opens = (at + datetime.timedelta(hours=3)).strftime("%H:%M")
    closed = f"DeployWindow={opens}-{(at + datetime.timedelta(hours=4)).strftime('%H:%M')}"
    loaded.configure(Rollout=[closed], Canary=AT_ONCE)
    answer = loaded.verb("deploy", version="v2")
    assert "waits for its window" in answer["message"] and f"T{opens}:00" in answer["waitsUntil"]
    again = loaded.run("rolloutctl", "deploy", "shop", "v2")
    assert again.startswith("v2 is queued already, as revision 2, until ") and again.endswith(f" {opens}:00Z\n")
    now = loaded.wait_phase("Healthy")
    assert "revision 2 (v2) waits for its window" in now["message"]
    assert now["waiting"]["for"] == "window" and f"T{opens}:00" in now["waiting"]["until"]
    assert "not deployed" in loaded.verb("abort")["message"] and loaded.rollout()["queued"] is None
    loaded.verb("deploy", version="v2")
    loaded.configure(Canary=AT_ONCE)
    assert loaded.wait_phase("Healthy", revision=3)["stable"]["version"] == "v2"

    loaded.configure(Rollout=[closed], Canary=AT_ONCE)
    loaded.run("shop-release", "v3")
    loaded.run("rolloutctl", "deploy", "shop", "v3", "--now", "--watch")
    assert stable(loaded) == "v3"
    newest = loaded.ask("GET", "/v1/revisions")[1][0]
    assert newest["reason"] == "outside of DeployWindow=, by --now"
    loaded.verb("undo")
    now = loaded.wait_phase("Healthy", revision=3)
    assert now["stable"]["version"] == "v2", "the way back is always open"


def test_a_window_opens_by_itself(loaded):
    """What waits for it says until when, begins nothing before, and then begins without anybody's doing."""
    opens = (int(loaded.run("date", "+%s")) + 80) // 60 * 60  # windows begin with a minute: the first one that we are ready for
    begins, ends = (time.strftime("%H:%M", time.gmtime(at)) for at in (opens, opens + 3600))
    until = time.strftime("%FT%T", time.gmtime(opens))
    loaded.configure(Rollout=[f"DeployWindow={begins}-{ends} UTC"], Canary=AT_ONCE)
    assert loaded.verb("deploy", version="v2")["waitsUntil"].startswith(until)
    now = loaded.rollout()
    assert now["waiting"]["for"] == "window" and now["waiting"]["until"].startswith(until), now
    assert now["queued"] == {"revision": 2, "version": "v2"} and now["phase"] == "Healthy"

    def began():
        starts = loaded.run("journalctl", "-o", "json", "-u", "rollout@shop", "ROLLOUT_EVENT=RolloutUpdated").splitlines()
        return [int(each["__REALTIME_TIMESTAMP"]) / 1e6 for each in map(json.loads, starts) if "revision 2" in each["MESSAGE"]]

    wait_for("the window", lambda: loaded.rollout()["queued"] is None, 100)
    assert loaded.wait_phase("Healthy", revision=2)["stable"]["version"] == "v2"
    assert len(began()) == 1 and opens <= began()[0] < opens + 10
    ran = loaded.run("systemctl", "show", "--value", "-p", "ActiveEnterTimestamp", "--timestamp=unix", "shop@green-1")
    assert int(ran.strip().lstrip("@")) >= opens


def test_restart_of_three_replicas(loaded):
    """One after the other, each drained; never fewer than two serve."""
    loaded.lay_out(3)
    loaded.wait_phase("Healthy")
    wait_for("the third", lambda: len([i for i in loaded.rollout()["instances"] if i["state"] == "ready"]) == 3)
    names = ("blue-1", "blue-2", "blue-3")

    def lives():
        shown = loaded.run("systemctl", "show", "-p", "InvocationID", *(f"shop@{n}" for n in names)).split()
        return dict(zip(names, shown))

    before = lives()
    loaded.verb("restart")
    fewest = 3

    def restarted():
        nonlocal fewest
        fewest = min(fewest, sum(s["up"] and s["weight"] > 0 for n, s in loaded.servers().items() if n in names))
        return all(life != before[n] for n, life in lives().items()) and loaded.rollout()["phase"] == "Healthy"

    wait_for("all restarted", restarted, 60)
    assert fewest >= 2
    assert loaded.rollout()["revision"] == 1, "no rollout"


def test_restart_of_one_replica(loaded):
    """With one instance the other color takes over."""
    loaded.configure(Rollout=["Replicas=1"])
    loaded.wait_phase("Healthy")
    loaded.verb("restart")
    now = loaded.wait_phase("Healthy", revision=2)
    assert now["stable"] == {"revision": 2, "version": "v1", "color": "green"}
    assert loaded.ask("GET", "/v1/revisions/2")[1]["reason"] == "restart"


def test_abort_after_promote_full(loaded):
    """It is never too late until it is live: here one of the instances is not there yet."""
    loaded.write("/run/systemd/system/shop@green-2.service.d/slow.conf", "[Service]\nExecStartPre=sleep infinity\n")
    loaded.run("systemctl", "daemon-reload")
    loaded.configure(Canary=PAUSED)
    loaded.deploy("v2", wait="Paused")
    loaded.verb("promote", full=True)
    wait_for("the second instance's start", lambda: loaded.instance("green-2")["state"] == "starting")
    wait_for("answers of both", lambda: answered(loaded.counts(), "v2") > 100)
    assert loaded.share() == 0.4 and loaded.rollout()["phase"] == "Progressing"
    loaded.verb("abort")
    assert "aborted by hand" in loaded.wait_phase("Degraded")["message"]
    wait_for("stable alone", lambda: loaded.share() == 0)
    loaded.more_requests(100)  # what was in flight, and is counted a moment later
    before = answered(loaded.counts(), "v2")
    loaded.more_requests(250)
    assert answered(loaded.counts(), "v2") == before and stable(loaded) == "v1"
    loaded.wait_stopped("green")


def test_scale_changes_while_healthy(loaded):
    """Replicas= is live: instances come and go, no revision does."""
    loaded.lay_out(3)

    def serve(number):
        servers = loaded.servers()
        return [n for n, s in servers.items() if s["up"] and s["weight"] > 0 and not s["maint"]] == [f"blue-{n}" for n in range(1, number + 1)]

    wait_for("three", lambda: serve(3))
    for replicas in (1, 2):
        loaded.run("sed", "-i", f"s/^Replicas=.*/Replicas={replicas}/", "/etc/rollout/shop.conf")
        loaded.run("systemctl", "reload", "rollout@shop")
        wait_for(f"{replicas} of three", lambda number=replicas: serve(number) and loaded.rollout()["phase"] == "Healthy")
        loaded.more_requests(150)
    wait_for("the others' end", lambda: [i["state"] for i in loaded.rollout()["instances"]].count("ready") == 2)
    assert loaded.rollout()["revision"] == 1 and len(loaded.ask("GET", "/v1/revisions")[1]) == 1


def test_scale_changes_mid_rollout(loaded):
    """Replicas= is live: both colors follow, and the share stays."""
    loaded.lay_out(3)
    loaded.run("sed", "-i", "s/^Replicas=.*/Replicas=2/", "/etc/rollout/shop.conf")
    loaded.configure(Canary=PAUSED)
    loaded.deploy("v2", wait="Paused")
    assert loaded.share() == 0.4
    loaded.run("sed", "-i", "s/^Replicas=.*/Replicas=3/", "/etc/rollout/shop.conf")
    loaded.run("systemctl", "reload", "rollout@shop")
    wait_for("the third of both", lambda: all(loaded.servers()[n]["weight"] > 0 for n in ("blue-3", "green-1", "green-2")))
    assert abs(loaded.share() - 0.4) < 0.01
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert min(loaded.servers()[f"green-{n}"]["weight"] for n in (1, 2, 3)) > 0


def test_set_canary_scale(loaded):
    """Its three forms: a number, a share, and back to the share of requests."""
    loaded.lay_out(3)
    loaded.configure(
        Canary=[
            "Step=", "Step=setCanaryScale replicas 3", "Step=pause", "Step=setWeight 10", "Step=setCanaryScale weight 50", "Step=pause",
            "Step=setCanaryScale matchTrafficWeight", "Step=pause",
        ]
    )

    def canaries():
        return sum(i["state"] == "ready" for i in loaded.rollout()["instances"] if i["name"].startswith("green"))

    loaded.deploy("v2", wait="Paused")
    assert canaries() == 3 and loaded.share() == 0
    loaded.verb("promote")
    wait_for("half of three", lambda: canaries() == 2 and loaded.rollout()["step"]["index"] == 4)
    assert abs(loaded.share() - 0.1) < 0.01
    loaded.verb("promote")
    wait_for("a tenth of three", lambda: canaries() == 1 and loaded.rollout()["step"]["index"] == 6)
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


def test_strategy_changes_between_rollouts(loaded):
    loaded.configure(Rollout=["Strategy=blueGreen"])
    assert loaded.deploy("v2")["strategy"] == "blueGreen"
    loaded.run("shop-release", "v3")
    loaded.configure(Canary=PAUSED)
    now = loaded.deploy("v3", wait="Paused")
    assert now["strategy"] == "canary" and loaded.rollout()["weight"]["actual"] == 40.0
    loaded.configure(Rollout=["Strategy=blueGreen"], Canary=PAUSED)
    assert loaded.rollout()["strategy"] == "canary", "a rollout ends by what it began with"
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=3)
    assert loaded.deploy("v2")["steps"] == ["preview", "switch"]
