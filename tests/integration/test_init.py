# SPDX-License-Identifier: LGPL-2.1-or-later
"""A new app, begun by `rolloutctl init` and the commands that it names, goes live; and `plan` tells what comes before it does."""
import json

INIT = ["rolloutctl", "init", "shop", "--replicas", "2", "--port", "9001", "--bind", "127.0.0.1:80", "--exec", "bin/shop"]
# Debian's own configuration has this, timeouts in milliseconds, and no retries.
STOCK = """global
    stats socket /run/haproxy/admin.sock mode 660 level admin
    user haproxy
    group haproxy

defaults
    mode http
    timeout connect 5000
    timeout client 50000
    timeout server 50000
"""
# What the test's service needs beyond the unit that init writes: nginx wants a folder of its own.
SERVICE = "[Service]\nRuntimeDirectory=shop-%i\nKillSignal=SIGQUIT\nDynamicUser=no\nUser=www-data\n"


def begin_anew(machine):
    """The machine as if nobody had set up the app."""
    machine.run("systemctl", "disable", "--now", "--quiet", "rollout@shop", "prometheus")
    machine.run("rm", "-r", "/etc/rollout/shop.conf", "/etc/systemd/system/shop@.service", "/var/lib/rollout/shop")
    machine.write("/etc/haproxy/haproxy.cfg", STOCK)
    machine.write("/etc/systemd/system/shop@.service.d/test.conf", SERVICE)


def test_from_init_to_live(machine):
    begin_anew(machine)
    said = json.loads(machine.run(*INIT, "-o", "json"))
    for command in said["next"]:
        assert "VERSION" not in command or command.startswith("rolloutctl deploy")
        output = machine.run("sh", "-euc", command.replace("VERSION", "v1"))
        assert "lint" not in command or output == "shop: good\n"
    now = machine.rollout()
    assert now["phase"] == "Healthy" and now["stable"]["version"] == "v1"
    machine.start_load()
    assert machine.stop_load()["failed"] == 0
    before = now["generation"]
    status, plan = machine.ask("POST", "/v1/rollout/deploy?dryRun=1", {"version": "v2"})
    assert status == 200 and plan["verdict"] == "accepted" and plan["revision"] == 2
    assert [(s["text"], s["weight"], s["instances"], s["stableInstances"]) for s in plan["steps"]][:2] == [("setWeight 20", 20, 1, 2), ("pause 5min", 20, 1, 2)]
    assert [s["beginsSec"] for s in plan["steps"]] == [0, 0, 300, 420, 420, 720, 840, 870]
    assert "pause 5min" in machine.run("rolloutctl", "plan", "shop", "v2")
    assert machine.ask("POST", "/v1/rollout/deploy?dryRun=1", {"version": "v9"})[0] == 400, "its folder is missing, for a deploy, too"
    assert machine.rollout()["generation"] == before
    assert [entry["version"] for entry in machine.ask("GET", "/v1/revisions")[1]] == ["v1"]
