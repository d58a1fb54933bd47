# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each provider gates a canary on real parts: a good version passes, a bad one is taken back, and what was seen can be read."""
import json
import time

import pytest
from conftest import New, booted
from shop import wait_for

# Answers who shows the token; what it says of a version is in a file.
ORACLE = '''
import http.server, json
class Oracle(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        allowed = self.headers["Authorization"] == "Bearer hunter2"
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        rates = json.load(open("/run/rates.json"))
        body = json.dumps({"rates": [rates.get(asked["version"], 0)], "asked": asked}) if allowed else "who are you?"
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", 9200), Oracle).serve_forever()
'''

# A test run against the new version's first instance: fails where /run/VERSION.bad is, takes its time where /run/slow is.
CHECK = """[Service]
Type=oneshot
EnvironmentFile=/var/lib/rollout/shop/instances/%i/env
ExecStart=/bin/sh -c 'echo "$ROLLOUT_VERSION" >>/run/checked; echo "asking port $PORT"; \\
    if [ -e /run/slow ]; then sleep 5; fi; \\
    if [ -e /run/$ROLLOUT_VERSION.bad ]; then echo "$ROLLOUT_VERSION is bad"; exit 3; fi'
"""

PORTS = {"blue": 9001, "green": 9011}


@pytest.fixture(scope="module")
def machine(package):
    """The oracle answers in it, and its jobs are known."""
    with booted(package, "analysis") as made:
        made.write("/usr/local/bin/oracle.py", ORACLE)
        made.write("/etc/systemd/system/check@.service", CHECK)
        made.run("systemctl", "daemon-reload")
        made.run("systemd-run", "--quiet", "--collect", "--unit=oracle", "python3", "/usr/local/bin/oracle.py")
        yield made


@pytest.fixture
def new(loaded):
    """Nothing is left of the test before."""
    loaded.take_back()
    loaded.run("sh", "-c", "rm -f /run/slow /run/*.bad; : >/run/checked; systemctl start prometheus")
    return New(loaded)


def gate(machine, *metric):
    """From now on one measurement decides at 20 %."""
    machine.configure(**{"Canary": ["Step=", "Step=setWeight 20", "Step=analysis gate"], "Metric gate": metric})


def the_run(machine, revision):
    """The latest run of a revision, ended or not, with what it measured; None before there is one."""
    runs = [run for run in machine.ask("GET", "/v1/runs")[1] if run["revision"] == revision]
    return machine.ask("GET", f"/v1/runs/{runs[0]['id']}")[1] if runs else None


def latest(machine, revision):
    """The latest measurement of a revision's run."""
    measurements = the_run(machine, revision)["metrics"][0]["measurements"]
    return measurements[-1] if measurements else {"phase": None, "value": "", "message": ""}


def ends(new, phase):
    """Deploys it and waits for a phase; its last measurement."""
    new.deploy()
    new.wait(phase)
    return latest(new.machine, new.revision)


def taken_back(new):
    """Deploys a bad version, which has to end with the live one; its last measurement."""
    last = ends(new, "Degraded")
    now = new.machine.rollout()
    assert now["message"].startswith("RolloutAborted"), now["message"]
    assert now["stable"] == new.old
    wait_for("weight 0", lambda: new.machine.servers()[new.one]["weight"] == 0)
    return last


PROMETHEUS = ("Provider=prometheus", "Address=http://127.0.0.1:9090")


def test_five_errors_in_a_row_abort(loaded, new):
    """Prometheus takes the query for none; each error is followed by another try ten seconds later."""
    gate(loaded, *PROMETHEUS, "Query=nosuchfunction(1)", "SuccessCondition=result[0] == 1")
    new.deploy()
    now = loaded.wait_phase("Degraded", seconds=90, revision=new.revision)
    assert "RolloutAborted" in now["message"] and "consecutive errors (5) > ConsecutiveErrorLimit (4)" in now["message"], now["message"]
    run = the_run(loaded, new.revision)
    assert run["phase"] == "Error" and [each["phase"] for each in run["metrics"][0]["measurements"]] == ["Error"] * 5
    assert now["stable"] == new.old
    wait_for("weight 0", lambda: loaded.rollout()["weight"]["actual"] == 0)


def test_failure_of_a_dry_run_is_ignored(loaded, new):
    """It is measured and shown, and decides nothing."""
    loaded.configure(
        **{
            "Canary": ["Step=", "Step=setWeight 20", "Step=analysis good bad-one dryRun=bad-*"],
            "Metric good": [*PROMETHEUS, "Query=vector(1)", "SuccessCondition=result[0] == 1"],
            "Metric bad-one": [*PROMETHEUS, "Query=vector(0)", "SuccessCondition=result[0] == 1"],
        }
    )
    new.deploy()
    new.wait("Healthy")
    run = the_run(loaded, new.revision)
    assert run["phase"] == "Successful" and {each["name"]: each["phase"] for each in run["metrics"]} == {"good": "Successful", "bad-one": "Failed"}


