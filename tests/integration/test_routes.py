# SPDX-License-Identifier: LGPL-2.1-or-later
"""Header and cookie routes and session affinity on real parts: they appear, hold over a reload, and vanish, and nobody loses a request."""
import re
import subprocess

import pytest
from conftest import booted
from shop import answered, wait_for

MAP = "/var/lib/rollout/shop/haproxy/routes.map"
HAPROXY = ["PreviewBackend=shop-preview", f"RouteMap={MAP}"]
QUOTED = r"""a\b;c 'd' "e" $5.00 (x|y)"""
PROMPT = ["AbortScaleDownDelaySec=0", "ScaleDownDelaySec=0"]

# Port 80 as etc/haproxy.cfg has it, with the lines that routes need.
ROUTED = rf"""
cd /etc/haproxy
sed -n '/^backend shop$/,/^$/p' haproxy.cfg | sed 's/^backend shop$/backend shop-preview/; s/shop[.]state/shop-preview.state/' >preview
cat preview >>haproxy.cfg
sed -i '/default_backend shop$/i \    http-request set-var(txn.route) req.hdrs,map_reg({MAP}) if {{ nbsrv(shop-preview) gt 0 }} or {{ stopping }} !{{ be_conn_free(shop-preview) eq 0 }}\n' haproxy.cfg
sed -i '/default_backend shop$/i \    use_backend %[var(txn.route)] if {{ var(txn.route) -m found }}' haproxy.cfg
sed -i '/balance roundrobin/a \    http-response add-header Set-Cookie %[srv_name,map_reg({MAP})] if {{ srv_name,map_reg({MAP}) -m found }}' haproxy.cfg
haproxy -c -q -f haproxy.cfg
systemctl reload haproxy
"""


def configure(machine, *canary):
    machine.configure(Rollout=PROMPT, HAProxy=HAPROXY, Canary=["Step=", *canary])


@pytest.fixture(scope="module")
def machine(package):
    with booted(package, "routes") as made:
        configure(made, "Step=pause")
        wait_for("the map", lambda: made.run("cat", MAP, check=False) == "" and made.run("stat", "-c", "%a", MAP) == "644\n")
        made.run("sh", "-euc", ROUTED)
        wait_for("the agent's look at it", lambda: made.ask("POST", "/v1/rollout/deploy", {"version": "v1"})[0] < 300)
        made.wait_phase("Healthy")
        yield made


def asked(machine, *headers, times=6):
    """The versions that answer requests with these headers."""
    arguments = [word for header in headers for word in ("-H", header)]
    urls = ["http://127.0.0.1/"] * times
    return set(re.findall(r"(?i)^x-version: *(\S+)", machine.run("curl", "-sD-", "-o/dev/null", *arguments, *urls), re.M))


def given(machine, *headers):
    """The cookies that an answer sets."""
    arguments = [word for header in headers for word in ("-H", header)]
    return re.findall(r"(?i)^set-cookie: *(.*?)\s*$", machine.run("curl", "-sD-", "-o/dev/null", *arguments, "http://127.0.0.1/"), re.M)


def shown(machine):
    """The routes that HAProxy has."""
    return machine.haproxy(f"show map {MAP}").split("\n")[:-2]


def wait_no_routes(machine):
    wait_for("no routes", lambda: not shown(machine))
    wait_for("an empty file", lambda: machine.run("cat", MAP) == "")


def test_routes_appear_and_vanish_at_abort(loaded):
    """Headers and cookies, exact, by prefix and by regular expression; no weight is needed."""
    live, other = loaded.rollout()["stable"]["version"], loaded.other_version()
    configure(
        loaded,
        "Step=setHeaderRoute beta X-Beta exact 1",
        "Step=setHeaderRoute agents User-Agent prefix Test Browser (",
        r"Step=setHeaderRoute levels X-Level regex (?:gold|silver); level [2-9]\d*",
        f"Step=setHeaderRoute quoted X-Quoted exact {QUOTED}",
        "Step=setCookieRoute who who exact me",
        "Step=setCookieRoute teams team regex test-.+",
        "Step=pause",
    )
    paused = loaded.deploy(other, wait="Paused")
    assert paused["step"]["index"] == 6
    assert loaded.rollout()["weight"]["actual"] == 0 and len(shown(loaded)) == 6
    loaded.start_load(per_second=100, name="beta", header="X-Beta: 1")
    matching = [
        "X-Beta: 1",
        "x-beta:   1",
        "User-Agent: Test Browser (5.0)",
        "X-Level: gold; level 2",
        "X-Level: silver; level 345",
        f"X-Quoted: {QUOTED}",
        "Cookie: who=me",
        "Cookie: a=b; who=me; c=d",
        "Cookie: team=test-1; who=you",
    ]
    for header in matching:
        assert asked(loaded, header) == {other}, header
    others = [
        "X-Beta: 11",
        "X-Beta: 0, 1",
        "X-Beta-2: 1",
        "X-Other: X-Beta: 1",
        "User-Agent: A Test Browser (5.0)",
        "X-Level: gold; level 1",
        "X-Level: gold; level 2x",
        f"X-Quoted: {QUOTED.replace('.', 'x')}",
        "Cookie: who=me2",
        "Cookie: awho=me",
        "Cookie: team=test-; x=y",
        "X-Cookie: who=me",
    ]
    for header in others:
        assert asked(loaded, header) == {live}, header
    loaded.verb("abort")
    wait_no_routes(loaded)
    assert asked(loaded, "X-Beta: 1") == {live}
    loaded.wait_stopped(paused["canary"]["color"])
    counts = loaded.stop_load("beta")
    assert counts["failed"] == 0, counts["failures"]
    assert answered(counts, other) > 20 and answered(counts, live) > 0


