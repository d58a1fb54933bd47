# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bad input, a row each: the right exit code, one clear message with its place, and nothing changed. Two apps on one machine: shop, live
at v1, and pay, of which nothing is deployed, whose configuration is broken in every way."""
import contextlib
import http.client
import json
import pathlib
import re
import socket
import subprocess

import pytest
from conftest import booted
from shop import UnixConnection, wait_for

SHOP_BAD = "/etc/rollout/shop.conf.d/50-bad.conf"
PAY_BAD = "/etc/rollout/pay.conf.d/50-bad.conf"
PAY = """[Rollout]
Replicas=2
Release=/srv/shop/releases/%v
ScaleDownDelaySec=1s
"""
PAY_UNIT = pathlib.Path(__file__).parents[1] / "machine" / "shop@.service"
UNITS = [f"{app}@{color}-{n}.service" for app in ("shop", "pay") for color in ("blue", "green") for n in (1, 2)]


def backend(name, balance="roundrobin", blue_1="check", without="", more=()):
    """A backend of pay in haproxy.cfg."""
    ports = {"blue-1": 9101, "blue-2": 9102, "green-1": 9111, "green-2": 9112}
    settings = {server: "check" for server in ports} | {"blue-1": blue_1}
    servers = [f"    server {s} 127.0.0.1:{port} {settings[s]} inter 200ms" for s, port in ports.items() if s != without]
    return "\n".join([f"backend {name}", f"    balance {balance}", *(f"    {line}" for line in more), *servers, ""])


STATE = ("load-server-state-from-file local", "server-state-file-name /var/lib/rollout/pay/haproxy/pay.state")
BACKENDS = "\n".join(
    [
        backend("pay", more=STATE),
        backend("leastconn", balance="leastconn"),
        backend("source", balance="source"),
        backend("short", without="green-2"),
        backend("foreign", more=["server old 127.0.0.1:9199 weight 30"]),
        backend("cookie", blue_1="check cookie b1", more=["cookie SRV insert"]),
        backend("agent", blue_1="check agent-check agent-port 9198 agent-inter 1s"),
        backend("unchecked", blue_1="weight 1"),
        backend("zero", blue_1="check weight 0"),
        backend("disabled", blue_1="check disabled"),
        backend("backup", blue_1="check backup"),
    ]
)
SOCKETS = """
    stats socket /run/haproxy/operator.sock mode 660 level operator
    stats socket /run/haproxy/closed.sock mode 600 user root group root level admin
