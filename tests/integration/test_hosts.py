# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hosts with an agent each, behind the HAProxy of the first: by the same pattern in Server= each leads the servers of its own host."""
import subprocess

import pytest
from conftest import SANDBOX, booted, under_load
from shop import wait_for

ADDRESSES = {"one": "10.77.0.1", "two": "10.77.0.2"}
FRONT = f"{ADDRESSES['one']}:9999"
PAUSED = ["Step=", "Step=setWeight 40", "Step=pause"]
HAPROXY = ["Socket=", f"Socket={FRONT}", "Server=%H-%c-%n", "PollSec=500ms"]


def name_host(machine, name):
    """Its agent asks for the name when it starts."""
    machine.run("hostname", name)
    machine.configure(HAProxy=HAPROXY, Canary=PAUSED)
    machine.run("systemctl", "restart", "rollout@shop")
    machine.wait_phase("Idle")


def lay_out_front(machine):
    """The servers of both hosts in one backend, and a stats socket for those who are elsewhere."""
    config = [line for line in machine.run("cat", "/etc/haproxy/haproxy.cfg").split("\n") if not line.startswith("    server ")]
    at = next(i for i, line in enumerate(config) if line.startswith("    default-server ")) + 1
    config[at:at] = [f"    server {host}-{color}-{n} {address}:{port + n}" for host, address in ADDRESSES.items()
                     for color, port in (("blue", 9000), ("green", 9010)) for n in (1, 2)]
    config.insert(config.index("global") + 1, f"    stats socket ipv4@{FRONT} level admin")
    config[config.index("    retries 3")] = "    retries 10"  # half of the servers go at once, and until checks say so any try may meet them
    machine.write("/etc/haproxy/haproxy.cfg", "\n".join(config))
    machine.run("systemctl", "restart", "haproxy")


@pytest.fixture(name="hosts", scope="module")
def two_hosts(package):
    """Both, with v1 live on each."""
    with booted(package, "host-one") as one, booted(package, "host-two") as two:
        subprocess.run([SANDBOX, "wire", one.name, f"{ADDRESSES['one']}/24", two.name, f"{ADDRESSES['two']}/24"], check=True, timeout=60)
        lay_out_front(one)
        two.run("systemctl", "disable", "--now", "haproxy")
        for name, machine in (("one", one), ("two", two)):
            name_host(machine, name)
            machine.deploy("v1")
        yield one, two


@pytest.fixture(name="loaded")
def front_under_load(hosts):
    with under_load(hosts[0]):
        yield hosts


def weights(front, host):
    """Of the servers of one host."""
    return {n.removeprefix(f"{host}-"): (s["weight"], s["maint"]) for n, s in front.servers().items() if n.startswith(host)}


def share(front, host):
    return round(100 * sum(w for n, (w, maint) in weights(front, host).items() if n.startswith("green") and not maint)
                 / sum(w for w, maint in weights(front, host).values() if not maint))


def test_each_agent_leads_the_servers_of_its_host(loaded):
    one, two = loaded
    for machine in loaded:
        assert machine.run("rolloutctl", "lint", "shop").startswith("shop: good"), "siblings are no foreign servers"
    before = weights(one, "two")
    one.deploy("v2", wait="Paused")
    assert share(one, "one") == 40 and weights(one, "two") == before
    other = weights(one, "one")
    two.deploy("v2", wait="Paused")
    assert share(one, "two") == 40 and weights(one, "one") == other
    seen = one.counts()["answered"]
    wait_for("the share of both", lambda: 35 < 100 * since(one, seen, "v2") / max(1, since(one, seen, "v1") + since(one, seen, "v2")) < 45
             and since(one, seen, "v1") > 300)
    two.verb("abort")
    wait_for("two is back", lambda: share(one, "two") == 0)
    assert weights(one, "one") == other
    one.verb("promote")
    assert one.wait_phase("Healthy")["stable"]["version"] == "v2"
    two.verb("retry")
    two.wait_phase("Paused")
    two.verb("promote")
    assert two.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert share(one, "one") == share(one, "two") == 100


def since(front, before, version):
    """How often VERSION has answered since then."""
    return sum(front.counts()["answered"].get(version, {}).values()) - sum(before.get(version, {}).values())


def test_both_put_back_what_the_front_forgot(loaded):
    """It reloads without a state file of theirs: each agent sees that by itself, and restores its own."""
    one, two = loaded
    for machine in loaded:
        machine.deploy(machine.other_version(), wait="Paused")
    wanted = {host: weights(one, host) for host in ADDRESSES}
    for _ in range(2):
        one.run("systemctl", "reload", "haproxy")
        wait_for("both", lambda: {host: weights(one, host) for host in ADDRESSES} == wanted)
    for machine in loaded:
        assert machine.rollout()["phase"] == "Paused"
        machine.verb("promote")
    for machine in loaded:
        machine.wait_phase("Healthy")
        machine.wait_stopped("blue" if machine.rollout()["stable"]["color"] == "green" else "green")


def test_a_host_that_goes_takes_only_itself(loaded):
    """Its instances fail their checks at the front, whose own agent sees nothing of that and goes on."""
    one, two = loaded
    two.run("systemctl", "stop", "rollout@shop")
    one.deploy(one.other_version(), wait="Paused")
    two.run("sh", "-c", "systemctl stop 'shop@*'")
    one.more_requests(500)
    assert one.rollout()["weight"]["actual"] == 40
    one.verb("promote")
    one.wait_phase("Healthy")
    two.run("systemctl", "start", "rollout@shop")
    two.wait_phase("Healthy")
    live = two.rollout()["stable"]["color"]
    wait_for("two again", lambda: all(s["up"] for n, s in one.servers().items() if n.startswith(f"two-{live}")))
