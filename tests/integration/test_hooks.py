# SPDX-License-Identifier: LGPL-2.1-or-later
"""What runs before instances start and between the steps: Prepare= and hooks."""
import json

import pytest
from conftest import New, another, booted
from shop import answered, wait_for

NO_STEPS = ["Step=", "Step=setWeight 20", "Step=pause"]

GATE = """
import http.server, pathlib, threading, time

OPEN = pathlib.Path("/run/open")
lock = threading.Lock()

class Gate(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with lock, open("/run/asked", "ab") as file:
            file.write(self.path.encode() + b" " + body + b"\\n")
        time.sleep(60 if self.path == "/silent" else 0)
        self.send_response(200 if (OPEN / self.path[1:]).exists() else 403)
        self.end_headers()
        self.wfile.write(b"not yet\\n")

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((OPEN / "rate").read_bytes())

OPEN.mkdir(exist_ok=True)
http.server.ThreadingHTTPServer(("127.0.0.1", 8099), Gate).serve_forever()
"""


class Gates:
    """Answers hooks in the machine: 403 until it is opened; and says the rate of good answers to whoever measures."""

    def __init__(self, machine):
        self.machine = machine

    def open(self, name):
        self.machine.run("touch", f"/run/open/{name}")

    def rate(self, value):
        self.machine.write("/run/open/rate", str(value))

    def asked(self, name):
        lines = [line.split(" ", 1) for line in self.machine.run("cat", "/run/asked").splitlines()]
        return [json.loads(body) for path, body in lines if path == f"/{name}"]


@pytest.fixture(scope="module")
def machine(package):
    with booted(package, "hooks") as made:
        made.write("/root/gate.py", GATE)
        made.run("systemd-run", "--quiet", "--unit=gate", "/usr/bin/python3", "/root/gate.py")
        wait_for("the gates", lambda: made.run("curl", "-s", "-d", "", "http://127.0.0.1:8099/up", check=False))
        yield made


@pytest.fixture
def gates(loaded):
    """All of them closed."""
    return Gates(loaded)


@pytest.fixture
def new(loaded):
    """Nothing is left of the test before."""
    loaded.configure()
    loaded.take_back()
    new = New(loaded)
    loaded.run("sh", "-c", "rm -rf /run/open/* /run/go /run/prepared /run/checked /run/ok /run/units; : >/run/asked")
    return new


def prepare(machine, command):
    """Prepare= runs this; what it did is in /run/prepared."""
    machine.write("/etc/systemd/system/shop-fetch@.service", f"""[Service]
Type=oneshot
EnvironmentFile=/var/lib/rollout/shop/instances/%i/env
ExecStart=/bin/sh -euc '{command}'
""")
    machine.run("systemctl", "daemon-reload")
    machine.configure(Rollout=["Prepare=shop-fetch@.service"], Canary=NO_STEPS)


def test_prepared_before_each_start(loaded, new):
    """An instance starts when its preparation is over and has succeeded, not before."""
    held = "until test -e /run/go; do sleep 0.05; done"
    prepare(loaded, f"{held}; echo $$ROLLOUT_INSTANCE $$ROLLOUT_VERSION >>/run/prepared; ! systemctl -q is-active shop@%i")
    new.deploy()
    wait_for("preparing", lambda: loaded.instance(new.one)["state"] == "starting")
    assert loaded.run("systemctl", "is-active", f"shop@{new.one}", check=False).strip() == "inactive"
    loaded.run("touch", "/run/go")
    new.wait("Paused")
    assert loaded.run("cat", "/run/prepared") == f"{new.one} {new.version}\n"
    loaded.verb("promote", full=True)
    new.wait("Healthy")
    assert loaded.run("sort", "/run/prepared") == f"{new.one} {new.version}\n{new.two} {new.version}\n"


def test_a_failed_preparation_takes_back(loaded, new):
    """It counts as a crash of the new version, and nothing of that was ever started."""
    prepare(loaded, f"[ $$ROLLOUT_VERSION != {new.version} ]")
    journal = ["journalctl", "-o", "cat", "-u", f"shop@{new.one}"]
    starts = loaded.run(*journal).count("Started")
    new.deploy()
    now = new.wait("Degraded")
    assert f"{new.one}, shop-fetch@{new.one}.service: failed: exit-code 1" in now["message"]
    assert loaded.run(*journal).count("Started") == starts
    assert new.share() == 0


def test_a_preparation_without_end_is_given_up(loaded, new):
    """An abort ends it, and the next deploy finds its place free."""
    prepare(loaded, f"[ $$ROLLOUT_VERSION != {new.version} ] || sleep infinity")
    new.deploy()
    wait_for("preparing", lambda: loaded.instance(new.one)["state"] == "starting")
    loaded.verb("abort")
    wait_for("the color's end", lambda: loaded.rollout()["canary"] is None)
    wait_for("its end", lambda: loaded.run("systemctl", "is-active", f"shop-fetch@{new.one}", check=False).strip() != "activating")
    loaded.deploy(another(loaded), wait="Paused")


