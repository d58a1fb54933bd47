# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests split as the step says: counted one by one, against the best that integer weights allow."""
import json

import pytest
from shop import wait_for

SHARES = [1, 5, 10, 25, 33, 50, 67, 90, 99]
REQUESTS = 20_000
TOLERANCE = 0.5  # points
WEIGHT_MAX = 256

HAPROXY_CFG = """
global
    stats socket /run/haproxy/admin.sock mode 660 level admin
    user haproxy
    group haproxy
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 30s
    option redispatch 1
    retry-on conn-failure empty-response
frontend www
    bind 127.0.0.1:80
    default_backend shop
backend shop
    balance roundrobin
    load-server-state-from-file local
    server-state-file-name /var/lib/rollout/shop/haproxy/shop.state
    default-server check inter 200ms fastinter 50ms rise 1 fall 3 weight 100
"""


def best_share(percent, canary, stable):
    """The share in percent nearest to the one wanted that any weights of so many servers give."""
    wanted = percent / 100
    pairs = []
    for c in range(1, canary * WEIGHT_MAX + 1):
        exact = c * (1 - wanted) / wanted
        pairs += [(c, s) for s in (int(exact), int(exact) + 1) if 0 < s <= stable * WEIGHT_MAX]
    return 100 * min((c / (c + s) for c, s in pairs), key=lambda share: abs(share - wanted))


def lay_out(machine, canary, stable):
    """STABLE servers a color, of which the new version uses CANARY; a rollout that stops at each share."""
    servers = [f"    server {color}-{n} 127.0.0.1:{port + n}\n" for color, port in (("blue", 9000), ("green", 9010))
               for n in range(1, stable + 1)]
    machine.write("/etc/haproxy/haproxy.cfg", HAPROXY_CFG + "".join(servers))
    machine.run("systemctl", "restart", "haproxy")
    steps = [f"Step=setCanaryScale replicas {canary}"]
    for share in SHARES:
        steps += [f"Step=setWeight {share}", "Step=pause"]
    machine.configure(Rollout=[f"Replicas={stable}"], Canary=["Step=", *steps])
    machine.deploy("v1")


def measure(machine):
    """Who answered how many of REQUESTS requests, in percent of v2's."""
    seen = json.loads(machine.run("/root/machine/count.py", "127.0.0.1", "80", str(REQUESTS)))
    assert sum(seen.values()) == REQUESTS and set(seen) <= {"v1", "v2"}
    return 100 * seen.get("v2", 0) / REQUESTS


@pytest.mark.parametrize(("canary", "stable"), [(1, 1), (1, 3)], ids=["1:1", "1:3"])
def test_split(machine, canary, stable):
    lay_out(machine, canary, stable)
    machine.verb("deploy", version="v2")
    off = []
    for share in SHARES:
        now = wait_for(f"{share} %", lambda: (n := machine.rollout()) and n["phase"] == "Paused" and n["weight"]["desired"] == share and n)
        ready = [i["role"] for i in now["instances"] if i["state"] == "ready"]
        assert (ready.count("canary"), ready.count("stable")) == (canary, stable)
        seen, best = measure(machine), best_share(share, canary, stable)
        print(f"{canary}:{stable}  set {share:>2} %  best {best:.3f} %  seen {seen:.3f} %")
        if abs(seen - best) > TOLERANCE:
            off.append((share, best, seen))
        machine.verb("promote")
    assert not off, f"(set, best, seen): {off}"
    assert machine.wait_phase("Healthy")["stable"]["version"] == "v2"
