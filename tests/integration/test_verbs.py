# SPDX-License-Identifier: LGPL-2.1-or-later
"""Verbs at every moment of a rollout, and what the history tells of them."""
import datetime
import itertools
import json
import re

import pytest
from conftest import booted
from shop import wait_for

METRIC = ["Provider=web", "URL=http://127.0.0.1:7003/verdict", "JSONPath=$.verdict", "SuccessCondition=result == 1", "FailureCondition=result == 0"]
JUDGED = ["Step=", "Step=setWeight 20", "Step=analysis verdict", "Step=setWeight 60", "Step=pause"]
VERSIONS = (f"v{number}" for number in itertools.count(3))
AT_20 = ["Step=", "Step=setWeight 20", "Step=pause"]


@pytest.fixture(scope="module")
def machine(package):
    """A server says what the verdict of each measurement is: 1 is good, 0 bad, all else inconclusive."""
    with booted(package, "verbs") as made:
        made.run("mkdir", "-p", "/srv/verdict")
        made.run("systemd-run", "--quiet", "--unit=verdict", "python3", "-m", "http.server", "-d", "/srv/verdict", "-b", "127.0.0.1", "7003")
        yield made


def judge(machine, verdict, *more, steps=JUDGED):
    """Rollouts are judged at 20 % from now on, always so."""
    machine.write("/srv/verdict/verdict", json.dumps({"verdict": verdict}))
    machine.configure(Canary=steps, **{"Metric verdict": [*METRIC, *more]})


def begin(machine):
    """A new version begins; its revision."""
    version = next(VERSIONS)
    machine.run("shop-release", version)
    return machine.verb("deploy", version=version)["revision"]


def wait_step(machine, index, phase="Paused"):
    """Waits until so many steps are done; the document."""
    return wait_for(f"{phase} after {index} steps", lambda: (n := machine.rollout()).get("phase") == phase and n["step"]["index"] == index and n)


def runs(machine, revision):
    """Its analysis runs, oldest first."""
    shown = json.loads(machine.run("rolloutctl", "analysis", "shop", "--output", "json"))
    return sorted((run for run in shown if run["revision"] == revision), key=lambda run: run["id"])


def newest(machine):
    """The latest revision, as the history has it."""
    return json.loads(machine.run("rolloutctl", "history", "shop", "--output", "json"))[0]


def test_promote_skips_an_analysis(loaded):
    """And the next pause waits all the same."""
    judge(loaded, 1, "IntervalSec=1min", "Count=5")
    revision = begin(loaded)
    wait_for("the analysis", lambda: any(run["phase"] == "Running" for run in runs(loaded, revision)))
    loaded.verb("promote")
    assert wait_step(loaded, 3)["weight"]["actual"] == 60
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=revision)


def test_promote_of_what_is_inconclusive_goes_on(loaded):
    """It is not asked again."""
    judge(loaded, 7)
    revision = begin(loaded)
    now = wait_step(loaded, 1)
    assert "nconclusive" in now["message"] and now["weight"]["actual"] == 20, now
    loaded.verb("promote")
    wait_step(loaded, 3)
    assert [run["phase"] for run in runs(loaded, revision)] == ["Inconclusive"]
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=revision)


def test_promote_full_waits_for_readiness(loaded):
    """Nobody's requests go to an instance that is still starting."""
    canary = "green" if loaded.rollout()["stable"]["color"] == "blue" else "blue"
    folder = f"/run/systemd/system/shop@{canary}-2.service.d"
    loaded.write(f"{folder}/held.conf", "[Service]\nExecStartPre=+/bin/sh -c 'while test -e /run/held; do sleep 0.05; done'\n")
    loaded.run("systemctl", "daemon-reload")
    loaded.run("touch", "/run/held")
    loaded.configure(Canary=AT_20)
    revision = begin(loaded)
    loaded.wait_phase("Paused", revision=revision)
    loaded.verb("promote", full=True)
    wait_for("the second instance's start", lambda: loaded.instance(f"{canary}-2")["state"] == "starting")
    now = loaded.rollout()
    assert now["phase"] == "Progressing" and now["stable"]["revision"] != revision
    assert loaded.servers()[f"{canary}-2"]["weight"] == 0 or loaded.servers()[f"{canary}-2"]["maint"]
    loaded.run("rm", "-r", "/run/held", folder)
    loaded.wait_phase("Healthy", revision=revision)
    assert loaded.instance(f"{canary}-2")["state"] == "ready"
    loaded.run("systemctl", "daemon-reload")