def hook(name, moment, *more):
    """Sections for configure()."""
    return {f"Hook {name}": [f"At={moment}", f"URL=http://127.0.0.1:8099/{name}", "IntervalSec=1s", *more]}


def test_gates_wait_and_open(loaded, new, gates):
    """Each gate holds its moment and nothing else, and is shown."""
    steps = ["Step=", "Step=setWeight 20", "Step=setWeight 60"]
    loaded.configure(
        Canary=steps, **hook("start", "confirm-rollout"), **hook("more", "confirm-traffic-increase"), **hook("live", "confirm-promotion"), **hook("all", "event")
    )
    new.deploy()
    now = new.wait("Paused")
    assert now["waiting"]["for"] == "gate" and "confirm-rollout waits for start" in now["message"]
    wait_for("a second question", lambda: len(gates.asked("start")) > 1)
    assert loaded.instance(new.one)["state"] == "stopped", "nothing starts before"
    body = gates.asked("start")[0]
    assert body["name"] == "shop" and (body["version"], body["revision"]) == (new.version, new.revision) and body["step"] == 0 and body["metadata"] == {}
    gates.open("start")
    wait_for("the next gate", lambda: "confirm-traffic-increase waits for more: HTTP 403: not yet" in loaded.rollout()["message"])
    assert new.share() == 0
    gates.open("more")
    wait_for("the last gate", lambda: "confirm-promotion waits for live" in loaded.rollout()["message"])
    assert 0.5 < new.share() < 0.7
    gates.open("live")
    new.wait("Healthy")
    told_of = {"RolloutUpdated", "RolloutStepCompleted", "RolloutCompleted"}
    wait_for("the events", lambda: {each["metadata"]["eventType"] for each in gates.asked("all")} >= told_of)


def test_a_gate_suspends_no_safety(loaded, new, gates):
    """While a person thinks, the new version crashes: it is taken back."""
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=setWeight 60"], **hook("live", "confirm-promotion"))
    new.deploy()
    new.wait("Paused")
    loaded.run("systemctl", "kill", "-s", "SEGV", f"shop@{new.one}")
    now = new.wait("Degraded")
    assert "an instance crashed" in now["message"]
    wait_for("stable alone", lambda: new.share() == 0)
    calls = len(gates.asked("live"))
    gates.open("live")
    loaded.more_requests()
    assert loaded.rollout()["stable"] == new.old and len(gates.asked("live")) <= calls + 1


def test_pre_rollout_failure_aborts(loaded, new, gates):
    """It is asked again as often as Retries= says, with the canary ready and without a request."""
    loaded.configure(Canary=["Step=", "Step=setWeight 20"], **hook("smoke", "pre-rollout", "Retries=1"))
    new.deploy()
    now = new.wait("Degraded")
    assert "a hook failed: smoke, pre-rollout: HTTP 403: not yet" in now["message"]
    assert len(gates.asked("smoke")) == 2
    assert answered(loaded.counts(), new.version) == 0


def test_rollback_hook(loaded, new, gates):
    """Whoever opens it takes the rollout back, also from a pause."""
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause"], **hook("undo", "rollback"))
    new.deploy()
    new.wait("Paused")
    wait_for("questions", lambda: len(gates.asked("undo")) > 1)
    gates.open("undo")
    assert "a hook asked for it: undo, rollback" in new.wait("Degraded")["message"]


def test_units_as_hooks_and_a_killed_agent(loaded, new):
    """A oneshot unit answers by its success; an agent that is killed asks again."""
    loaded.write("/etc/systemd/system/shop-check@.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo %%i >>/run/checked; sleep 1; test -e /run/ok'\n".replace("%%", "%"))
    loaded.run("systemctl", "daemon-reload")
    loaded.configure(Canary=["Step=", "Step=setWeight 20"], **{"Hook check": ["At=confirm-promotion", "Unit=shop-check@.service", "IntervalSec=1s"]})
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    new.deploy()
    new.wait("Paused")
    wait_for("a failure", lambda: f"shop-check@{new.one}.service: failed" in loaded.rollout()["message"])
    loaded.run("systemctl", "kill", "-s", "KILL", "rollout@shop")
    loaded.run("touch", "/run/ok")
    new.wait("Healthy")
    assert set(loaded.run("cat", "/run/checked").split()) == {new.one}


def told(new, event, revision=None):
    """What the journal has of a kind of event of its revision, oldest first."""
    new.machine.run("journalctl", "--sync")
    entries = new.machine.run("journalctl", "-o", "cat", "-u", "rollout@shop", f"ROLLOUT_EVENT={event}").splitlines()
    return [entry for entry in entries if f": revision {revision or new.revision} (" in entry]


