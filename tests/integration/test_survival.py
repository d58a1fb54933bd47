# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a rollout survives: HAProxy's reload and restart, the agent's death, the machine's reboot."""
import json
import os
import pathlib
import random
import time

import pytest
from shop import wait_for

AT_40 = ["Step=", "Step=setWeight 40", "Step=pause"]


def canary_share(machine):
    servers = machine.servers()
    total = sum(s["weight"] for s in servers.values() if s["up"] and not s["maint"])
    return sum(s["weight"] for n, s in servers.items() if n.startswith("green") and s["up"] and not s["maint"]) / total if total else 0


def test_haproxy_reload_mid_step(loaded):
    loaded.configure(Canary=AT_40)
    loaded.verb("deploy", version="v2")
    loaded.wait_phase("Paused")
    for _ in range(3):
        loaded.run("systemctl", "reload", "haproxy")
        wait_for("40 % again", lambda: abs(canary_share(loaded) - 0.4) < 0.001)
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    loaded.wait_stopped("blue")


def weights(servers):
    return {name: (server["weight"], server["maint"], server["drain"]) for name, server in servers.items()}


def assert_nothing_lost_but_while_closed(total, since):
    """What comes while HAProxy is down is refused, what it was answering at its end is cut off. Once its port is open again nothing is lost."""
    number, _, last = total["refused"]
    assert number > 0
    assert total["failed"] == len(total["failures"])
    assert [failure for failure in total["failures"] if not since < failure[0] <= last or "status" in failure[1]] == []


def restart_under_load(machine, *commands):
    """Restarts HAProxy after COMMANDS; the servers as the new one shows them first."""
    old, _ = machine.haproxy_now()
    machine.start_load(may_refuse=True)
    since = time.time()
    machine.run("sh", "-euc", "\n".join([*commands, "systemctl restart --no-block haproxy"]))
    _, first = machine.wait_another_haproxy(old)
    wait_for("40 %", lambda: abs(canary_share(machine) - 0.4) < 0.001)
    machine.more_requests(500)
    assert_nothing_lost_but_while_closed(machine.stop_load(), since)
    return first


def test_haproxy_restart_mid_step(machine):
    """A restart refuses connections for a moment, whatever anybody does: that is all that is lost."""
    machine.deploy("v1")
    machine.configure(Canary=AT_40)
    machine.verb("deploy", version="v2")
    machine.wait_phase("Paused")
    before = weights(machine.servers())
    assert weights(restart_under_load(machine)) == before, "HAProxy begins with what its file says"
    restart_under_load(machine, "rm -f /var/lib/rollout/shop/haproxy/*.state")
    assert weights(machine.servers()) == before, "by the agent alone"
    machine.start_load()
    machine.verb("promote")
    assert machine.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert machine.stop_load()["failed"] == 0


def test_agent_killed_ten_times_in_a_rollout(loaded):
    """At each weight once, while the pause or the analysis behind it goes on or as the next one is set; the rollout cannot end before."""
    moments = random.Random(10)  # the same ones each time, as far as that is in our hands
    deaths = range(5, 55, 5)
    behind = {at: "analysis no-errors" if at % 15 == 0 else "pause 1s" for at in deaths}
    loaded.configure(Canary=["Step="] + [f"Step={step}" for at in behind for step in (f"setWeight {at}", behind[at])] + ["Step=pause"])
    revision = loaded.verb("deploy", version="v2")["revision"]
    for weight in deaths:
        wait_for(f"{weight} %", lambda at=weight: loaded.rollout().get("weight", {}).get("desired", 0) >= at)
        pid = wait_for("an agent", loaded.agent_pid)
        time.sleep(moments.uniform(0, 0.6))  # to die at another moment each time, not to wait for anything
        loaded.run("kill", "-9", str(pid))
        rollout = loaded.saved()["rollout"]
        assert (rollout["mode"], rollout["revision"], rollout["attempt"]) == ("running", revision, 1)
        wait_for("another agent", lambda old=pid: loaded.agent_pid() not in (0, old), 20)
    assert loaded.run("systemctl", "show", "--value", "-p", "NRestarts", "rollout@shop").strip() == "10"
    loaded.wait_phase("Paused", revision=revision)
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy", revision=revision)["stable"]["version"] == "v2"


def test_agent_restart_while_healthy(loaded):
    def untouched():
        ids = loaded.run("sh", "-c", "systemctl show -p InvocationID shop@blue-1 shop@blue-2 shop@green-1 shop@green-2")
        return ids, {name: (s["weight"], s["maint"]) for name, s in loaded.servers().items()}

    wait_for("idle servers", lambda: all(s["maint"] for n, s in loaded.servers().items() if n.startswith("green")))
    before, state = untouched(), os.stat(f"{loaded.root}/var/lib/rollout/shop/state.json").st_mtime_ns
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    sent = loaded.counts()["sent"]
    wait_for("requests", lambda: loaded.counts()["sent"] > sent + 300)
    assert untouched() == before
    assert os.stat(f"{loaded.root}/var/lib/rollout/shop/state.json").st_mtime_ns == state, "nothing was written"


AT_BOOT = """
[Unit]
Description={0} from the boot on
[Service]
ExecStart={1}
[Install]
WantedBy=multi-user.target
"""
LOAD = "/usr/local/bin/load.py 127.0.0.1 80 /run/load.json 4 400 '' may-refuse"
LOOK = """
import json, os, sys
sys.path.insert(0, "/root/machine")
from shop import Shop, wait_for
_, servers = wait_for("HAProxy", Shop().haproxy_now, 60)
with open("/run/first-look.new", "w", encoding="ascii") as file:
    json.dump(servers, file)
os.rename("/run/first-look.new", "/run/first-look.json")
"""


def reboot_under_load(machine, *options):
    """Requests come in before HAProxy is there; the servers as HAProxy shows them first."""
    machine.write("/root/look.py", LOOK)
    machine.write("/etc/systemd/system/load.service", AT_BOOT.format("Requests", LOAD))
    machine.write("/etc/systemd/system/look.service", AT_BOOT.format("The first look", "/usr/bin/python3 /root/look.py"))
    machine.run("systemctl", "enable", "--quiet", "load", "look")
    machine.reboot(*options)
    look = pathlib.Path(f"{machine.root}/run/first-look.json")
    wait_for("the first look", look.exists)
    return json.loads(look.read_text(encoding="ascii"))


@pytest.mark.parametrize("options", [[], ["--hard"]], ids=["orderly", "power-cut"])
def test_reboot_mid_rollout(machine, options):
    machine.deploy("v1")
    machine.configure(Canary=AT_40)
    machine.verb("deploy", version="v2")
    machine.wait_phase("Paused")
    before = weights(machine.servers())
    assert weights(reboot_under_load(machine, *options)) == before
    now = machine.wait_phase("Paused", seconds=60)
    assert (now["stable"]["version"], now["canary"]["version"]) == ("v1", "v2")
    wait_for("40 % again", lambda: abs(canary_share(machine) - 0.4) < 0.001)
    machine.verb("promote")
    assert machine.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert_nothing_lost_but_while_closed(machine.stop_load(), 0)


def test_reboot_while_healthy(machine):
    machine.deploy("v1")
    machine.wait_stopped("green")
    before = weights(machine.servers())
    assert weights(reboot_under_load(machine)) == before
    assert machine.wait_phase("Healthy", seconds=60)["stable"]["version"] == "v1"
    machine.more_requests(250)
    total = machine.stop_load()
    assert_nothing_lost_but_while_closed(total, 0)
    assert list(total["answered"]) == ["v1"]