def test_pause_by_hand_outlasts_the_steps_own(loaded):
    loaded.configure(Canary=[*AT_20, "Step=pause 2s", "Step=setWeight 60"])
    revision = begin(loaded)
    loaded.wait_phase("Paused", revision=revision)
    loaded.verb("promote")
    loaded.verb("pause")  # the step's own pause has only just begun
    now = wait_step(loaded, 2)
    assert now["waiting"]["until"] is None
    loaded.more_requests(600)  # three seconds' worth
    now = loaded.rollout()
    assert now["phase"] == "Paused" and now["step"]["index"] == 2 and now["weight"]["actual"] == 20 and now["waiting"]["until"] is None
    loaded.verb("resume")
    loaded.wait_phase("Healthy", revision=revision)


def test_retry_asks_afresh(loaded):
    judge(loaded, 0)
    revision = begin(loaded)
    loaded.wait_phase("Degraded", revision=revision)
    judge(loaded, 1)
    loaded.verb("retry")
    wait_step(loaded, 3)
    assert newest(loaded)["attempt"] == 2 and [run["phase"] for run in runs(loaded, revision)] == ["Failed", "Successful"]
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=revision)


def test_iterations(loaded):
    """The same weight judged again and again: by a count, and by a step that stands there twice."""
    judge(loaded, 1, "IntervalSec=300ms", "Count=3", steps=["Step=", "Step=setWeight 20", *["Step=analysis verdict"] * 2, "Step=pause"])
    revision = begin(loaded)
    shares = set()

    def paused():
        now = loaded.rollout()
        if now["step"]["index"] > 0:
            shares.add(now["weight"]["desired"])
        return now if now["phase"] == "Paused" else None

    assert wait_for("Paused", paused, 60)["weight"]["actual"] == 20 and shares == {20}
    measured = [loaded.ask("GET", f"/v1/runs/{run['id']}")[1]["metrics"][0]["measurements"] for run in runs(loaded, revision)]
    assert [[each["phase"] for each in run] for run in measured] == [["Successful"] * 3] * 2
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=revision)


def test_deploy_of_the_live_version_goes_back_at_once(loaded):
    live = loaded.rollout()["stable"]
    loaded.configure(Canary=AT_20)
    revision = begin(loaded)
    loaded.wait_phase("Paused", revision=revision)
    loaded.verb("deploy", version=live["version"])
    now = loaded.wait_phase("Healthy", revision=live["revision"])
    assert now["stable"] == live and runs(loaded, revision) == []
    wait_for("all requests at stable", lambda: loaded.share() == (live["color"] == "green"))
    assert newest(loaded)["outcome"] == "rolled-back"


def test_history_tells_who_when_why_and_how_long(loaded):
    loaded.configure(Canary=AT_20)
    revision = begin(loaded)
    running = newest(loaded)
    assert (running["revision"], running["outcome"], running["finished"], running["by"]["uid"]) == (revision, "running", None, 0)
    loaded.wait_phase("Paused", revision=revision)
    loaded.verb("abort")
    entry = newest(loaded)
    began, ended = (datetime.datetime.fromisoformat(entry[key]) for key in ("started", "finished"))
    assert entry["outcome"] == "aborted" and entry["reason"] == "aborted by hand: by uid 0" and began < ended
    row = loaded.run("rolloutctl", "history", "shop").splitlines()[1]
    assert re.fullmatch(rf"{revision} +{entry['version']} +aborted +root +\S+ \S+ +\S+ \S+ +[0-9.]+m?s +aborted by hand: by uid 0 *", row), row
    pinned = loaded.run("sha256sum", f"/var/lib/rollout/shop/revisions/{revision}/rollout.conf").split()[0]
    assert entry["configuration"] == pinned
    loaded.configure(Canary=[*AT_20, "Step=setWeight 30"])
    loaded.verb("retry")
    assert newest(loaded)["configuration"] != pinned and newest(loaded)["attempt"] == 2
    assert newest(loaded)["reason"] == "attempt 1 ended: aborted by hand: by uid 0"
    loaded.verb("undo")
    loaded.wait_phase("Healthy")