def test_a_gate_held_for_long_while_the_canary_starts_failing(loaded, new, gates):
    """Analysis in the background goes on while a person thinks: what turns bad then is taken back, and the gate opens nothing any more."""
    gates.rate(0.99)
    loaded.configure(
        Canary=["Step=", "Step=setWeight 20", "Step=setWeight 60", "BackgroundAnalysis=rate"],
        **{"Metric rate": ["Provider=web", "URL=http://127.0.0.1:8099/rate", "IntervalSec=1s", "SuccessCondition=result >= 0.95", "FailureCondition=result < 0.9"]},
        **hook("live", "confirm-promotion"),
    )
    new.deploy()
    new.wait("Paused")
    wait_for("a long wait", lambda: len(gates.asked("live")) > 8)
    now = loaded.rollout()
    assert now["waiting"]["for"] == "gate" and 0.5 < new.share() < 0.7
    gates.rate(0.5)
    now = new.wait("Degraded")
    assert "analysis failed" in now["message"]
    wait_for("stable alone", lambda: new.share() == 0)
    gates.open("live")
    calls = len(gates.asked("live"))
    loaded.more_requests()
    assert loaded.rollout()["stable"] == new.old and len(gates.asked("live")) <= calls + 1
    assert len(told(new, "RolloutPaused")) == 1 and not told(new, "RolloutResumed")


MOMENTS = ["confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion", "post-rollout", "rollback", "event"]


def test_each_moment_by_url(loaded, new, gates):
    """Each hook is asked when it is its turn, and as often as its moment comes."""
    for moment in MOMENTS:
        if moment != "rollback":
            gates.open(moment)
    sections = {name: lines for moment in MOMENTS for name, lines in hook(moment, moment).items()}
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause 2s", "Step=setWeight 60"], **sections)
    new.deploy()
    new.wait("Healthy")
    wait_for("the last event", lambda: any(each["metadata"]["eventType"] == "RolloutCompleted" for each in gates.asked("event")))
    wait_for("the promotion", lambda: gates.asked("post-rollout"))
    steps = {moment: [each["step"] for each in gates.asked(moment) if each["type"] == moment] for moment in MOMENTS}
    assert steps["confirm-rollout"] == [0] and steps["pre-rollout"] == [0]
    assert steps["rollout"] == [1]
    assert steps["confirm-traffic-increase"] == [0, 2, 3]
    assert steps["confirm-promotion"] == [3]
    assert len(steps["post-rollout"]) == 1 and len(steps["rollback"]) >= 2
    events = [each["metadata"]["eventType"] for each in gates.asked("event")]
    assert events[0] == "RolloutUpdated" and "RolloutCompleted" in events and set(steps["event"]) <= {0, 1, 2, 3}


def test_each_moment_by_unit(loaded, new):
    """The same by oneshot units, in the order of a rollout; who is only told may fail."""
    wanted = [moment for moment in MOMENTS if moment not in ("rollback", "event", "post-rollout")]
    for moment in MOMENTS:
        ends = {"rollback": "false", "post-rollout": "false"}.get(moment, "true")
        loaded.write(f"/etc/systemd/system/shop-{moment}@.service", f"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo {moment} %i >>/run/units; {ends}'\n")
    loaded.run("systemctl", "daemon-reload")
    sections = {f"Hook {moment}": [f"At={moment}", f"Unit=shop-{moment}@.service", "IntervalSec=1s"] for moment in MOMENTS}
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause 2s"], **sections)
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    new.deploy()
    new.wait("Healthy")
    wait_for("the promotion", lambda: f"the hook post-rollout was not told of RolloutCompleted, revision {new.revision}" in loaded.journal(400))
    ran = [line.split() for line in loaded.run("cat", "/run/units").splitlines()]
    order = [moment for moment, instance in ran if instance == new.one]
    assert order.count("rollback") >= 2 and order.count("event") > 5 and order.count("confirm-traffic-increase") == 2
    firsts = sorted(wanted, key=order.index)
    assert firsts == ["confirm-rollout", "pre-rollout", "confirm-traffic-increase", "rollout", "confirm-promotion"]
    assert "post-rollout" in order[order.index("confirm-promotion"):]  # that of revision 1 may be told again after the restart


