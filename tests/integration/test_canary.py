# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job on real parts: a version goes live in steps, a bad one is taken back, and no request is lost."""
from shop import answered, wait_for


def roles(now):
    return {i["name"]: i["role"] for i in now["instances"]}


def statuses(counts, version):
    return counts["answered"].get(version, {})


def test_initial_deploy(machine):
    now = machine.deploy("v1")
    assert now["stable"] == {"revision": 1, "version": "v1", "color": "blue"}
    assert now["canary"] is None
    servers = machine.servers()
    assert servers["blue-1"]["up"] and servers["blue-1"]["weight"] == servers["blue-2"]["weight"] > 0
    machine.start_load()
    wait_for("both replicas and nobody else", lambda: machine.counts()["sent"] > 300)
    assert machine.stop_load()["failed"] == 0
    assert all(server["maint"] for name, server in machine.servers().items() if name.startswith("green"))


def test_full_canary_with_two_replicas(loaded):
    seen = set()
    loaded.verb("deploy", version="v2")

    def healthy():
        now = loaded.rollout()
        seen.add((now["weight"]["desired"], sum(i["role"] == "canary" and i["state"] == "ready" for i in now["instances"])))
        return now if now["phase"] == "Healthy" else None

    now = wait_for("v2", healthy, 60)
    assert now["stable"]["version"] == "v2"
    assert {weight for weight, _ in seen} >= {20, 40, 60, 80, 100}
    assert (20, 1) in seen and (60, 2) in seen, "one instance carries 20 %, two carry 60 %"
    wait_for("the old color's end", lambda: all(i["state"] == "stopped" for i in loaded.rollout()["instances"][:2]))
    servers = loaded.servers()
    assert servers["blue-1"]["maint"] and servers["blue-2"]["maint"]
    before = loaded.counts()
    wait_for("requests", lambda: loaded.counts()["sent"] > before["sent"] + 150)
    assert answered(loaded.counts(), "v1") == answered(before, "v1"), "v1 answers no more"


def test_manual_pause_and_promote(loaded):
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause", "Step=setWeight 50", "Step=pause"])
    loaded.verb("deploy", version="v2")
    now = loaded.wait_phase("Paused")
    assert now["weight"] == {"desired": 20, "actual": 20.0}
    assert now["waiting"]["for"] == "promote" and now["waiting"]["until"] is None
    loaded.verb("promote")
    now = wait_for("50 %", lambda: (n := loaded.rollout()) and n["phase"] == "Paused" and n["step"]["index"] == 3 and n)
    assert now["weight"]["actual"] == 50.0
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


def test_abort_mid_step_and_retry(loaded):
    loaded.configure(Canary=["Step=", "Step=setWeight 40", "Step=pause"])
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused")
    loaded.verb("abort")
    now = loaded.wait_phase("Degraded")
    assert now["message"].startswith("RolloutAborted")
    wait_for("everything back to stable", lambda: all(s["weight"] == 0 for n, s in loaded.servers().items() if n.startswith("green")))
    wait_for("the canary's end", lambda: all(i["state"] == "stopped" for i in loaded.rollout()["instances"] if i["name"].startswith("green")))
    loaded.verb("retry")
    loaded.wait_phase("Paused")
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


def test_failing_analysis(loaded):
    loaded.run("shop-release", "v3", "errors=50")
    now = loaded.deploy("v3", wait="Degraded")
    assert "analysis failed" in now["message"]
    assert now["stable"]["version"] == "v1"
    wait_for("weight 0", lambda: loaded.servers()["green-1"]["weight"] == 0)
    run = next(run for run in now["analysis"] if run["phase"] == "Failed")
    assert run["metrics"][0]["measurements"][-1]["phase"] == "Failed"
    sent = loaded.counts()["sent"]
    wait_for("what was under way", lambda: loaded.counts()["sent"] > sent + 100)
    before = statuses(loaded.counts(), "v3")["500"]
    wait_for("requests", lambda: loaded.counts()["sent"] > sent + 300)
    assert statuses(loaded.counts(), "v3")["500"] == before, "v3 answers no more"


def test_canary_crash_at_20_percent(loaded):
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause"])
    revision = loaded.verb("deploy", version="v2")["revision"]
    assert loaded.wait_phase("Paused", revision=revision)["weight"]["actual"] == 20.0
    loaded.more_requests()
    assert answered(loaded.counts(), "v2") > 0
    loaded.run("systemctl", "kill", "-s", "SEGV", "shop@green-1")
    now = loaded.wait_phase("Degraded", revision=revision)
    assert "crashed" in now["message"]
    wait_for("weight 0", lambda: loaded.servers()["green-1"]["weight"] == 0)
    assert loaded.rollout()["stable"]["version"] == "v1"


def test_canary_that_never_gets_ready(loaded):
    loaded.configure(Rollout=["ProgressDeadlineSec=2s"])
    loaded.run("shop-release", "v5", "never-ready")
    now = loaded.deploy("v5", wait="Degraded")
    assert now["message"].startswith("ProgressDeadlineExceeded"), now["message"]
    assert loaded.servers()["green-1"]["weight"] == 0
    loaded.verb("abort")
    wait_for("the canary's end", lambda: loaded.rollout()["instances"][2]["state"] == "stopped")
    loaded.configure(Rollout=["ProgressDeadlineSec=2s", "ProgressDeadlineAbort=yes"])
    loaded.verb("retry")
    now = loaded.wait_phase("Degraded")
    assert wait_for("the abort", lambda: "RolloutAborted" in loaded.rollout()["message"])
