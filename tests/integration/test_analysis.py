# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each provider gates a canary on real parts: a good version passes, a bad one is taken back, and what was seen can be read."""
import json

import pytest
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


def taken_back(machine, version, live):
    """Deploys a bad version, which has to end with the live one; its last measurement."""
    now = machine.deploy(version, wait="Degraded")
    assert now["message"].startswith("RolloutAborted"), now["message"]
    assert now["stable"]["version"] == live
    wait_for("weight 0", lambda: machine.servers()["green-1" if now["stable"]["color"] == "blue" else "blue-1"]["weight"] == 0)
    return latest(machine, now["revision"])


PROMETHEUS = ("Provider=prometheus", "Address=http://127.0.0.1:9090")


def test_five_errors_in_a_row_abort(loaded):
    """Prometheus takes the query for none; each error is followed by another try ten seconds later."""
    gate(loaded, *PROMETHEUS, "Query=nosuchfunction(1)", "SuccessCondition=result[0] == 1")
    loaded.verb("deploy", version="v2")
    now = loaded.wait_phase("Degraded", seconds=90, revision=2)
    assert "RolloutAborted" in now["message"] and "consecutive errors (5) > ConsecutiveErrorLimit (4)" in now["message"], now["message"]
    run = the_run(loaded, 2)
    assert run["phase"] == "Error" and [each["phase"] for each in run["metrics"][0]["measurements"]] == ["Error"] * 5
    assert now["stable"]["version"] == "v1"
    wait_for("weight 0", lambda: loaded.rollout()["weight"]["actual"] == 0)


def test_failure_of_a_dry_run_is_ignored(loaded):
    """It is measured and shown, and decides nothing."""
    loaded.configure(
        **{
            "Canary": ["Step=", "Step=setWeight 20", "Step=analysis good bad-one dryRun=bad-*"],
            "Metric good": [*PROMETHEUS, "Query=vector(1)", "SuccessCondition=result[0] == 1"],
            "Metric bad-one": [*PROMETHEUS, "Query=vector(0)", "SuccessCondition=result[0] == 1"],
        }
    )
    loaded.deploy("v2")
    run = the_run(loaded, 2)
    assert run["phase"] == "Successful" and {each["name"]: each["phase"] for each in run["metrics"]} == {"good": "Successful", "bad-one": "Failed"}


def test_inconclusive_pauses_and_can_be_aborted(loaded):
    gate(loaded, *PROMETHEUS, "Query=vector(7)", "SuccessCondition=result[0] == 1", "FailureCondition=result[0] == 0")
    now = loaded.deploy("v2", wait="Paused")
    assert "nconclusive" in now["message"] and now["weight"]["actual"] == 20, now["message"]
    loaded.verb("abort")
    now = loaded.wait_phase("Degraded", revision=2)
    assert now["stable"]["version"] == "v1" and the_run(loaded, 2)["phase"] == "Inconclusive"


@pytest.fixture
def oracle(loaded):
    """A server that knows v2 is good."""
    loaded.write("/usr/local/bin/oracle.py", ORACLE)
    loaded.write("/run/rates.json", json.dumps({"v2": 0.99}))
    loaded.run("systemd-run", "--quiet", "--collect", "--unit=oracle", "python3", "/usr/local/bin/oracle.py")
    loaded.run("shop-release", "v3")
    return loaded


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


