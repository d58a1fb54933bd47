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
import http.server, json, pathlib

class Gate(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("/run/asked", "ab") as file:
            file.write(self.path.encode() + b" " + body + b"\\n")
        self.send_response(200 if pathlib.Path("/run/open" + self.path).exists() else 403)
        self.end_headers()
        self.wfile.write(b"not yet\\n")

pathlib.Path("/run/open").mkdir(exist_ok=True)
http.server.HTTPServer(("127.0.0.1", 8099), Gate).serve_forever()
"""


class Gates:
    """Answers hooks in the machine: 403 until it is opened."""

    def __init__(self, machine):
        self.machine = machine
        machine.write("/root/gate.py", GATE)
        machine.run("systemd-run", "--quiet", "--unit=gate", "/usr/bin/python3", "/root/gate.py")
        wait_for("the gates", lambda: machine.run("curl", "-s", "-d", "", "http://127.0.0.1:8099/up", check=False))

    def open(self, name):
        self.machine.run("touch", f"/run/open/{name}")

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
