# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of a whole platform, run as they are written: a canary and a blue-green with everything that they need on a host. Only
durations are shorter: a minute is two seconds."""
import json
import re

from conftest import TOP
from shop import answered, wait_for

FASTER = 30
UNITS = {"h": 3600, "min": 60, "m": 60, "s": 1}
DURATION = re.compile(r"(?<=[= ])(\d+)(h|min|m|s)(?![\w.])")


def faster(text):
    """Every duration of a file, but for comments, by FASTER; windows of measurements only so far that some scrapes may be missed in them."""
    text = re.sub("^window=1m$", f"window={6 * FASTER}s", text, flags=re.MULTILINE)
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
    for version, options in (("v1", {}), ("v2", {}), ("broken", {"failures": 0.5})):
        folder = f"/srv/{app}/releases/{version}/bin"
        machine.run("install", "-D", "-m", "755", "/root/machine/app.py", f"{folder}/{app}")
        machine.write(f"{folder}/options.json", json.dumps({"version": version, **options}))
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
    assert now["phase"] == "Degraded" and "workflow-failure-rate" in now["message"], json.dumps(now)
    assert now["stable"]["version"] == "v2" and max(shares) == 20
    total = machine.stop_load()
    assert total["failed"] == 0 and answered(total, "broken") > 0, total["failures"]


def test_blue_green(machine):
    app = "ai-engine-workers"
    install(machine, app)
    machine.start_load(per_second=200, port=8081)
    machine.start_load(per_second=100, port=8082, name="trial")  # before there is anything to try: it is asked about at once
    machine.wait_samples()
    machine.run("rolloutctl", "deploy", app, "v2")
    now = machine.wait_phase("Paused")
    assert now["step"]["text"] == "wait for promote", json.dumps(now)
    assert answered(machine.counts(), "v2") == 0 and answered(machine.counts("trial"), "v2") > 0
    machine.run("rolloutctl", "promote", app)
    now, _ = end(machine, 90)
    assert now["phase"] == "Healthy" and now["stable"]["version"] == "v2", json.dumps(now)
    runs = json.loads(machine.run("rolloutctl", "analysis", app, "--output", "json"))
    assert [run["phase"] for run in runs] == ["Successful"] * 2
    assert machine.stop_load()["failed"] == 0
    machine.wait_stopped("blue")