def test_web(oracle):
    gate(oracle, *WEB)
    missing = taken_back(oracle, "v2", live="v1")
    assert missing["phase"] == "Error" and "no credential token" in missing["message"]

    oracle.write("/etc/rollout/token", "hunter3\n")
    oracle.write("/etc/systemd/system/rollout@shop.service.d/token.conf", "[Service]\nLoadCredential=token:/etc/rollout/token\n")
    oracle.run("systemctl", "daemon-reload")
    oracle.run("systemctl", "restart", "rollout@shop")
    oracle.wait_phase("Degraded")
    oracle.verb("retry")
    refused = wait_for("the second attempt's end", lambda: (m := latest(oracle, 2))["message"].startswith("HTTP 401") and m)
    assert refused["message"] == "HTTP 401: who are you?; see BearerCredential= and BasicCredential="

    oracle.write("/etc/rollout/token", "hunter2\n")
    oracle.run("systemctl", "restart", "rollout@shop")
    oracle.wait_phase("Degraded")
    oracle.verb("retry")
    oracle.wait_phase("Healthy", seconds=30)
    assert latest(oracle, 2)["value"] == "0.99"

    bad = taken_back(oracle, "v3", live="v2")
    assert (bad["phase"], bad["value"]) == ("Failed", "0")

    everything = oracle.run("sh", "-c", "journalctl --no-pager; cat $(find /var/lib/rollout -type f)")
    assert "hunter2" not in everything and "hunter3" not in everything
    assert "hunter" not in json.dumps([oracle.ask("GET", path)[1] for path in ("/v1/rollout", "/v1/runs", "/v1/revisions")])


@pytest.fixture
def checked(loaded):
    loaded.write("/etc/systemd/system/check@.service", CHECK)
    loaded.run("systemctl", "daemon-reload")
    loaded.run("shop-release", "v3")
    return loaded


def checks(machine):
    """Versions in the order they were checked."""
    return machine.run("cat", "/run/checked").split()


def test_job(checked):
    gate(checked, "Provider=job", "Unit=check@.service")
    checked.deploy("v2")
    assert latest(checked, 2)["phase"] == "Successful"
    assert latest(checked, 2)["message"] == "asking port 9011"

    checked.run("touch", "/run/v3.bad")
    bad = taken_back(checked, "v3", live="v2")
    assert bad["phase"] == "Failed"
    assert bad["message"] == "check@blue-1.service: failed: exit-code 3: asking port 9001 | v3 is bad"
    assert checks(checked) == ["v2", "v3"]


def under_way(machine, unit="check@green-1"):
    wait_for("the job", lambda: machine.run("systemctl", "is-active", unit, check=False).strip() == "activating")


def test_job_survives_the_agent(checked):
    """The job of a killed agent is taken over: it runs once, and its end counts."""
    gate(checked, "Provider=job", "Unit=check@.service")
    checked.run("touch", "/run/slow", "/run/v2.bad")
    checked.deploy("v2", wait=None)
    under_way(checked)
    checked.run("systemctl", "kill", "--signal=KILL", "rollout@shop")
    now = checked.wait_phase("Degraded")
    assert "RolloutAborted" in now["message"]
    assert latest(checked, 2)["message"].startswith("check@green-1.service: failed: exit-code 3")
    assert checks(checked) == ["v2"]


def test_job_whose_lines_come_late(checked):
    """Journald, busy elsewhere, reads them when their run has ended, and then knows the unit only."""
    gate(checked, "Provider=job", "Unit=check@.service")
    checked.run("touch", "/run/slow")
    checked.run("systemctl", "kill", "--signal=STOP", "systemd-journald")
    checked.deploy("v2", wait=None)
    under_way(checked)
    checked.run("systemctl", "kill", "--signal=STOP", "rollout@shop")
    wait_for("the job's end", lambda: checked.run("systemctl", "is-active", "check@green-1", check=False).strip() == "inactive")
    checked.run("systemctl", "kill", "--signal=CONT", "systemd-journald")
    lines = ["journalctl", "-o", "json", "-u", "check@green-1", "_TRANSPORT=stdout"]
    line = json.loads(wait_for("its line", lambda: checked.run(*lines)))
    assert "_SYSTEMD_INVOCATION_ID" not in line
    checked.run("systemctl", "kill", "--signal=CONT", "rollout@shop")
    checked.wait_phase("Healthy", revision=2)
    assert latest(checked, 2)["message"] == "asking port 9011"


def test_job_survives_systemds_reexec(checked):
    gate(checked, "Provider=job", "Unit=check@.service")
    checked.run("touch", "/run/slow", "/run/v2.bad")
    checked.deploy("v2", wait=None)
    under_way(checked)
    checked.run("systemctl", "daemon-reexec")
    checked.wait_phase("Degraded")
    assert latest(checked, 2)["message"].startswith("check@green-1.service: failed: exit-code 3")
    assert checks(checked) == ["v2"]