def test_route_is_replaced_and_removed_by_steps(loaded):
    """By its name; then the rollout completes, and nothing is left."""
    live, other = loaded.rollout()["stable"]["version"], loaded.other_version()
    configure(
        loaded,
        "Step=setHeaderRoute beta X-Beta exact 1",
        "Step=pause",
        "Step=setHeaderRoute beta X-Beta exact 2",
        "Step=pause",
        "Step=setHeaderRoute beta",
        "Step=pause",
        "Step=setCookieRoute who who exact me",
    )
    loaded.deploy(other, wait="Paused")
    assert asked(loaded, "X-Beta: 1") == {other} and asked(loaded, "X-Beta: 2") == {live}
    loaded.verb("promote")
    wait_for("the next route", lambda: asked(loaded, "X-Beta: 2") == {other})
    assert asked(loaded, "X-Beta: 1") == {live}
    loaded.wait_phase("Paused")
    loaded.verb("promote")
    wait_for("its end", lambda: asked(loaded, "X-Beta: 2") == {live})
    assert not shown(loaded)
    loaded.wait_phase("Paused")
    loaded.verb("promote")
    assert loaded.wait_phase("Healthy")["stable"]["version"] == other
    wait_no_routes(loaded)


def test_routes_vanish_at_full_promotion(loaded):
    other = loaded.other_version()
    configure(loaded, "Step=setHeaderRoute beta X-Beta exact 1", "Step=setWeight 20", "Step=pause")
    loaded.deploy(other, wait="Paused")
    loaded.start_load(per_second=100, name="beta", header="X-Beta: 1")
    loaded.more_requests()
    loaded.verb("promote", full=True)
    loaded.wait_phase("Healthy")
    wait_no_routes(loaded)
    loaded.more_requests()
    counts = loaded.stop_load("beta")
    assert counts["failed"] == 0 and set(counts["answered"]) == {other}, "who was routed noticed nothing"


def only(counts, version):
    """All were answered by that version."""
    assert counts["failed"] == 0 and set(counts["answered"]) == {version}, counts


def test_reload_and_restart_keep_routes(loaded):
    other = loaded.other_version()
    configure(loaded, "Step=setHeaderRoute beta X-Beta exact 1", "Step=setCookieRoute who who exact me", "Step=pause")
    loaded.deploy(other, wait="Paused")
    before = sorted(line.split(" ", 1)[1] for line in shown(loaded))
    assert len(before) == 2 and sorted(loaded.run("cat", MAP).splitlines()) == before
    loaded.start_load(per_second=100, name="beta", header="X-Beta: 1")
    loaded.run("systemctl", "stop", "rollout@shop")
    loaded.run("systemctl", "reload", "haproxy")
    loaded.more_requests()
    assert sorted(line.split(" ", 1)[1] for line in shown(loaded)) == before, "by the file alone"
    only(loaded.stop_load("beta"), other)
    loaded.start_load(per_second=100, name="beta", header="X-Beta: 1")
    loaded.run("systemctl", "start", "rollout@shop")
    loaded.wait_phase("Paused")
    loaded.more_requests()
    only(loaded.stop_load("beta"), other)
    loaded.haproxy(f"clear map {MAP}")
    loaded.haproxy(f"add map {MAP} ^foreign nobody")
    wait_for("the routes again", lambda: sorted(line.split(" ", 1)[1] for line in shown(loaded)) == before)
    loaded.verb("abort")
    wait_no_routes(loaded)


