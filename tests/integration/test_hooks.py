# SPDX-License-Identifier: LGPL-2.1-or-later
"""What runs before instances start and between the steps: Prepare= and hooks."""
import json

from shop import answered, wait_for

NO_STEPS = ["Step=", "Step=setWeight 20", "Step=pause"]


def prepare(machine, command):
    """Prepare= runs this; what it did is in /run/prepared."""
    machine.write("/etc/systemd/system/shop-fetch@.service", f"""[Service]
Type=oneshot
EnvironmentFile=/var/lib/rollout/shop/instances/%i/env
ExecStart=/bin/sh -euc '{command}'
""")
    machine.run("systemctl", "daemon-reload")
    machine.configure(Rollout=["Prepare=shop-fetch@.service"], Canary=NO_STEPS)


def test_prepared_before_each_start(loaded):
    """An instance starts when its preparation is over and has succeeded, not before."""
    prepare(loaded, "sleep 1; echo $$ROLLOUT_INSTANCE $$ROLLOUT_VERSION >>/run/prepared; ! systemctl -q is-active shop@%i")
    loaded.verb("deploy", version="v2")
    wait_for("preparing", lambda: loaded.instance("green-1")["state"] == "starting")
    assert loaded.run("systemctl", "is-active", "shop@green-1", check=False).strip() == "inactive"
    loaded.wait_phase("Paused", revision=2)
    assert loaded.run("cat", "/run/prepared") == "green-1 v2\n"
    loaded.verb("promote", full=True)
    loaded.wait_phase("Healthy", revision=2)
    assert loaded.run("sort", "/run/prepared") == "green-1 v2\ngreen-2 v2\n"


def test_a_failed_preparation_takes_back(loaded):
    """It counts as a crash of the new version, and nothing of that was ever started."""
    prepare(loaded, "[ $$ROLLOUT_VERSION != v2 ]")
    loaded.verb("deploy", version="v2")
    now = loaded.wait_phase("Degraded", revision=2)
    assert "green-1, shop-fetch@green-1.service: failed: exit-code 1" in now["message"]
    assert "Started" not in loaded.run("journalctl", "-o", "cat", "-u", "shop@green-1")
    assert loaded.share() == 0


def test_a_preparation_without_end_is_given_up(loaded):
    """An abort ends it, and the next deploy finds its place free."""
    prepare(loaded, "[ $$ROLLOUT_VERSION != v2 ] || sleep infinity")
    loaded.verb("deploy", version="v2")
    wait_for("preparing", lambda: loaded.instance("green-1")["state"] == "starting")
    loaded.verb("abort")
    wait_for("the color's end", lambda: loaded.rollout()["canary"] is None)
    wait_for("its end", lambda: loaded.run("systemctl", "is-active", "shop-fetch@green-1", check=False).strip() != "activating")
    loaded.run("shop-release", "v3")
    loaded.deploy("v3", wait="Paused")


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
        machine.write("/root/gate.py", GATE)
        machine.run("systemd-run", "--quiet", "--unit=gate", "/usr/bin/python3", "/root/gate.py")
        wait_for("the gates", lambda: machine.run("curl", "-s", "-d", "", "http://127.0.0.1:8099/up", check=False))

    def open(self, name):
        self.machine.run("touch", f"/run/open/{name}")

    def rate(self, value):
        self.machine.write("/run/open/rate", str(value))

    def asked(self, name):
        lines = [line.split(" ", 1) for line in self.machine.run("cat", "/run/asked").splitlines()]
        return [json.loads(body) for path, body in lines if path == f"/{name}"]


def hook(name, moment, *more):
    """Sections for configure()."""
    return {f"Hook {name}": [f"At={moment}", f"URL=http://127.0.0.1:8099/{name}", "IntervalSec=1s", *more]}