"""


@pytest.fixture(scope="module")
def machine(package):
    with booted(package, "bad-input") as made:
        config = (pathlib.Path(__file__).parents[1] / "machine" / "haproxy.cfg").read_text()
        made.write("/etc/haproxy/haproxy.cfg", config.replace("global\n", "global" + SOCKETS, 1) + "\n" + BACKENDS)
        unit = PAY_UNIT.read_text().replace("/rollout/shop/", "/rollout/pay/").replace("shop-%i", "pay-%i")
        made.write("/etc/systemd/system/pay@.service", unit)
        made.write("/etc/rollout/pay.conf", PAY)
        made.run("systemctl", "restart", "haproxy")
        made.run("systemctl", "daemon-reload")
        made.run("systemctl", "start", "rollout@pay")
        made.deploy("v1")
        wait_for("idle servers", lambda: all(s["maint"] for n, s in made.servers().items() if n.startswith("green")))
        made.wait_confirmed()
        yield made


# ---------------------------------------------------------------- what a row may not change


def everything(machine):
    """What was decided, weights, and which lives units are in."""
    states = [pathlib.Path(f"{machine.root}/var/lib/rollout/{app}/state.json") for app in ("shop", "pay")]
    decided = [state.read_text() if state.exists() else None for state in states]
    units = machine.run("systemctl", "show", "-p", "Id,ActiveState,InvocationID", *UNITS)
    return decided, machine.servers("shop"), machine.servers("pay"), units


@pytest.fixture(scope="module")
def latest(machine):
    return [everything(machine)]


@pytest.fixture(autouse=True)
def unchanged(request, machine, latest):
    yield
    now = everything(machine)
    before = latest.pop()
    latest.append(now)
    if not request.node.get_closest_marker("changes"):
        assert now == before


def ctl(machine, *arguments):
    """rolloutctl in the machine: exit code, standard output, standard error."""
    ran = subprocess.run([*machine.prefix, "rolloutctl", *arguments], check=False, capture_output=True, timeout=60)
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def put(machine, path, content):
    file = pathlib.Path(machine.root + path)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


# ---------------------------------------------------------------- configuration

NAMED_60 = "M" * 60
NO_SOCKET = r"is no socket, expected a path, or a numeric address and port .*: host names are not looked up"
CONFIGURATION = {
    "section": ("[Rolout]\n", 1, r"unknown section \[Rolout\], did you mean Rollout\?"),
    "key": ("[Rollout]\nReplica=2\n", 2, r"unknown key Replica= in \[Rollout\], did you mean Replicas\?"),
    "key-elsewhere": ("[Canary]\nReplicas=2\n", 2, r"unknown key Replicas= in \[Canary\], expected it in \[Rollout\]"),
    "weight": ("[Canary]\nStep=\nStep=setWeight 120\n", 3, r"Step: weight 120 is more than everything, expected 0 to 100"),
    "negative-weight": ("[Canary]\nStep=setWeight -1\n", 2, r"Step: .*-1.*expected"),
    "step": ("[Canary]\nStep=setWeigth 20\n", 2, r'Step: unknown step "setWeigth", did you mean setWeight\?'),
    "negative-span": ("[Rollout]\nMinReadySec=-5s\n", 2, r'MinReadySec: "-5s" is negative, expected a time span of 0 or more'),
    "nonsense-span": ("[Rollout]\nMinReadySec=5 parsecs\n", 2, r'MinReadySec: "parsecs" in "5 parsecs" is no unit of time'),
    "empty-pause": ("[Canary]\nStep=pause soon\n", 2, r"Step: .*soon"),
    "replicas": ("[Rollout]\nReplicas=0\n", 2, r'Replicas: "0" is no such number, expected 1 to 32'),
    "metric": ("[Canary]\nStep=analysis no-erors\n", 2, r'Step: "no-erors" is neither .* did you mean no-errors\?'),
    "condition": ("[Metric no-errors]\nSuccessCondition=result[0 >= 1\n", 2, r"SuccessCondition: .*\n    result\[0 >= 1\n +\^\n"),
    "long-value": ("[Rollout]\nStrategy=" + "x" * 5000 + "\n", 2, r'Strategy: unknown "x{60,80}\.\.\.", expected canary or blueGreen'),
    "long-key": ("[Rollout]\n" + "x" * 5000 + "=1\n", 2, r"key of 5000 bytes, expected at most 127"),
    "long-section": (f"[{NAMED_60}]\n", 1, rf"unknown section \[{NAMED_60}\], expected Rollout, "),
    "binary": (b"[Rollout]\nUnit=\x00\xff\x80\n", 2, r"byte 0x00 at column 6, expected text"),
    "no-utf8": (b"[Rollout]\nUnit=\xff\xfe\n", 2, r"bytes that are not UTF-8, expected text"),
    "no-section": ("Replicas=2\n", 1, r'"Replicas=2" stands before any section'),
    "socket": ("[HAProxy]\nSocket=lb.example.org:9999\n", 2, rf'Socket: "lb\.example\.org:9999" {NO_SOCKET}'),
    "master-socket": ("[HAProxy]\nMasterSocket=lb:9999\n", 2, rf'MasterSocket: "lb:9999" {NO_SOCKET}'),
    "server-pattern": ("[HAProxy]\nServer=%c+%n\n", 2, r'Server: it gives "green\+32", which is no name of a server, expected'),
    "server-length": (f"[HAProxy]\nServer={NAMED_60}-%c-%n\n", 2, r"Server: it gives names of more than 63 bytes"),
    "backend": ("[HAProxy]\nBackend=shop/a\n", 2, r'Backend: bad name "shop/a", expected letters, digits, - _ \. :'),
    "provider-key": ("[Metric m]\nProvider=prometheus\nQueryy=x\n", 3, r"unknown key Queryy= in \[Metric\], did you mean Query\?"),
}


@pytest.mark.parametrize("row", CONFIGURATION.values(), ids=CONFIGURATION.keys())
def test_configuration(machine, row):
    text, line, message = row
    bad = put(machine, SHOP_BAD, text)
    try:
        code, out, err = ctl(machine, "lint", "shop")
        assert (code, out) == (2, "")
        assert re.match(rf"{SHOP_BAD}:{line}: error: {message}", err), err
        assert max(map(len, err.splitlines())) < 600, "short whatever the input"
        reload = subprocess.run([*machine.prefix, "systemctl", "reload", "rollout@shop"], check=False, capture_output=True, timeout=60)
        assert reload.returncode != 0
    finally:
        bad.unlink()


def test_findings_for_programs(machine):
    bad = put(machine, SHOP_BAD, "[Rolout]\n")
    code, out, err = ctl(machine, "lint", "shop", "--output", "json")
    bad.unlink()
    message = "unknown section [Rolout], did you mean Rollout?"
    finding = {"severity": "error", "place": f"{SHOP_BAD}:1", "message": message}
    assert (code, json.loads(out), err) == (2, [{"app": "shop", "valid": False, "findings": [finding]}], "")


def test_caret_points_at_the_column(machine):
    bad = put(machine, SHOP_BAD, "[Metric no-errors]\nSuccessCondition=result[0] >=* 1\n")
    _, _, err = ctl(machine, "lint", "shop")
    bad.unlink()
    lines = err.splitlines()
    assert lines[1][lines[2].index("^")] == "*", err


def test_long_is_not_bad(machine):
    long = put(machine, SHOP_BAD, f"[Metric {NAMED_60}]\nProvider=prometheus\nQuery=vector({'1' * 5000})\n")
    assert ctl(machine, "lint", "shop")[0] == 0
    long.unlink()


# ---------------------------------------------------------------- the host and HAProxy

GONE, CONFIG = 1, 2  # exit codes of a deploy: could not be carried out; something has to be changed first
HERE = "/run/haproxy/admin.sock"
HOST = {  # configuration of pay, what lint says, exit code and message of a deploy (None: it can't know)
    "unit": ("[Rollout]\nUnit=nothere@.service", r"nothere@\.service: error: the unit of Unit= is not there.*daemon-reload", CONFIG,
             r"Unit=nothere@\.service: there is no such template, or it is masked"),
    "prepare": ("[Rollout]\nPrepare=nothere@.service", r"nothere@\.service: error: the unit of Prepare= is not there", None, ""),
    "hook": ("[Hook h]\nAt=pre-rollout\nUnit=nothere@.service", rf"{re.escape(PAY_BAD)}:3: error: the unit of \[Hook h\] is not there", None, ""),
    "socket": ("[HAProxy]\nSocket=/run/nothere.sock", r"/run/nothere\.sock: error: there is no such socket: start HAProxy", GONE,
               r"HAProxy does not listen on /run/nothere\.sock"),
    "permission": ("[HAProxy]\nSocket=/run/haproxy/closed.sock", r"/run/haproxy/closed\.sock: error: no permission for the agent", GONE,
                   r"no permission to open /run/haproxy/closed\.sock"),
    "level": ("[HAProxy]\nSocket=/run/haproxy/operator.sock", r"/run/haproxy/operator\.sock: error: level operator may set no weights",
              None, ""),
    "backend": ("[HAProxy]\nBackend=nothere", rf"{HERE}: error: there is no backend nothere", CONFIG, r"has no backend nothere"),
    "server": ("[HAProxy]\nBackend=short", rf"{HERE}: error: backend short has no server green-2: expected one for each color", CONFIG,
               r"backend short has no server green-2: expected one for each color and each of Replicas=2"),
    "servers": ("[Rollout]\nReplicas=3", rf"{HERE}: error: backend pay has no server blue-3", CONFIG, r"backend pay has no server blue-3"),
    "server-names": ("[HAProxy]\nServer=web-%c-%n", rf"{HERE}: error: backend pay has no server web-blue-1", CONFIG,
                     r"has no backend pay, or none with a server named as Server=web-%c-%n says"),
    "leastconn": ("[HAProxy]\nBackend=leastconn", rf"{HERE}: error: backend leastconn: balance leastconn goes by open connections", CONFIG,
                  r"balance leastconn goes by open connections: weights are no shares of requests: expected balance roundrobin"),
    "source": ("[HAProxy]\nBackend=source", rf"{HERE}: error: backend source: balance source takes no weights but 0 % and 100 %", CONFIG,
               r"balance source takes no weights but 0 % and 100 %"),
    "foreign": ("[HAProxy]\nBackend=foreign", rf"{HERE}: error: backend foreign: server old is none of rollout's .* weight 30", None, ""),
    "cookie": ("[HAProxy]\nBackend=cookie", rf"{HERE}: error: backend cookie: server blue-1 has cookie b1", None, ""),
    "agent": ("[HAProxy]\nBackend=agent", rf"{HERE}: error: backend agent: server blue-1 has agent-check", None, ""),
    "unchecked": ("[HAProxy]\nBackend=unchecked", rf"{HERE}: error: backend unchecked: server blue-1 has no check", None, ""),
    "backup": ("[HAProxy]\nBackend=backup", rf"{HERE}: error: backend backup: server blue-1 is a backup", None, ""),
}


def pay(machine):
    """What pay's agent shows; {} while it does not answer."""
    connection = UnixConnection(f"{machine.root}/run/rollout/pay/status.sock")
    try:
        connection.request("GET", "/v1/rollout")
        return json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()


