# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the agent stands on doesn't do as it is told: HAProxy refuses, polkit or D-Bus is gone, a start hangs, the disk is full. It says
what is wrong, asks without haste, takes back what it can, and goes on by itself when the cause is mended."""
import re
import subprocess

import pytest
from shop import wait_for

AT_40 = ["Step=", "Step=setWeight 40", "Step=pause"]
STATE = "/var/lib/rollout/shop"


def says(machine, what, *phases):
    """Waits until the message has WHAT in it."""
    return wait_for(what, lambda: (now := machine.rollout()) and what in now["message"] and (not phases or now["phase"] in phases) and now)


def told(machine, pattern):
    """How many lines of the agent's journal match."""
    return len(re.findall(pattern, machine.run("journalctl", "--no-pager", "-o", "cat", "-u", "rollout@shop")))


def at_40(machine):
    machine.configure(Canary=AT_40)
    machine.verb("deploy", version="v2")
    machine.wait_phase("Paused")


def test_haproxy_that_takes_no_orders(loaded):
    at_40(loaded)
    config = f"{loaded.root}/etc/haproxy/haproxy.cfg"
    with open(config, encoding="ascii") as file:
        good = file.read()
    loaded.write("/etc/haproxy/haproxy.cfg", good.replace("level admin", "level operator"))
    loaded.run("systemctl", "reload", "haproxy")
    loaded.verb("promote")
    assert "the socket needs `level admin`" in says(loaded, "HAProxyRefused", "Progressing")["message"]
    loaded.more_requests(500)
    assert told(loaded, "refused an order") == 1
    loaded.write("/etc/haproxy/haproxy.cfg", good)
    loaded.run("systemctl", "reload", "haproxy")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


def test_polkit_is_gone(loaded):
    at_40(loaded)
    loaded.run("shop-release", "v3")
    loaded.run("systemctl", "mask", "--now", "polkit")
    loaded.verb("deploy", version="v3")
    says(loaded, "shop@green-1.service: was not stopped: Unit polkit.service is masked.", "Progressing")
    loaded.more_requests(1000)
    assert told(loaded, "was not stopped") == 1
    loaded.run("systemctl", "unmask", "polkit")
    assert loaded.wait_phase("Paused")["canary"]["version"] == "v3"


def test_template_is_gone(loaded):
    at_40(loaded)
    loaded.run("sh", "-c", "mv /etc/systemd/system/shop@.service /root; systemctl daemon-reload")
    loaded.verb("promote")
    says(loaded, "green-2 is stopped: was not started: there is no unit file for it", "Progressing")
    loaded.run("sh", "-c", "mv /root/shop@.service /etc/systemd/system; systemctl daemon-reload")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


# What a deploy needs came this very moment: the agent, asleep meanwhile, is asked before it has seen anything of that. And `systemctl
# reload haproxy` ends before the new worker is there.
ASLEEP = """agent=$(systemctl show --value -p MainPID rollout@shop)
kill -STOP "$agent"
sh -euc "$1"
rolloutctl deploy shop v1 & asked=$!
sleep 0.2
kill -CONT "$agent"
wait "$asked"
"""
NOW = {
    "unit": ("mv /etc/systemd/system/shop@.service /root; systemctl daemon-reload", "no such template",
             "mv /root/shop@.service /etc/systemd/system; systemctl daemon-reload"),
    "haproxy": ("systemctl stop haproxy; systemctl restart rollout@shop", "HAProxy does not listen", "systemctl start haproxy"),
    "server": ("sed -i /green-2/d /etc/haproxy/haproxy.cfg; systemctl restart haproxy rollout@shop", "no server green-2",
               "echo '    server green-2 127.0.0.1:9012' >/root/server; sed -i '/server green-1/r /root/server' /etc/haproxy/haproxy.cfg; "
               "systemctl reload haproxy"),
}


