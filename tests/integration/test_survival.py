# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a rollout survives: HAProxy's reload and restart, the agent's death, the machine's reboot."""
import os
import random
import time

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


def test_haproxy_restart_mid_step(machine):
    """A restart refuses connections for a moment, whatever anybody does: here only the share counts."""
    machine.deploy("v1")
    machine.configure(Canary=AT_40)
    machine.verb("deploy", version="v2")
    machine.wait_phase("Paused")
    machine.run("systemctl", "restart", "haproxy")
    wait_for("40 % again", lambda: abs(canary_share(machine) - 0.4) < 0.001)
    machine.run("sh", "-c", "rm -f /var/lib/rollout/shop/haproxy/*.state; systemctl restart haproxy")
    wait_for("40 % by the agent alone", lambda: abs(canary_share(machine) - 0.4) < 0.001)
    machine.start_load()
    machine.verb("promote")
    assert machine.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert machine.stop_load()["failed"] == 0


def test_agent_killed_ten_times_in_a_rollout(loaded):
    revision = loaded.verb("deploy", version="v2")["revision"]
    for _ in range(10):
        pid = loaded.agent_pid()
        if pid:
            loaded.run("kill", "-9", str(pid), check=False)
        wait_for("another agent", lambda: (new := loaded.agent_pid()) and new != pid, 20)
        time.sleep(random.uniform(0, 0.6))  # to die at another moment each time, not to wait for anything
    assert loaded.wait_phase("Healthy", revision=revision, seconds=90)["stable"]["version"] == "v2"


def test_agent_restart_while_healthy(loaded):
    def untouched():
        ids = loaded.run("sh", "-c", "systemctl show -p InvocationID shop@blue-1 shop@blue-2 shop@green-1 shop@green-2")
        return ids, {name: (s["weight"], s["maint"]) for name, s in loaded.servers().items()}

    wait_for("idle servers", lambda: all(s["maint"] for n, s in loaded.servers().items() if n.startswith("green")))
    before, state = untouched(), os.stat(f"{loaded.root}/var/lib/rollout/shop/state.json").st_mtime_ns
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Healthy")
    sent = loaded.counts()["sent"]
    wait_for("requests", lambda: loaded.counts()["sent"] > sent + 500)
    assert untouched() == before
    assert os.stat(f"{loaded.root}/var/lib/rollout/shop/state.json").st_mtime_ns == state, "nothing was written"


def test_reboot_mid_rollout(machine):
    machine.deploy("v1")
    machine.configure(Canary=AT_40)
    machine.verb("deploy", version="v2")
    machine.wait_phase("Paused")
    machine.reboot()
    now = machine.wait_phase("Paused", seconds=60)
    assert (now["stable"]["version"], now["canary"]["version"]) == ("v1", "v2")
    wait_for("40 % again", lambda: abs(canary_share(machine) - 0.4) < 0.001)
    machine.start_load()
    machine.verb("promote")
    assert machine.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert machine.stop_load()["failed"] == 0


def test_reboot_while_healthy(machine):
    machine.deploy("v1")
    machine.reboot()
    assert machine.wait_phase("Healthy", seconds=60)["stable"]["version"] == "v1"
    machine.start_load()
    wait_for("requests", lambda: machine.counts()["sent"] > 500)
    total = machine.stop_load()
    assert total["failed"] == 0 and list(total["answered"]) == ["v1"]