def restart_pay(machine):
    """Anew, and until it has seen its balancer and its units."""
    machine.run("systemctl", "restart", "rollout@pay")
    wait_for("pay's balancer", lambda: pay(machine).get("balancers", [{}])[0].get("link") in ("up", "gone", "silent"))


@pytest.mark.parametrize("row", HOST.values(), ids=HOST.keys())
def test_host(machine, row):
    text, found, code, message = row
    bad = put(machine, PAY_BAD, text + "\n")
    try:
        linted, out, err = ctl(machine, "lint", "pay")
        assert (linted, out) == (2, "")
        assert re.search(f"^{found}", err, re.MULTILINE), err
        if found.startswith(HERE):
            linted, _, err = ctl(machine, "lint", "pay", "--haproxy", "/etc/haproxy/haproxy.cfg")
            place = r"/etc/haproxy/haproxy\.cfg" + (r"" if "no backend" in found else r":\d+")
            assert linted == 2 and re.search(f"^{found.replace(HERE, place)}", err, re.MULTILINE), err
        if code is None:
            return
        restart_pay(machine)
        if "Unit=" in text:
            wait_for("units", lambda: pay(machine)["instances"][0]["result"] == "no such unit")
        exited, out, err = ctl(machine, "deploy", "pay", "v1")
        assert (exited, out) == (code, "") and re.search(message, err), (exited, out, err)
        assert pay(machine)["phase"] == "Idle"
    finally:
        bad.unlink()