def met_by_a_reload(machine):
    """Which version answers a routed request of which HAProxy had only a part when it was told to make place for the next one."""
    script = r"exec 3<>/dev/tcp/127.0.0.1/80; printf 'GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\nX-Beta: 1\r\n' >&3; echo sent; read -r; printf '\r\n' >&3; cat <&3"

    def stopped():
        return machine.run("journalctl", "-o", "cat", "-u", "haproxy").count("Proxy shop-preview stopped")

    before = stopped()
    with subprocess.Popen([*machine.prefix, "bash", "-euc", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as begun:
        assert begun.stdout.readline() == "sent\n"
        machine.run("systemctl", "reload", "haproxy")
        wait_for("the old process's last requests", lambda: stopped() > before)
        answer = begun.communicate("\n")[0]
    return re.search(r"(?im)^x-version: *(\S+)", answer)[1]


def test_a_reload_meets_requests(loaded):
    """A HAProxy that stops counts no server of its backends as usable; what it has begun goes where it is routed all the same, but to nobody."""
    live, other = loaded.rollout()["stable"]["version"], loaded.other_version()
    configure(loaded, "Step=setHeaderRoute beta X-Beta exact 1", "Step=pause")
    color = loaded.deploy(other, wait="Paused")["canary"]["color"]
    loaded.run("systemctl", "stop", "rollout@shop")
    assert met_by_a_reload(loaded) == other
    loaded.run("systemctl", "stop", f"shop@{color}-1")
    wait_for("its end", lambda: not loaded.servers("shop-preview")[f"{color}-1"]["up"])
    assert shown(loaded), "nobody has cleared them"
    assert met_by_a_reload(loaded) == live
    loaded.run("systemctl", "start", "rollout@shop")
    loaded.wait_phase("Paused")
    loaded.verb("abort")
    wait_no_routes(loaded)
    loaded.wait_stopped(color)


def test_crash_of_the_last_instance_clears(loaded):
    """Nobody is routed to nobody: requests go by the weights again."""
    live, other = loaded.rollout()["stable"]["version"], loaded.other_version()
    configure(loaded, "Step=setHeaderRoute beta X-Beta exact 1", "Step=pause")
    color = loaded.deploy(other, wait="Paused")["canary"]["color"]
    loaded.run("systemctl", "kill", "-s", "KILL", f"shop@{color}-1")
    loaded.wait_phase("Degraded")
    wait_no_routes(loaded)
    assert asked(loaded, "X-Beta: 1") == {live}
    loaded.wait_stopped(color)


def test_session_cookie_sticks_and_moves_back(loaded):
    """Who has met the new version stays there, and is back at an abort."""
    live, other = loaded.rollout()["stable"]["version"], loaded.other_version()
    configure(loaded, "SessionCookie=shop-version", "SessionCookieMaxAgeSec=1h", "Step=setWeight 50", "Step=pause")
    revision = loaded.deploy(other, wait="Paused")["revision"]
    wait_for("its routes", lambda: len(shown(loaded)) == 2)  # no step waits for them
    attempt = int(re.search(rf"shop-version={revision}-(\d+);", "".join(shown(loaded)))[1])
    cookie = f"shop-version={revision}-{attempt}"
    assert asked(loaded, times=20) == {live, other}
    assert asked(loaded, f"Cookie: {cookie}", times=20) == {other}
    assert asked(loaded, "Cookie: shop-version=1", times=20) == {live, other}
    assert given(loaded, f"Cookie: {cookie}") == [f"{cookie};Path=/;Max-Age=3600"]
    answers = loaded.run("curl", "-sD-", "-o/dev/null", *["http://127.0.0.1/"] * 20)
    told = [(re.search(r"(?i)^x-version: *(\S+)", part, re.M)[1], "set-cookie" in part.lower()) for part in answers.split("HTTP/1.1 ")[1:]]
    assert set(told) == {(live, False), (other, True)}, "the new version's answers alone set it"
    loaded.verb("abort")
    wait_no_routes(loaded)
    wait_for("everybody back", lambda: asked(loaded, f"Cookie: {cookie}") == {live})
    assert given(loaded, f"Cookie: {cookie}") == []
    loaded.verb("retry")
    loaded.wait_phase("Paused")
    wait_for("its routes", lambda: asked(loaded, f"Cookie: shop-version={revision}-{attempt + 1}", times=20) == {other})
    assert asked(loaded, f"Cookie: {cookie}", times=20) == {live, other}, "who met the aborted attempt goes by the weights"
    loaded.verb("promote")
    loaded.wait_phase("Healthy")
    wait_no_routes(loaded)
    assert given(loaded) == []


def refusal(machine, dry=False):
    status, document = machine.ask("POST", "/v1/rollout/deploy" + "?dryRun=1" * dry, {"version": machine.other_version()})
    assert dry or status >= 400, document
    return document.get("detail", "")


def linted(machine):
    return machine.run("sh", "-c", "rolloutctl lint shop 2>&1", check=False)


def test_no_map_and_no_place_for_one_are_refused(loaded):
    """Before anything begins, with what is missing; lint says it, too."""
    steps = ["Step=", "Step=setHeaderRoute beta X-Beta exact 1", "Step=pause"]
    elsewhere = MAP.replace("routes", "other")
    loaded.configure(HAProxy=[HAPROXY[0], f"RouteMap={elsewhere}"], Canary=steps)
    wait_for("the file", lambda: loaded.run("cat", elsewhere, check=False) == "")
    wait_for("a look", lambda: f"has no map {elsewhere}" in refusal(loaded, dry=True))
    assert f"req.hdrs,map_reg({elsewhere})" in refusal(loaded)
    assert f"map_reg({elsewhere})" in linted(loaded)
    loaded.configure(HAProxy=[HAPROXY[0], "RouteMap=/etc/haproxy/routes.map"], Canary=steps)
    assert "RouteMap=/etc/haproxy/routes.map cannot be written" in refusal(loaded)
    configure(loaded, *steps[1:])
    assert "map_reg" not in linted(loaded)
    loaded.deploy(loaded.other_version(), wait="Paused")
    loaded.verb("abort")
    wait_no_routes(loaded)
