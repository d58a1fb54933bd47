# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two HAProxies in front of the same instances, several backends, and a preview."""
import contextlib
import threading
import time

from shop import wait_for

PAUSED = ["Step=", "Step=setWeight 40", "Step=pause"]


def both(machine, address="/run/haproxy/second.sock", **more):
    """Another HAProxy, and requests to it too."""
    other, sockets = machine.second_haproxy(address)
    machine.configure(HAProxy=[*sockets, *more.pop("HAProxy", [])], Canary=PAUSED, **more)
    return other


def reload(machine, balancer, service):
    """Reloads an HAProxy, and waits until its new process answers; that one's id."""
    old, _ = balancer.haproxy_now()
    machine.run("systemctl", "reload", service)
    return balancer.wait_another_haproxy(old)[0]


@contextlib.contextmanager
def again_and_again(action, pause):
    """Does something all the time meanwhile; how often is in the list."""
    done, over = [], threading.Event()

    def run():
        while not over.wait(pause):
            action()
            done.append(time.monotonic())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        over.set()
        thread.join()


def test_one_of_two_is_gone(loaded):
    other = both(loaded)
    loaded.deploy("v2", wait="Paused")
    assert loaded.share() == other.share() == 0.4
    loaded.run("systemctl", "stop", "second")
    loaded.verb("promote")
    now = wait_for("its name", lambda: "second.sock" in (n := loaded.rollout())["message"] and n)
    loaded.more_requests()
    assert now["step"]["index"] == 2 and loaded.share() == 0.4, "nothing advances without it"
    loaded.run("systemctl", "start", "second")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert loaded.share() == other.share() == 1.0


def test_one_of_two_is_silent(loaded):
    """It may go on by its last weights: an abort reaches the others at once, and it as soon as it hears; till then nobody is stopped."""
    other = both(loaded, Rollout=["ProgressDeadlineSec=3s", "AbortScaleDownDelaySec=0"])
    loaded.deploy("v2", wait="Paused")
    loaded.run("systemctl", "kill", "-s", "STOP", "second")
    loaded.verb("promote")
    now = wait_for("Degraded", lambda: (n := loaded.rollout())["phase"] == "Degraded" and n)
    assert "second.sock: no answer" in now["message"] and now["step"]["index"] == 2 and loaded.share() == 0.4
    loaded.verb("abort")
    wait_for("who answers is back at stable", lambda: loaded.share() == 0)
    loaded.more_requests(500)
    assert loaded.instance("green-1")["state"] != "stopped", "it may still be reached"
    loaded.run("systemctl", "kill", "-s", "CONT", "second")
    wait_for("the other one too", lambda: other.share() == 0)
    wait_for("the canary's end", lambda: loaded.rollout()["canary"] is None)


def test_one_of_two_is_slow(loaded):
    """It hears only now and then: a rollout takes longer for it, and does no harm at either."""
    other = both(loaded)
    loaded.start_load(port=82, name="second-load")

    def hiccup():
        loaded.run("systemctl", "kill", "-s", "STOP", "second")
        time.sleep(0.4)  # which is how slow it is
        loaded.run("systemctl", "kill", "-s", "CONT", "second")

    with again_and_again(hiccup, 0.02) as hiccups:
        loaded.deploy("v2", wait="Paused")
        assert loaded.share() == 0.4
        wait_for("hiccups", lambda: len(hiccups) > 4)
        loaded.verb("promote")
        assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    assert loaded.share() == other.share() == 1.0
    total = loaded.stop_load("second-load")
    assert total["failed"] == 0 and total["answered"]["v2"], total


def test_one_of_two_reloads(loaded):
    """It has no state file, so each time it has forgotten what it was told."""
    other = both(loaded)
    loaded.start_load(port=82, name="second-load")
    with again_and_again(lambda: loaded.run("systemctl", "reload", "second"), 0.3) as reloads:
        loaded.deploy("v2", wait="Paused")
        wait_for("reloads", lambda: len(reloads) > 5)
    wait_for("the share", lambda: loaded.share() == other.share() == 0.4)
    with again_and_again(lambda: loaded.run("systemctl", "reload", "second"), 0.3):
        loaded.verb("promote")
        assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    wait_for("the new one everywhere", lambda: loaded.share() == other.share() == 1.0)
    total = loaded.stop_load("second-load")
    assert total["failed"] == 0, total["failures"]