def test_no_answer_in_time(loaded, new, gates):
    """TimeoutSec= ends the wait, for a gate as well as for what fails by it, by URL and by unit."""
    loaded.write("/etc/systemd/system/shop-slow@.service", "[Service]\nType=oneshot\nExecStart=sleep infinity\n")
    loaded.run("systemctl", "daemon-reload")
    loaded.configure(
        Canary=["Step=", "Step=setWeight 20"],
        **hook("silent", "confirm-rollout", "TimeoutSec=1s"),
        **{"Hook slow": ["At=pre-rollout", "Unit=shop-slow@.service", "TimeoutSec=1s", "IntervalSec=1s", "Retries=1"]},
    )
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    new.deploy()
    wait_for("the gate's time", lambda: "confirm-rollout waits for silent: timed out after 1s" in loaded.rollout()["message"])
    wait_for("it is asked again", lambda: len(gates.asked("silent")) > 2)
    loaded.configure(
        Canary=["Step=", "Step=setWeight 20"],
        **{"Hook slow": ["At=pre-rollout", "Unit=shop-slow@.service", "TimeoutSec=1s", "IntervalSec=1s", "Retries=1"]},
    )
    version = another(loaded)
    now = loaded.deploy(version, wait="Degraded")
    assert "a hook failed: slow, pre-rollout: " in now["message"] and f"shop-slow@{new.one}.service" in now["message"], now["message"]
    assert loaded.run("journalctl", "-o", "cat", "-u", f"shop-slow@{new.one}").count("Starting") == 2
    assert answered(loaded.counts(), version) == 0


def test_who_is_told_is_told_again(loaded, new, gates):
    """As often as Retries= says and in order; nobody waits for it, and the journal says what it was not told."""
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause"], **hook("all", "event", "Retries=2"))
    new.deploy()
    new.wait("Paused")
    wait_for("the end of its patience", lambda: f"the hook all was not told of RolloutUpdated, revision {new.revision}: HTTP 403: not yet" in loaded.journal(400))
    kinds = [each["metadata"]["eventType"] for each in gates.asked("all")]
    assert kinds[:3] == ["RolloutUpdated"] * 3 and "RolloutUpdated" not in kinds[3:]
    gates.open("all")
    loaded.verb("promote")
    new.wait("Healthy")
    wait_for("the last event", lambda: any(each["metadata"]["eventType"] == "RolloutCompleted" for each in gates.asked("all")))


def test_post_rollout_is_told_of_both_ends(loaded, new, gates):
    """Of what takes back and of a promotion, each as what it is; a hook of all events is told of them as events, too."""
    gates.open("both")
    loaded.configure(Canary=NO_STEPS, **hook("both", "event post-rollout"))

    def ends():
        return [(each["phase"], each["metadata"]["eventType"]) for each in gates.asked("both") if each["type"] == "post-rollout"]

    new.deploy()
    new.wait("Paused")
    assert not ends()
    loaded.verb("abort")
    wait_for("the abort", ends)
    loaded.verb("retry")
    new.wait("Paused")
    loaded.verb("undo")
    wait_for("the way back", lambda: len(ends()) > 1)
    new.deploy()
    new.wait("Paused")
    loaded.verb("promote")
    new.wait("Healthy")
    wait_for("the promotion", lambda: len(ends()) > 2)
    assert ends() == [("Degraded", "RolloutAborted"), ("Healthy", "RolloutAborted"), ("Healthy", "RolloutCompleted")]
    events = [each["metadata"]["eventType"] for each in gates.asked("both") if each["type"] == "event"]
    assert events.count("RolloutAborted") == 2 and events.count("RolloutCompleted") == 1


def test_promote_opens_no_gate(loaded, new, gates):
    """It says whom the gate waits for; --full passes it. The gate is told of once when it holds, and once when it has let go."""
    loaded.configure(Canary=["Step=", "Step=setWeight 20"], **hook("live", "confirm-promotion"))
    assert "confirm-promotion: live" in loaded.run("rolloutctl", "plan", "shop", new.version)
    new.deploy()
    new.wait("Paused")
    wait_for("an answer", lambda: "HTTP 403" in loaded.rollout()["message"])
    status, refused = loaded.ask("POST", "/v1/rollout/promote", {})
    assert status == 409 and "confirm-promotion waits for live, and goes on when that passes; promote --full" in str(refused), refused
    wait_for("more questions", lambda: len(gates.asked("live")) > 3)
    assert [line.split(": ")[-1] for line in told(new, "RolloutPaused")] == ["confirm-promotion waits for live"]
    gates.open("live")
    new.wait("Healthy")
    assert len(told(new, "RolloutResumed")) == 1 and len(told(new, "RolloutPaused")) == 1
    loaded.run("rm", "/run/open/live")
    loaded.wait_stopped(new.old["color"])
    revision = loaded.deploy(another(loaded), wait="Paused")["revision"]
    wait_for("an answer", lambda: "HTTP 403" in loaded.rollout()["message"])
    loaded.verb("promote", full=True)
    loaded.wait_phase("Healthy", revision=revision)
    assert told(new, "SkipSteps", revision)[-1].endswith("promote --full while confirm-promotion waits for live")