def test_inconclusive_pauses_and_can_be_aborted(loaded, new):
    gate(loaded, *PROMETHEUS, "Query=vector(7)", "SuccessCondition=result[0] == 1", "FailureCondition=result[0] == 0")
    new.deploy()
    now = new.wait("Paused")
    assert "nconclusive" in now["message"] and now["weight"]["actual"] == 20, now["message"]
    loaded.verb("abort")
    now = new.wait("Degraded")
    assert now["stable"] == new.old and the_run(loaded, new.revision)["phase"] == "Inconclusive"


WEB = (
    "Provider=web",
    "URL=http://127.0.0.1:9200/judge",
    "Method=POST",
    'JSONBody={"version": "{{canary.version}}", "key": "{{credential.token}}"}',
    "BearerCredential=token",
    "JSONPath=$.rates[0]",
    "ConsecutiveErrorLimit=0",
    "SuccessCondition=result >= 0.95",
)


def test_web(loaded, new):
    loaded.write("/run/rates.json", json.dumps({new.version: 0.99}))
    gate(loaded, *WEB)
    missing = taken_back(new)
    assert missing["phase"] == "Error" and "no credential token" in missing["message"]

    loaded.write("/etc/rollout/token", "hunter3\n")
    loaded.write("/etc/systemd/system/rollout@shop.service.d/token.conf", "[Service]\nLoadCredential=token:/etc/rollout/token\n")
    loaded.run("systemctl", "daemon-reload")
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Degraded")
    loaded.verb("retry")
    refused = wait_for("the second attempt's end", lambda: (m := latest(loaded, new.revision))["message"].startswith("HTTP 401") and m)
    assert refused["message"] == "HTTP 401: who are you?; see BearerCredential= and BasicCredential="

    loaded.write("/etc/rollout/token", "hunter2\n")
    loaded.run("systemctl", "restart", "rollout@shop")
    loaded.wait_phase("Degraded")
    loaded.verb("retry")
    loaded.wait_phase("Healthy", seconds=30)
    assert latest(loaded, new.revision)["value"] == "0.99"

    loaded.wait_stopped(new.old["color"])
    bad = taken_back(New(loaded))
    assert (bad["phase"], bad["value"]) == ("Failed", "0")

    everything = loaded.run("sh", "-c", "journalctl --no-pager; cat $(find /var/lib/rollout -type f)")
    assert "hunter2" not in everything and "hunter3" not in everything
    assert "hunter" not in json.dumps([loaded.ask("GET", path)[1] for path in ("/v1/rollout", "/v1/runs", "/v1/revisions")])


JOB = ("Provider=job", "Unit=check@.service")


def checks(machine):
    """Versions in the order they were checked."""
    return machine.run("cat", "/run/checked").split()


def test_job(loaded, new):
    gate(loaded, *JOB)
    good = ends(new, "Healthy")
    assert (good["phase"], good["message"]) == ("Successful", f"asking port {PORTS[new.color]}")

    loaded.wait_stopped(new.old["color"])
    other = New(loaded)
    loaded.run("touch", f"/run/{other.version}.bad")
    bad = taken_back(other)
    assert bad["phase"] == "Failed"
    assert bad["message"] == f"check@{other.one}.service: failed: exit-code 3: asking port {PORTS[other.color]} | {other.version} is bad"
    assert checks(loaded) == [new.version, other.version]


def under_way(new):
    """Deploys a version whose job lasts, and waits for that."""
    gate(new.machine, *JOB)
    new.machine.run("touch", "/run/slow")
    new.deploy()
    wait_for("the job", lambda: state_of_job(new) == "activating")


def state_of_job(new):
    return new.machine.run("systemctl", "is-active", f"check@{new.one}", check=False).strip()


def bad_once(new):
    """Its job, which was taken over, ran once, and its end counted."""
    now = new.wait("Degraded")
    assert "RolloutAborted" in now["message"]
    assert latest(new.machine, new.revision)["message"].startswith(f"check@{new.one}.service: failed: exit-code 3")
    assert checks(new.machine) == [new.version]


def test_job_survives_the_agent(loaded, new):
    loaded.run("touch", f"/run/{new.version}.bad")
    under_way(new)
    loaded.run("systemctl", "kill", "--signal=KILL", "rollout@shop")
    bad_once(new)


def test_job_survives_systemds_reexec(loaded, new):
    loaded.run("touch", f"/run/{new.version}.bad")
    under_way(new)
    loaded.run("systemctl", "daemon-reexec")
    bad_once(new)