@contextlib.contextmanager
def reloaded_with(machine, text):
    """pay's agent goes on by a configuration that has this, too, and in the end by the one of before."""
    changed = put(machine, PAY_BAD, text)
    try:
        machine.run("systemctl", "reload", "rollout@pay")
        yield
    finally:
        changed.unlink()
        machine.run("systemctl", "reload", "rollout@pay")


def test_names_that_change(machine):
    """What was seen under the names of before says nothing: neither is a bad one let in, nor a good one kept out."""
    restart_pay(machine)
    with reloaded_with(machine, "[HAProxy]\nBackend=nothere\n"):
        exited, _, err = ctl(machine, "deploy", "pay", "v1")
        assert exited == CONFIG and "has no backend nothere" in err, err
    exited, out, err = ctl(machine, "plan", "pay", "v1")
    assert exited == 0 and "v1" in out, err


def test_unit_that_changes(machine):
    """The agent goes by the Unit= of its start, what is deployed by that of its deploy."""
    with reloaded_with(machine, "[Rollout]\nUnit=other@.service\n"):
        exited, _, err = ctl(machine, "deploy", "pay", "v1")
        assert exited == CONFIG and "Unit=other@.service was set after the agent had started: systemctl restart rollout@pay" in err, err


@pytest.mark.parametrize("text, shared", [("[HAProxy]\nBackend=shop\n", "Backend=shop"), ("[Rollout]\nUnit=shop@.service\n",
                                                                                         "Unit=shop@.service")], ids=["backend", "unit"])
def test_two_apps(machine, text, shared):
    bad = put(machine, PAY_BAD, text)
    try:
        for app, other in (("pay", "shop"), ("shop", "pay")):
            code, out, err = ctl(machine, "lint", app)
            assert (code, out) == (2, "")
            assert f"/etc/rollout/{app}.conf: {shared} is that of app {other} too (/etc/rollout/{other}.conf)" in err, err
        restarted = subprocess.run([*machine.prefix, "systemctl", "restart", "rollout@pay"], check=False, capture_output=True, timeout=60)
        assert restarted.returncode != 0
        assert machine.run("systemctl", "show", "--value", "-p", "ExecMainStatus", "rollout@pay").strip() == "2"
        code, _, err = ctl(machine, "deploy", "pay", "v1")
        assert code == 4 and "does not answer" in err
    finally:
        bad.unlink()
        restart_pay(machine)