def test_gates_wait_and_open(loaded):
    """Each gate holds its moment and nothing else, and is shown."""
    gates = Gates(loaded)
    steps = ["Step=", "Step=setWeight 20", "Step=setWeight 60"]
    loaded.configure(
        Canary=steps, **hook("start", "confirm-rollout"), **hook("more", "confirm-traffic-increase"), **hook("live", "confirm-promotion"), **hook("all", "event")
    )
    loaded.verb("deploy", version="v2")
    now = loaded.wait_phase("Paused", revision=2)
    assert now["waiting"]["for"] == "gate" and "confirm-rollout waits for start" in now["message"]
    wait_for("a second question", lambda: len(gates.asked("start")) > 1)
    assert loaded.instance("green-1")["state"] == "stopped", "nothing starts before"
    body = gates.asked("start")[0]
    assert body["name"] == "shop" and body["version"] == "v2" and body["revision"] == 2 and body["step"] == 0 and body["metadata"] == {}
    gates.open("start")
    wait_for("the next gate", lambda: "confirm-traffic-increase waits for more: HTTP 403: not yet" in loaded.rollout()["message"])
    assert loaded.share() == 0
    gates.open("more")
    wait_for("the last gate", lambda: "confirm-promotion waits for live" in loaded.rollout()["message"])
    assert 0.5 < loaded.share() < 0.7
    gates.open("live")
    loaded.wait_phase("Healthy", revision=2)
    assert {each["metadata"]["eventType"] for each in gates.asked("all")} >= {"RolloutUpdated", "RolloutStepCompleted", "RolloutCompleted"}


def test_a_gate_suspends_no_safety(loaded):
    """While a person thinks, the new version crashes: it is taken back."""
    gates = Gates(loaded)
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=setWeight 60"], **hook("live", "confirm-promotion"))
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused", revision=2)
    loaded.run("systemctl", "kill", "-s", "SEGV", "shop@green-1")
    now = loaded.wait_phase("Degraded", revision=2)
    assert "an instance crashed" in now["message"]
    wait_for("stable alone", lambda: loaded.share() == 0)
    calls = len(gates.asked("live"))
    gates.open("live")
    loaded.more_requests()
    assert loaded.rollout()["stable"]["version"] == "v1" and len(gates.asked("live")) <= calls + 1


def test_pre_rollout_failure_aborts(loaded):
    """It is asked again as often as Retries= says, with the canary ready and without a request."""
    gates = Gates(loaded)
    loaded.configure(Canary=["Step=", "Step=setWeight 20"], **hook("smoke", "pre-rollout", "Retries=1"))
    loaded.verb("deploy", version="v2")
    now = loaded.wait_phase("Degraded", revision=2)
    assert "a hook failed: smoke, pre-rollout: HTTP 403: not yet" in now["message"]
    assert len(gates.asked("smoke")) == 2
    assert answered(loaded.counts(), "v2") == 0


def test_rollback_hook(loaded):
    """Whoever opens it takes the rollout back, also from a pause."""
    gates = Gates(loaded)
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause"], **hook("undo", "rollback"))
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused", revision=2)
    wait_for("questions", lambda: len(gates.asked("undo")) > 1)
    gates.open("undo")
    assert "a hook asked for it: undo, rollback" in loaded.wait_phase("Degraded", revision=2)["message"]


def test_units_as_hooks_and_a_killed_agent(loaded):
    """A oneshot unit answers by its success; an agent that is killed asks again."""
    loaded.write("/etc/systemd/system/shop-check@.service", "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo %%i >>/run/checked; sleep 1; test -e /run/ok'\n".replace("%%", "%"))
    loaded.run("systemctl", "daemon-reload")
    loaded.configure(Canary=["Step=", "Step=setWeight 20"], **{"Hook check": ["At=confirm-promotion", "Unit=shop-check@.service", "IntervalSec=1s"]})
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused", revision=2)
    wait_for("a failure", lambda: "shop-check@green-1.service: failed" in loaded.rollout()["message"])
    loaded.run("systemctl", "kill", "-s", "KILL", "rollout@shop")
    loaded.run("touch", "/run/ok")
    loaded.wait_phase("Healthy", revision=2)
    assert set(loaded.run("cat", "/run/checked").split()) == {"green-1"}


def told(machine, event):
    """What the journal has of a kind of event, oldest first."""
    entries = machine.run("journalctl", "-o", "json", "-u", "rollout@shop", f"ROLLOUT_EVENT={event}").splitlines()
    return [json.loads(entry)["MESSAGE"] for entry in entries]


