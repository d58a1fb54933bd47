# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two HAProxies in front of the same instances, several backends, and a preview."""
from shop import Shop, wait_for

PAUSED = ["Step=", "Step=setWeight 40", "Step=pause"]


def second(machine):
    """Starts another HAProxy on port 82, and tells the agent of it."""
    machine.run(
        "sh",
        "-c",
        "sed -e 's|/run/haproxy/admin.sock|/run/haproxy/second.sock|; s|127.0.0.1:80$|127.0.0.1:82|; s|8404|8405|; /state-file-name/d;"
        " /load-server-state/d' /etc/haproxy/haproxy.cfg >/etc/haproxy/second.cfg",
    )
    machine.write(
        "/etc/systemd/system/second.service",
        "[Service]\nType=notify\nExecStart=/usr/sbin/haproxy -Ws -f /etc/haproxy/second.cfg\nKillMode=mixed\n",
    )
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "second")
    machine.configure(HAProxy=["Socket=", "Socket=/run/haproxy/admin.sock", "Socket=/run/haproxy/second.sock"], Canary=PAUSED)
    other = Shop(machine.root, machine.prefix)
    other.socket = "second.sock"
    return other


def share(balancer):
    servers = balancer.servers()
    weights = {n: s["weight"] for n, s in servers.items() if s["up"] and not s["maint"]}
    return sum(w for n, w in weights.items() if n.startswith("green")) / max(1, sum(weights.values()))


def test_two_balancers_one_gone_and_silent(loaded):
    other = second(loaded)
    loaded.deploy("v2", wait="Paused")
    assert share(loaded) == share(other) == 0.4

    loaded.run("systemctl", "stop", "second")
    loaded.verb("promote")
    now = wait_for("its name", lambda: "second.sock" in (n := loaded.rollout())["message"] and n)
    assert now["step"]["index"] == 2 and share(loaded) == 0.4, "nothing advances without it"
    loaded.run("systemctl", "start", "second")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert share(loaded) == share(other) == 1.0

    loaded.deploy("v1", wait="Paused")
    loaded.run("systemctl", "kill", "-s", "STOP", "second")
    loaded.verb("abort")
    wait_for("who answers is back at stable", lambda: loaded.servers()["blue-1"]["weight"] == 0)
    loaded.run("systemctl", "kill", "-s", "CONT", "second")
    wait_for("the other one too", lambda: other.servers()["blue-1"]["weight"] == 0)


def test_two_backends_and_a_preview(loaded):
    loaded.run(
        "sh",
        "-c",
        "cd /etc/haproxy; sed -n '/^backend shop$/,/^$/p' haproxy.cfg >one;"
        " for name in shop-api shop-preview; do sed \"s|^backend shop$|backend $name|; s|shop.state|$name.state|\" one >>haproxy.cfg; done;"
        " printf 'frontend preview\\n    bind 127.0.0.1:81\\n    default_backend shop-preview\\n' >>haproxy.cfg; systemctl reload haproxy",
    )
    loaded.configure(HAProxy=["Backend=", "Backend=shop", "Backend=shop-api", "PreviewBackend=shop-preview"], Canary=PAUSED)
    loaded.deploy("v2", wait="Paused")
    assert all(loaded.servers(backend)["green-1"]["weight"] > 0 for backend in ("shop", "shop-api"))

    def previewed():
        return {loaded.run("curl", "-s", "http://127.0.0.1:81/").strip() for _ in range(4)}

    wait_for("the preview", lambda: previewed() == {"v2"})
    loaded.verb("abort")
    wait_for("the preview of what is live", lambda: previewed() == {"v1"})
    wait_for("the canary's end", lambda: loaded.rollout()["canary"] is None)
    assert loaded.servers("shop-preview")["green-1"]["maint"]