def test_masked_unit(machine):
    file = pathlib.Path(machine.root + "/etc/systemd/system/pay@.service")
    text = file.read_bytes()
    file.unlink()
    file.symlink_to("/dev/null")
    machine.run("systemctl", "daemon-reload")
    try:
        code, _, err = ctl(machine, "lint", "pay")
        assert code == 2 and "pay@.service: error: the unit of Unit= is masked: systemctl unmask pay@.service" in err
    finally:
        file.unlink()
        file.write_bytes(text)
        machine.run("systemctl", "daemon-reload")


@pytest.mark.parametrize("name, message", [("zero", "server blue-1 has weight 0"), ("disabled", "server blue-1 is disabled")])
def test_warnings_are_no_errors(machine, name, message):
    bad = put(machine, PAY_BAD, f"[HAProxy]\nBackend={name}\n")
    code, out, err = ctl(machine, "lint", "pay")
    bad.unlink()
    assert code == 0 and out.startswith("pay: good, but for 1 warning") and f"{HERE}: warning: backend {name}: {message}" in err


def test_nothing_to_find(machine):
    assert ctl(machine, "lint", "shop") == (0, "shop: good\n", "")
    assert ctl(machine, "lint", "--haproxy", "/etc/haproxy/haproxy.cfg") == (0, "pay: good\nshop: good\n", "")
    code, _, err = ctl(machine, "lint", "shop", "--haproxy", "/etc/hostname")
    assert code == 2 and re.match(r'/etc/hostname:1: error: ".*" stands before any section', err)
    code, _, err = ctl(machine, "lint", "nothere")
    assert code == 2 and "no app nothere: there is no /etc/rollout/nothere.conf" in err


# ---------------------------------------------------------------- verbs

VERSION = r"not a version: a letter or digit"
DEPLOYS = {
    "slash": (["a/b"], 2, VERSION),
    "dots": ([".."], 2, VERSION),
    "parent": (["../v1"], 2, VERSION),
    "space": (["v 1"], 2, VERSION),
    "newline": (["v1\n"], 2, VERSION),
    "empty": ([""], 2, VERSION),
    "long": (["v" * 200], 2, "version: too long, expected at most 128 bytes"),
    "env-newline": (["v2", "--env", "A=b\nc"], 2, r'environment "A=b\\nc": a value is one line'),
    "env-port": (["v2", "--env", "PORT=1"], 2, r'environment "PORT=1": PORT, HOST and ROLLOUT_\* are set by rollout itself'),
    "env-ours": (["v2", "--env", "ROLLOUT_APP=x"], 2, r"ROLLOUT_\* are set by rollout itself"),
    "env-key": (["v2", "--env", "1A=x"], 2, r'environment "1A=x": expected KEY=value'),
    "env-no-key": (["v2", "--env", "=x"], 2, r"--env =x: expected KEY=VALUE"),
    "env-no-value": (["v2", "--env", "A"], 2, r"--env A: expected KEY=VALUE"),
    "release": (["v9"], 2, r"version v9: its release folder /srv/shop/releases/v9 is not there"),
}


@pytest.mark.parametrize("row", DEPLOYS.values(), ids=DEPLOYS.keys())
def test_deploy(machine, row):
    arguments, code, message = row
    exited, out, err = ctl(machine, "deploy", "shop", *arguments)
    assert (exited, out) == (code, "") and re.search(message, err), (exited, out, err)
    assert len(err.splitlines()) == 1


NOTHING = dict.fromkeys(("promote", "promote --full", "abort", "pause", "resume"), "nothing is under way") | {"retry": "nothing was aborted"}
NO_SENSE = {  # of shop one version is live and none was before; of pay nothing is deployed
    "shop": NOTHING | {"undo": "the history has no revision that was live before", "undo --to-revision 9": "the history has no revision 9"},
    "pay": NOTHING | dict.fromkeys(("undo", "undo --to-revision 1", "restart"), "nothing is live yet"),
}


def refused(machine, app, verb, message):
    exited, out, err = ctl(machine, *verb.split(), app)
    assert (exited, out) == (5, "") and message in err and len(err.splitlines()) == 1, (verb, exited, out, err)


@pytest.mark.parametrize("app, verb", [(app, verb) for app, verbs in NO_SENSE.items() for verb in verbs])
def test_verb_that_makes_no_sense(machine, app, verb):
    refused(machine, app, verb, NO_SENSE[app][verb])


# ---------------------------------------------------------------- requests