def test_a_gate_held_for_long_while_the_canary_starts_failing(loaded):
    """Analysis in the background goes on while a person thinks: what turns bad then is taken back, and the gate opens nothing any more."""
    gates = Gates(loaded)
    gates.rate(0.99)
    loaded.configure(
        Canary=["Step=", "Step=setWeight 20", "Step=setWeight 60", "BackgroundAnalysis=rate"],
        **{"Metric rate": ["Provider=web", "URL=http://127.0.0.1:8099/rate", "IntervalSec=1s", "SuccessCondition=result >= 0.95", "FailureCondition=result < 0.9"]},
        **hook("live", "confirm-promotion"),
    )
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused", revision=2)
    wait_for("a long wait", lambda: len(gates.asked("live")) > 8)
    now = loaded.rollout()
    assert now["waiting"]["for"] == "gate" and 0.5 < loaded.share() < 0.7
    gates.rate(0.5)
    now = loaded.wait_phase("Degraded", revision=2)
    assert "analysis failed" in now["message"]
    wait_for("stable alone", lambda: loaded.share() == 0)
    gates.open("live")
    calls = len(gates.asked("live"))
    loaded.more_requests()
    assert loaded.rollout()["stable"]["version"] == "v1" and len(gates.asked("live")) == calls
    assert len(told(loaded, "RolloutPaused")) == 1 and not told(loaded, "RolloutResumed")


MOMENTS = ["confirm-rollout", "pre-rollout", "rollout", "confirm-traffic-increase", "confirm-promotion", "post-rollout", "rollback", "event"]


def test_each_moment_by_url(loaded):
    """Each hook is asked when it is its turn, and as often as its moment comes."""
    gates = Gates(loaded)
    for moment in MOMENTS:
        if moment != "rollback":
            gates.open(moment)
    sections = {name: lines for moment in MOMENTS for name, lines in hook(moment, moment).items()}
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause 3s", "Step=setWeight 60"], **sections)
    loaded.deploy("v2")
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


def test_each_moment_by_unit(loaded):
    """The same by oneshot units, in the order of a rollout; who is only told may fail."""
    wanted = [moment for moment in MOMENTS if moment not in ("rollback", "event", "post-rollout")]
    for moment in MOMENTS:
        ends = {"rollback": "false", "post-rollout": "false"}.get(moment, "true")
        loaded.write(f"/etc/systemd/system/shop-{moment}@.service", f"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo {moment} %i >>/run/units; {ends}'\n")
    loaded.run("systemctl", "daemon-reload")
    sections = {f"Hook {moment}": [f"At={moment}", f"Unit=shop-{moment}@.service", "IntervalSec=1s"] for moment in MOMENTS}
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause 3s"], **sections)
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    loaded.deploy("v2")
    wait_for("the promotion", lambda: "the hook post-rollout was not told of RolloutCompleted, revision 2" in loaded.journal(400))
    ran = [line.split() for line in loaded.run("cat", "/run/units").splitlines()]
    order = [moment for moment, instance in ran if instance == "green-1"]
    assert order.count("rollback") >= 2 and order.count("event") > 5 and order.count("confirm-traffic-increase") == 2
    firsts = sorted(wanted, key=order.index)
    assert firsts == ["confirm-rollout", "pre-rollout", "confirm-traffic-increase", "rollout", "confirm-promotion"]
    assert "post-rollout" in order[order.index("confirm-promotion"):]  # that of revision 1 may be told again after the restart


def test_no_answer_in_time(loaded):
    """TimeoutSec= ends the wait, for a gate as well as for what fails by it, by URL and by unit."""
    gates = Gates(loaded)
    loaded.write("/etc/systemd/system/shop-slow@.service", "[Service]\nType=oneshot\nExecStart=sleep infinity\n")
    loaded.run("systemctl", "daemon-reload")
    loaded.configure(
        Canary=["Step=", "Step=setWeight 20"],
        **hook("silent", "confirm-rollout", "TimeoutSec=1s"),
        **{"Hook slow": ["At=pre-rollout", "Unit=shop-slow@.service", "TimeoutSec=1s", "IntervalSec=1s", "Retries=1"]},
    )
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    loaded.verb("deploy", version="v2")
    wait_for("the gate's time", lambda: "confirm-rollout waits for silent: timed out after 1s" in loaded.rollout()["message"])
    wait_for("it is asked again", lambda: len(gates.asked("silent")) > 2)
    loaded.configure(
        Canary=["Step=", "Step=setWeight 20"],
        **{"Hook slow": ["At=pre-rollout", "Unit=shop-slow@.service", "TimeoutSec=1s", "IntervalSec=1s", "Retries=1"]},
    )
    loaded.run("shop-release", "v3")
    now = loaded.deploy("v3", wait="Degraded")
    assert "a hook failed: slow, pre-rollout: " in now["message"] and "shop-slow@green-1.service" in now["message"], now["message"]
    assert loaded.run("journalctl", "-o", "cat", "-u", "shop-slow@green-1").count("Starting") == 2
    assert answered(loaded.counts(), "v3") == 0