def test_job_whose_lines_come_late(loaded, new):
    """Journald, busy elsewhere, reads them when their run has ended, and then knows the unit only."""
    since = f"@{int(time.time())}"
    loaded.run("systemctl", "kill", "--signal=STOP", "systemd-journald")
    under_way(new)
    loaded.run("systemctl", "kill", "--signal=STOP", "rollout@shop")
    wait_for("the job's end", lambda: state_of_job(new) == "inactive")
    loaded.run("systemctl", "kill", "--signal=CONT", "systemd-journald")

    def late():
        lines = loaded.run("journalctl", "-o", "json", "-u", f"check@{new.one}", "_TRANSPORT=stdout", "--since", since).splitlines()
        return [line for line in map(json.loads, lines) if "_SYSTEMD_INVOCATION_ID" not in line]

    wait_for("its line", late)
    loaded.run("systemctl", "kill", "--signal=CONT", "rollout@shop")
    new.wait("Healthy")
    assert latest(loaded, new.revision)["message"] == f"asking port {PORTS[new.color]}"


def test_job_that_somebody_ends(loaded, new):
    under_way(new)
    loaded.run("systemctl", "stop", f"check@{new.one}")
    new.wait("Paused")
    ended = latest(loaded, new.revision)
    assert ended["phase"] == "Inconclusive" and "canceled" in ended["message"]
    loaded.verb("promote")
    new.wait("Healthy")


def test_job_that_takes_too_long(loaded, new):
    gate(loaded, *JOB, "TimeoutSec=1s")
    loaded.run("touch", "/run/slow")
    ended = ends(new, "Paused")
    assert ended["phase"] == "Inconclusive"
    assert ended["message"].startswith(f"check@{new.one}.service: was stopped after 1s, as TimeoutSec= says")
    wait_for("its end", lambda: state_of_job(new) != "activating")


def test_job_of_another_attempt(loaded, new):
    """What still runs for a version that is not asked about any more says nothing of the next one."""
    loaded.run("touch", f"/run/{new.version}.bad")
    under_way(new)
    loaded.verb("abort")
    other = New(loaded)
    assert ends(other, "Healthy")["phase"] == "Successful"
    assert checks(loaded) == [new.version, other.version]


NO_JOBS = {
    "missing": (None, "was not started: there is no unit file for it"),
    "lasting": ("Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true", "runs on after its start"),
    "no-program": ("Type=oneshot\nExecStart=/no/such/program", "the start job failed: exit-code 203/EXEC"),
    "condition": ("Type=oneshot\nExecCondition=/bin/false\nExecStart=/bin/true", "was"),
}


def test_jobs_that_cannot_run(loaded, new):
    for name, (text, _) in NO_JOBS.items():
        if text:
            loaded.write(f"/etc/systemd/system/{name}@.service", f"[Service]\n{text}\n")
    loaded.run("systemctl", "daemon-reload")
    for name, (_, says) in NO_JOBS.items():
        gate(loaded, "Provider=job", f"Unit={name}@.service")
        measurement = ends(new, "Paused")
        assert measurement["phase"] == "Inconclusive" and measurement["message"].startswith(f"{name}@{new.one}.service: {says}"), measurement
        loaded.verb("abort")
        new.wait("Degraded")


def test_haproxy(loaded, new):
    loaded.run("systemctl", "stop", "prometheus")
    gate(loaded, "Provider=haproxy", "WindowSec=2s", "SuccessCondition=result[0] < 0.05")
    loaded.analyses = False  # by what Prometheus has
    assert ends(new, "Healthy")["value"] == "[0]"
    loaded.wait_stopped(new.old["color"])
    bad = taken_back(New(loaded, "errors=50"))
    assert bad["phase"] == "Failed"
    assert 0.15 < json.loads(bad["value"])[0] < 0.85


def test_haproxys_other_figures(loaded, new):
    """20 % of 200 requests a second, answered at once; a reload in the window changes none of that."""
    figures = {
        "rate": ("request-rate", "canary", "result[0] > 5 and result[0] < 100"),
        "stable-rate": ("request-rate", "stable", "result[0] > 20 and result[0] < 400"),
        "response": ("response-time", "canary", "result[0] >= 0 and result[0] < 0.2"),
        "queue": ("queue-time", "canary", "result[0] < 0.1"),
        "connect": ("connect-error-ratio", "canary", "result[0] < 0.01"),
        "stable-errors": ("error-ratio", "stable", "result[0] == 0"),
    }
    metrics = {
        f"Metric {name}": ["Provider=haproxy", f"Measure={measure}", f"Of={of}", "WindowSec=4s", f"SuccessCondition={condition}"]
        for name, (measure, of, condition) in figures.items()
    }
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause 1s", f"Step=analysis {' '.join(figures)}"], **metrics)
    new.deploy()
    wait_for("the run", lambda: the_run(loaded, new.revision))
    loaded.run("systemctl", "reload", "haproxy")
    new.wait("Healthy")
    run = the_run(loaded, new.revision)
    assert {metric["phase"] for metric in run["metrics"]} == {"Successful"}, run