DEPLOY = "POST /v1/rollout/deploy HTTP/1.1\r\nHost: x\r\nContent-Length: "
REQUESTS = {  # what is sent, and what the answer begins with; "" none
    "no-http": ("hello\r\n\r\n", r"HTTP/1\.[01] 400 |"),
    "no-json": (DEPLOY + "9\r\n\r\nversion=v", r"HTTP/1\.1 400 .*urn:rollout:problem:invalid"),
    "cut-json": (DEPLOY + "12\r\n\r\n{\"version\": ", r"HTTP/1\.1 400 .*urn:rollout:problem:invalid"),
    "list": (DEPLOY + "2\r\n\r\n[]", r"HTTP/1\.1 400 .*expected an object"),
    "field": (DEPLOY + "18\r\n\r\n{\"versionn\": \"v2\"}", r"HTTP/1\.1 400 .*versionn"),
    "number": (DEPLOY + "14\r\n\r\n{\"version\": 2}", r"HTTP/1\.1 400 .*version"),
    "nul": (DEPLOY + "24\r\n\r\n{\"version\": \"v2\\u0000x\"} ", r"HTTP/1\.1 400 "),
    "long-body": (DEPLOY + "70000\r\n\r\n" + "x" * 70000, r"HTTP/1\.1 413 .*urn:rollout:problem:too-long"),
    "long-header": ("GET /v1/rollout HTTP/1.1\r\nX: " + "x" * 20000 + "\r\n\r\n", r"HTTP/1\.[01] 4(13|31) |"),
    "address": ("POST /v1/rollout/destroy HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", r"HTTP/1\.1 404 .*nothing at this address"),
    "method": ("DELETE /v1/rollout HTTP/1.1\r\nHost: x\r\n\r\n", r"HTTP/1\.1 405 "),
}


def send(machine, text):
    """Raw bytes, and the end of what is said; the answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(15)
        connection.connect(f"{machine.root}/run/rollout/shop/api.sock")
        answer = b""
        try:
            connection.sendall(text.encode())
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except (BrokenPipeError, ConnectionResetError):
            pass  # it had heard enough
        return answer.decode()


@pytest.mark.parametrize("row", REQUESTS.values(), ids=REQUESTS.keys())
def test_request(machine, row):
    text, expected = row
    answer = send(machine, text)
    assert re.match(expected, answer, re.DOTALL), answer
    assert machine.rollout()["phase"] == "Healthy"


def test_requests_that_never_end(machine):
    """The half of one, the whole of its headers alone, and one whose sender thinks that it has said everything."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(3)]
        for connection, text in zip(connections, ["POST /v1/rol", DEPLOY + "100\r\n\r\n", DEPLOY + "100\r\n\r\n{\"version\": \"v2\"}"]):
            connection.settimeout(15)
            connection.connect(f"{machine.root}/run/rollout/shop/api.sock")
            connection.sendall(text.encode())
        connections[2].shutdown(socket.SHUT_WR)
        assert machine.rollout()["phase"] == "Healthy", "others are answered"
        assert [connection.recv(1) for connection in connections] == [b""] * 3, "the server hangs up"


# ---------------------------------------------------------------- what changes something

AFTER_AN_ABORT = dict.fromkeys(("promote", "promote --full"), "revision 2 was aborted: retry it, or deploy a version") \
    | dict.fromkeys(("pause", "resume"), "nothing is under way")


@pytest.mark.changes
def test_verb_that_makes_no_sense_after_an_abort(machine):
    machine.configure(Rollout=["AbortScaleDownDelaySec=0"], Canary=["Step=", "Step=setWeight 20", "Step=pause"])
    machine.deploy("v2", wait="Paused")
    machine.verb("abort")
    machine.wait_phase("Degraded", canary=None)
    state = pathlib.Path(f"{machine.root}/var/lib/rollout/shop/state.json")
    wait_for("the last that is written", lambda: json.loads(state.read_text())["byHand"]["confirmed"])
    before = everything(machine)
    for verb, message in AFTER_AN_ABORT.items():
        refused(machine, "shop", verb, message)
    code, out, _ = ctl(machine, "abort", "shop")
    assert code == 0 and "is aborted already" in out
    assert everything(machine) == before


@pytest.mark.changes
def test_pay_was_refused_for_these_reasons_alone(machine):
    restart_pay(machine)
    code, out, err = ctl(machine, "deploy", "pay", "v1", "--watch", "--timeout", "30s")
    assert code == 0 and "Healthy" in out, err