def test_who_is_told_is_told_again(loaded):
    """As often as Retries= says and in order; nobody waits for it, and the journal says what it was not told."""
    gates = Gates(loaded)
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause"], **hook("all", "event", "Retries=2"))
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused", revision=2)
    wait_for("the end of its patience", lambda: "the hook all was not told of RolloutUpdated, revision 2: HTTP 403: not yet" in loaded.journal(400))
    kinds = [each["metadata"]["eventType"] for each in gates.asked("all")]
    assert kinds[:3] == ["RolloutUpdated"] * 3 and "RolloutUpdated" not in kinds[3:]
    gates.open("all")
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=2)
    wait_for("the last event", lambda: gates.asked("all")[-1]["metadata"]["eventType"] == "RolloutCompleted")


def test_post_rollout_is_told_of_both_ends(loaded):
    """Of an abort and of a promotion, each as what it is; a hook of all events is told of them as events, too."""
    gates = Gates(loaded)
    gates.open("both")
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause"], **hook("both", "event post-rollout"))

    def ends():
        return [(each["phase"], each["metadata"]["eventType"]) for each in gates.asked("both") if each["type"] == "post-rollout"]

    loaded.deploy("v2", wait="Paused")
    assert not ends()
    loaded.verb("abort")
    wait_for("the abort", ends)
    loaded.verb("retry")
    loaded.wait_phase("Paused", revision=2)
    loaded.verb("promote")
    loaded.wait_phase("Healthy", revision=2)
    wait_for("the promotion", lambda: len(ends()) > 1)
    assert ends() == [("Degraded", "RolloutAborted"), ("Healthy", "RolloutCompleted")]
    events = [each["metadata"]["eventType"] for each in gates.asked("both") if each["type"] == "event"]
    assert events.count("RolloutAborted") == 1 and events.count("RolloutCompleted") == 1


def test_promote_opens_no_gate(loaded):
    """It says whom the gate waits for; --full passes it. The gate is told of once when it holds, and once when it has let go."""
    gates = Gates(loaded)
    loaded.configure(Canary=["Step=", "Step=setWeight 20"], **hook("live", "confirm-promotion"))
    assert "confirm-promotion: live" in loaded.run("rolloutctl", "plan", "shop", "v2")
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused", revision=2)
    wait_for("an answer", lambda: "HTTP 403" in loaded.rollout()["message"])
    status, refused = loaded.ask("POST", "/v1/rollout/promote", {})
    assert status == 409 and "confirm-promotion waits for live, and goes on when that passes; promote --full" in str(refused), refused
    wait_for("more questions", lambda: len(gates.asked("live")) > 3)
    assert [line.split(": ")[-1] for line in told(loaded, "RolloutPaused")] == ["confirm-promotion waits for live"]
    gates.open("live")
    loaded.wait_phase("Healthy", revision=2)
    assert len(told(loaded, "RolloutResumed")) == 1 and len(told(loaded, "RolloutPaused")) == 1
    loaded.run("rm", "/run/open/live")
    loaded.wait_stopped("blue")
    loaded.run("shop-release", "v3")
    loaded.deploy("v3", wait="Paused")
    wait_for("an answer", lambda: "HTTP 403" in loaded.rollout()["message"])
    loaded.verb("promote", full=True)
    loaded.wait_phase("Healthy", revision=3)
    assert told(loaded, "SkipSteps")[-1].endswith("promote --full while confirm-promotion waits for live")