def test_tcp_sockets_are_polled(loaded):
    """Nothing tells of what happens there: within PollSec=, 5 s by default, it is seen all the same, and put back."""
    other = both(loaded, "127.0.0.1:9999", HAProxy=["PollSec=500ms"])
    assert loaded.deploy("v2", wait="Paused")["weight"]["actual"] == 40
    assert other.share() == 0.4
    loaded.verb("promote")
    loaded.wait_phase("Healthy")
    loaded.wait_stopped("blue")

    def wait_wanted(pid):
        """By that process of it."""

        def wanted():
            now = other.haproxy_now()
            return now and now[0] == pid and now[1]["blue-1"]["maint"] and now[1]["green-1"]["weight"] == now[1]["green-2"]["weight"]

        wait_for("what is wanted", wanted, 15)

    pid, _ = other.haproxy_now()
    took = []
    for _ in range(2):
        began = time.monotonic()
        other.haproxy("set weight shop/green-1 7")
        wait_wanted(pid)
        took.append(time.monotonic() - began)
    assert min(took) < 4, "of two one after the other, one at least would wait a whole default PollSec="
    for _ in range(4):
        wait_wanted(reload(loaded, other, "second"))
    loaded.wait_phase("Healthy")  # a reload is nobody's hand


def add_backends(machine, *names):
    """The same servers behind other names, and port 81 for the last one."""
    machine.run("sh", "-euc", f"""cd /etc/haproxy
        sed -n '/^backend shop$/,/^$/p' haproxy.cfg >one
        for name in {' '.join(names)}; do sed "s|^backend shop$|backend $name|; s|shop.state|$name.state|" one >>haproxy.cfg; done
        printf 'frontend last\\n    bind 127.0.0.1:81\\n    default_backend {names[-1]}\\n' >>haproxy.cfg
        systemctl reload haproxy
        timeout 30 sh -c 'until curl -s -o /dev/null http://127.0.0.1:81/; do sleep 0.05; done'""")


def test_several_backends_over_the_same_instances(loaded):
    """Both are led alike, and an instance leaves only when it has left both."""
    add_backends(loaded, "shop-api")
    loaded.configure(HAProxy=["Backend=", "Backend=shop", "Backend=shop-api"], Canary=PAUSED, Rollout=["AbortScaleDownDelaySec=0"])
    loaded.start_load(port=81, name="api-load")
    now = loaded.deploy("v2", wait="Paused")
    assert now["weight"]["actual"] == 40 and loaded.share("shop") == loaded.share("shop-api") == 0.4
    loaded.haproxy("set server shop-api/green-1 state maint")
    wait_for("green-1 again", lambda: not loaded.servers("shop-api")["green-1"]["maint"] and loaded.share("shop-api") == 0.4)
    reload(loaded, loaded, "haproxy")
    wait_for("the same shares", lambda: loaded.share("shop") == loaded.share("shop-api") == 0.4)
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    loaded.wait_stopped("blue")
    assert all(s["maint"] for b in ("shop", "shop-api") for n, s in loaded.servers(b).items() if n.startswith("blue"))
    total = loaded.stop_load("api-load")
    assert total["failed"] == 0 and set(total["answered"]) == {"v1", "v2"}, total


def test_preview_reaches_the_new_revision_only(loaded):
    """And nothing while there is none."""
    add_backends(loaded, "shop-preview")
    loaded.run("shop-release", "v3", "never-ready")
    loaded.configure(HAProxy=["PreviewBackend=shop-preview"], Canary=PAUSED, Rollout=["AbortScaleDownDelaySec=0"])

    def previewed():
        each = "curl -s -o /dev/null -w '%{http_code} %header{x-version}\\n' http://127.0.0.1:81/"
        return {line.strip() for line in loaded.run("sh", "-c", f"for i in 1 2 3 4; do {each}; done").splitlines()}

    loaded.deploy("v2", wait=None)
    wait_for("its begin", lambda: previewed() != {"503"})
    assert previewed() == {"200 v2"}
    loaded.wait_phase("Paused")
    assert previewed() == {"200 v2"} and loaded.share() == 0.4
    loaded.verb("abort")
    wait_for("nobody", lambda: previewed() == {"503"})
    wait_for("the canary's end", lambda: loaded.rollout()["canary"] is None)
    loaded.deploy("v3", wait=None)
    wait_for("its start", lambda: loaded.instance("green-1")["state"] == "unready")
    assert previewed() == {"503"}, "it isn't ready, and nobody stands in for it"
    loaded.deploy("v2", wait="Paused")
    wait_for("its begin", lambda: previewed() == {"200 v2"})
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"
    wait_for("nobody", lambda: previewed() == {"503"})
