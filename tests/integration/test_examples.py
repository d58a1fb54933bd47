# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of a whole platform, run as they are written: a canary and a blue-green with everything that they need on a host. Only
durations are shorter: a minute is three seconds."""
import json
import re

from conftest import TOP
from shop import answered, wait_for

FASTER = 20
UNITS = {"h": 3600, "min": 60, "m": 60, "s": 1}
DURATION = re.compile(r"(?<=[= ])(\d+)(h|min|m|s)(?![\w.])")

# A service with what the templates ask of one: counters of its own, on the port that it serves.
SERVICE = r"""#!/usr/bin/python3
import http.server, os, time

version, began = os.environ["ROLLOUT_VERSION"], time.monotonic()
failing = 0.5 if version == "broken" else 0.01


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"ok\n"
        if self.path == "/metrics":
            done = 100 * (time.monotonic() - began)
            with open("/proc/self/statm", encoding="ascii") as file:
                memory = 4096 * int(file.read().split()[1])
            body = (
                f"workflow_runs_total {done}\nworkflow_failures_total {done * failing}\n"
                f"automation_runs_total {done}\nautomation_successes_total {done * (1 - failing)}\n"
                f"process_cpu_seconds_total {time.process_time()}\nprocess_resident_memory_bytes {memory}\n"
            ).encode()
        self.send_response(200)
        self.send_header("X-Version", version)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass  # health checks hang up


Server((os.environ["HOST"], int(os.environ["PORT"])), Service).serve_forever()
"""


def faster(text):
    """Every duration of a file, but for comments, by FASTER."""
    lines = [line if line.lstrip().startswith("#") else DURATION.sub(lambda d: f"{int(d[1]) * UNITS[d[2]] * 1000 // FASTER}ms", line)
             for line in text.split("\n")]
    return "\n".join(lines)


def install(machine, app):
    """The host of the examples, in place of the one of shop; version v1 is live."""
    machine.run("systemctl", "disable", "--now", "--quiet", "rollout@shop")
    machine.app = app
    machine.run("rm", "-r", "/etc/rollout/shop.conf")
    for template in (TOP / "templates").glob("*.conf"):
        machine.write(f"/etc/rollout/analysis/{template.name}", faster(template.read_text(encoding="utf-8")))
    examples = "/usr/share/doc/rollout/examples"
    for name, place in (("ai-engine-haproxy.cfg", "/etc/haproxy/haproxy.cfg"), (f"{app}@.service", f"/etc/systemd/system/{app}@.service")):
        machine.run("cp", f"{examples}/{name}", place)
    machine.write(f"/etc/rollout/{app}.conf", faster(machine.run("cat", f"{examples}/{app}.conf")))
    machine.write("/etc/prometheus/prometheus.yml", faster(machine.run("cat", f"{examples}/ai-engine-prometheus.yml")))
    for version in ("v1", "v2", "broken"):
        program = f"/srv/{app}/releases/{version}/bin/{app}"
        machine.write(program, SERVICE)
        machine.run("chmod", "755", program)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "haproxy", "prometheus")
    machine.run("systemctl", "enable", "--now", "--quiet", f"rollout@{app}")
    assert machine.run("rolloutctl", "lint", app) == f"{app}: good\n"
    machine.run("rolloutctl", "deploy", app, "v1", "--watch", "--timeout", "1min")


def end(machine, seconds):
    """How it ended, or that nobody can tell, and the shares on the way there."""
    shares = []

    def ended():
        now = machine.rollout()
        if now["canary"] and now["weight"]["desired"] not in shares[-1:]:
            shares.append(now["weight"]["desired"])
        return now if now["phase"] in ("Healthy", "Degraded") or "Inconclusive" in now["message"] else None

    return wait_for("the end", ended, seconds), shares


def test_canary(machine):
    app = "ai-engine-api"
    install(machine, app)
    plan = json.loads(machine.run("rolloutctl", "plan", app, "v2", "--output", "json"))
    assert plan["steps"][-2]["beginsSec"] == 35 * 60 / FASTER, "as the example says"
    machine.start_load(per_second=200, port=8080)
    machine.wait_samples()
    machine.run("rolloutctl", "deploy", app, "v2")
    now, shares = end(machine, 240)
    assert now["phase"] == "Healthy" and now["stable"]["version"] == "v2", json.dumps(now)
    assert [share for share in shares if 0 < share < 100] == [20, 40, 60, 80]
    runs = json.loads(machine.run("rolloutctl", "analysis", app, "--output", "json"))
    assert [run["phase"] for run in runs] == ["Successful"] * 3
    machine.run("rolloutctl", "deploy", app, "broken")
    now, shares = end(machine, 90)
    assert now["phase"] == "Degraded" and "workflow-failure-rate" in now["message"], now
    assert now["stable"]["version"] == "v2" and max(shares) == 20
    total = machine.stop_load()
    assert total["failed"] == 0 and answered(total, "broken") > 0, total["failures"]


def test_blue_green(machine):
    app = "ai-engine-workers"
    install(machine, app)
    machine.start_load(per_second=200, port=8081)
    machine.run("rolloutctl", "deploy", app, "v2")
    wait_for("the preview", lambda: machine.servers(f"{app}-preview")["green-1"]["weight"] > 0)
    machine.start_load(per_second=100, port=8082, name="trial")
    now = machine.wait_phase("Paused")
    assert now["step"]["text"] == "wait for promote", now
    assert answered(machine.counts(), "v2") == 0 and answered(machine.counts("trial"), "v2") > 0
    machine.run("rolloutctl", "promote", app)
    now, _ = end(machine, 90)
    assert now["phase"] == "Healthy" and now["stable"]["version"] == "v2", json.dumps(now)
    runs = json.loads(machine.run("rolloutctl", "analysis", app, "--output", "json"))
    assert [run["phase"] for run in runs] == ["Successful"] * 2
    assert machine.stop_load()["failed"] == 0
    machine.wait_stopped("blue")