def test_job_that_somebody_ends(checked):
    gate(checked, "Provider=job", "Unit=check@.service")
    checked.run("touch", "/run/slow")
    checked.deploy("v2", wait=None)
    under_way(checked)
    checked.run("systemctl", "stop", "check@green-1")
    checked.wait_phase("Paused")
    ended = latest(checked, 2)
    assert ended["phase"] == "Inconclusive" and "canceled" in ended["message"]
    checked.verb("promote")
    checked.wait_phase("Healthy")


def test_job_that_takes_too_long(checked):
    gate(checked, "Provider=job", "Unit=check@.service", "TimeoutSec=1s")
    checked.run("touch", "/run/slow")
    checked.deploy("v2", wait="Paused")
    ended = latest(checked, 2)
    assert ended["phase"] == "Inconclusive"
    assert ended["message"].startswith("check@green-1.service: was stopped after 1s, as TimeoutSec= says")
    wait_for("its end", lambda: checked.run("systemctl", "is-active", "check@green-1", check=False).strip() != "activating")


def test_job_of_another_attempt(checked):
    """What still runs for a version that is not asked about any more says nothing of the next one."""
    gate(checked, "Provider=job", "Unit=check@.service")
    checked.run("touch", "/run/slow", "/run/v2.bad")
    checked.deploy("v2", wait=None)
    under_way(checked)
    checked.verb("abort")
    checked.deploy("v3")
    assert checks(checked) == ["v2", "v3"]
    assert latest(checked, 3)["phase"] == "Successful"


NO_JOBS = {
    "missing": (None, "missing@green-1.service: was not started: there is no unit file for it"),
    "lasting": ("Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true", "lasting@green-1.service: runs on after its start"),
    "no-program": ("Type=oneshot\nExecStart=/no/such/program", "no-program@green-1.service: the start job failed: exit-code 203/EXEC"),
    "condition": ("Type=oneshot\nExecCondition=/bin/false\nExecStart=/bin/true", "condition@green-1.service: was"),
}


def test_jobs_that_cannot_run(loaded):
    for name, (text, _) in NO_JOBS.items():
        if text:
            loaded.write(f"/etc/systemd/system/{name}@.service", f"[Service]\n{text}\n")
    loaded.run("systemctl", "daemon-reload")
    for name, (_, says) in NO_JOBS.items():
        gate(loaded, "Provider=job", f"Unit={name}@.service")
        loaded.deploy("v2", wait="Paused")
        measurement = latest(loaded, 2)
        assert measurement["phase"] == "Inconclusive" and measurement["message"].startswith(says), measurement
        loaded.verb("abort")
        loaded.wait_phase("Degraded")


def test_haproxy(loaded):
    loaded.run("systemctl", "stop", "prometheus")
    loaded.wait_samples = lambda: None
    gate(loaded, "Provider=haproxy", "WindowSec=2s", "SuccessCondition=result[0] < 0.05")
    loaded.run("shop-release", "v3", "errors=50")
    loaded.deploy("v2")
    assert latest(loaded, 2)["value"] == "[0]"
    bad = taken_back(loaded, "v3", live="v2")
    assert bad["phase"] == "Failed"
    assert 0.3 < json.loads(bad["value"])[0] < 0.7


def test_haproxys_other_figures(loaded):
    """20 % of 200 requests a second, answered at once; a reload in the window changes none of that."""
    figures = {
        "rate": ("request-rate", "canary", "result[0] > 20 and result[0] < 60"),
        "stable-rate": ("request-rate", "stable", "result[0] > 80 and result[0] < 240"),
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
    revision = loaded.deploy("v2", wait=None)
    wait_for("the run", lambda: the_run(loaded, revision))
    loaded.run("systemctl", "reload", "haproxy")
    loaded.wait_phase("Healthy")
    run = the_run(loaded, revision)
    assert {metric["phase"] for metric in run["metrics"]} == {"Successful"}, run