@pytest.mark.parametrize("gone, refused, come", NOW.values(), ids=NOW.keys())
def test_deploy_in_the_moment_in_which_it_can(machine, gone, refused, come):
    machine.run("sh", "-euc", gone)

    def is_refused():
        ran = subprocess.run([*machine.prefix, "rolloutctl", "deploy", "shop", "v1"], check=False, capture_output=True, text=True, timeout=60)
        assert ran.returncode != 0
        return refused in ran.stderr

    wait_for("refusal", is_refused)
    machine.run("sh", "-euc", ASLEEP, "sh", come)
    assert machine.wait_phase("Healthy")["stable"]["version"] == "v1"


def test_dbus_is_gone(loaded):
    at_40(loaded)
    loaded.run("systemctl", "stop", "dbus.socket", "dbus")
    loaded.verb("promote")
    assert says(loaded, "SystemdUnreachable", "Progressing")["instances"][0]["state"] != "stopped"
    loaded.run("systemctl", "start", "dbus.socket", "dbus")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


def test_start_that_hangs_is_ended_by_an_abort(loaded):
    hangs = "[Service]\nType=notify\nTimeoutStartSec=infinity\nTimeoutStopSec=1s\n"
    loaded.write("/etc/systemd/system/shop@green-1.service.d/hang.conf", hangs)
    loaded.run("systemctl", "daemon-reload")
    loaded.configure(Rollout=["AbortScaleDownDelaySec=0"], Canary=AT_40)
    loaded.verb("deploy", version="v2")
    wait_for("the start", lambda: loaded.instance("green-1")["state"] == "starting")
    loaded.verb("abort")
    wait_for("the stop", lambda: loaded.instance("green-1")["state"] == "stopped")
    loaded.run("sh", "-c", "rm -r /etc/systemd/system/shop@green-1.service.d; systemctl daemon-reload")
    loaded.verb("retry")
    loaded.wait_phase("Paused")


def test_nothing_runs_in_a_color_that_was_given_up(loaded):
    """systemd may start once more what has just been seen failed for good."""
    at_40(loaded)
    loaded.verb("abort")
    wait_for("the canary's end", lambda: loaded.rollout()["canary"] is None and loaded.instance("green-1")["state"] == "stopped")
    loaded.run("systemctl", "start", "shop@green-1")
    active = ["systemctl", "show", "--value", "-p", "ActiveState", "shop@green-1"]
    wait_for("its end", lambda: loaded.run(*active).strip() in ("inactive", "failed"))
    assert loaded.servers()["green-1"]["maint"]


def test_disk_full_in_a_rollout(loaded):
    loaded.run("sh", "-euc", f"""systemctl stop rollout@shop
        cp -a {STATE} /root/kept; mount -t tmpfs -o size=400k,mode=755 tmpfs {STATE}; cp -a /root/kept/. {STATE}
        chown rollout:rollout {STATE}; systemctl start rollout@shop""")
    loaded.wait_phase("Healthy")
    at_40(loaded)
    loaded.run("sh", "-c", f"cat /dev/zero >{STATE}/filler 2>&-; true")
    status, document = loaded.ask("POST", "/v1/rollout/promote", {})
    assert status >= 500 and "No space left" in document["detail"], document
    loaded.more_requests(250)
    assert loaded.rollout()["weight"]["actual"] == 40
    assert "not durable" in loaded.verb("abort")["message"]
    wait_for("everything back to stable", lambda: loaded.servers()["green-1"]["weight"] == 0)
    assert says(loaded, "DiskFailure", "Degraded")
    loaded.more_requests(1000)
    assert told(loaded, "cannot write") < 10
    loaded.run("rm", f"{STATE}/filler")
    says(loaded, "RolloutAborted", "Degraded")
    assert loaded.rollout()["stable"]["version"] == "v1"


def test_prometheus_away_for_a_while(loaded):
    loaded.configure(Canary=["Step=", "Step=setWeight 40", "Step=analysis no-errors"])
    loaded.run("systemctl", "stop", "prometheus")
    loaded.wait_samples = lambda: None
    loaded.verb("deploy", version="v2")
    wait_for("an error", lambda: "connection refused" in str(loaded.rollout().get("analysis")))
    loaded.run("systemctl", "start", "prometheus")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
