# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped analysis templates on real data, HAProxy's exporter and the service's own counters; runs by hand; background analysis."""
import itertools
import json

import pytest
from conftest import booted
from shop import answered, wait_for

SHIPPED = "/usr/lib/rollout/analysis"
HALF = ["Step=", "Step=setWeight 50", "Step=pause"]
MEMORY = "memory-limit=100000000"
NUMBERS = itertools.count(2)

# A template, what it is asked with, and the options of a version that it must find bad.
TEMPLATES = {
    "success-rate": ([], {"errors": 0.5}),
    "error-budget": ([], {"errors": 0.5}),
    "success-rate-vs-stable": ([], {"errors": 0.5}),
    "latency-p95": (["latency=0.06", "latency-fails=0.08"], {"slow": 0.1}),
    "latency-p95-vs-stable": (["latency-over-stable=3", "latency-over-stable-fails=4"], {"slow": 0.1}),
    "workflow-failure-rate": ([], {"failures": 0.5}),
    "automation-success-rate": ([], {"failures": 0.5}),
    "cpu-usage": (["cpu=0.15", "cpu-fails=0.15"], {"busy": True}),
    "memory-usage": ([MEMORY], {"megabytes": 120}),
}


def release(machine, version, **options):
    """Makes a version of the service that counts."""
    folder = f"/srv/shop/releases/{version}"
    machine.run("install", "-D", "-m", "755", "/root/machine/app.py", f"{folder}/bin/shop")
    machine.write(f"{folder}/bin/options.json", json.dumps({"version": version, **options}))


def prepare(machine):
    """Prometheus asks the instances, too; the templates as they are shipped, but in seconds instead of minutes."""
    targets = ", ".join(f'"127.0.0.1:{port}"' for port in (9001, 9002, 9011, 9012))
    scrape = f"  - job_name: shop\n    static_configs:\n      - targets: [{targets}]\n"
    machine.run("sh", "-c", f"cat >>/etc/prometheus/prometheus.yml <<'END'\n{scrape}END\nsystemctl reload prometheus")
    quick = "s/^InitialDelaySec=.*//; s/^IntervalSec=.*/IntervalSec=1s/; s/^Count=.*/Count=2/; s/^window=.*/window=6s/"
    machine.run("sh", "-c", f"mkdir -p /etc/rollout/analysis; cd {SHIPPED}; for f in *.conf; do sed '{quick}' $f >/etc/rollout/analysis/$f; done")
    release(machine, "good1")
    machine.deploy("good1")
    machine.start_load(150)
    wait_for("its answers", lambda: answered(machine.counts(), "good1") >= 1000)


def analyze(machine, template, args):
    """A run by hand: its document, and what rolloutctl exits with."""
    command = ["rolloutctl", "analyze", "shop", template, "--output", "json", *(word for arg in args for word in ("-a", arg))]
    shell = f"{' '.join(command)}; echo $?"
    *document, code = machine.run("sh", "-c", shell).splitlines()
    return json.loads("\n".join(document)), int(code)


@pytest.fixture(scope="module")
def machine(package):
    """Its service counts, and answers the whole time."""
    with booted(package, "templates") as made:
        prepare(made)
        yield made


@pytest.fixture
def served(machine):
    """What was tried is taken back in the end, and no request was lost."""
    machine.configure(Canary=HALF)
    yield machine
    machine.take_back()
    assert machine.counts()["failed"] == 0, machine.counts()["failures"]


def half(machine, answers=300, **options):
    """A version gets half of the requests, and has answered so many: the windows are full of them. Its revision and its color."""
    version = f"v{next(NUMBERS)}"
    release(machine, version, **options)
    revision = machine.verb("deploy", version=version)["revision"]
    now = machine.wait_phase("Paused", revision=revision)
    wait_for("its answers", lambda: answered(machine.counts(), version) >= answers, 60)
    return revision, now["canary"]["color"]


def test_all_shipped_are_tested(served):
    machine = served
    shipped = machine.run("sh", "-c", f"cd {SHIPPED}; echo *.conf").split()
    assert sorted(TEMPLATES) == sorted(name.removesuffix(".conf") for name in shipped)
    together = " ".join(TEMPLATES)
    machine.configure(Canary=["Step=", *(f"Step=analysis {name}" for name in TEMPLATES), "BackgroundAnalysis=error-budget success-rate"],
                      Args=[MEMORY])
    assert "shop: good" in machine.run("rolloutctl", "lint", "shop")
    names = together.split()
    machine.configure(Canary=["Step=", f"Step=analysis {' '.join(names[:8])}", f"Step=analysis {names[8]}"], Args=[MEMORY])


def test_templates_pass_on_a_good_version(served):
    machine = served
    _, color = half(machine)
    port = {"blue": "9001", "green": "9011"}[color]
    for template, (args, _) in TEMPLATES.items():
        run, code = analyze(machine, template, args)
        metric = run["metrics"][0]
        assert (run["phase"], code) == ("Successful", 0), (template, metric["measurements"])
        assert metric["successful"] == 2, run
        assert "{{" not in metric["query"] and (color in metric["query"] or port in metric["query"]), metric["query"]
    assert machine.rollout()["phase"] == "Paused", "runs by hand touch no rollout"


@pytest.mark.parametrize("fault", [{"errors": 0.5, "failures": 0.5}, {"slow": 0.1, "megabytes": 120}, {"busy": True}])
def test_templates_fail_on_a_bad_version(served, fault):
    half(served, **fault)
    tested = 0
    for template, (args, bad) in TEMPLATES.items():
        if bad.items() <= fault.items():
            run, code = analyze(served, template, args)
            assert (run["phase"], code) == ("Failed", 1), (template, run["metrics"][0]["measurements"])
            tested += 1
    assert tested > 0


def test_analyze_by_hand(served):
    machine = served
    color = machine.rollout()["stable"]["color"]
    run, code = analyze(machine, "success-rate", ["window=5s"])
    assert (run["phase"], code, run["revision"]) == ("Successful", 0, None), run
    assert "[5s]" in run["metrics"][0]["query"] and f"{color}-1|{color}-2" in run["metrics"][0]["query"]
    assert run["by"]["uid"] == 0
    kept = json.loads(machine.run("cat", f"/var/lib/rollout/shop/runs/{run['id']}.json"))
    assert kept["phase"] == "Successful" and kept["uid"] == 0
    text = machine.run("rolloutctl", "analysis", "shop", str(run["id"]))
    assert "by hand, by root" in text and "success: 1 >= 0.95" in text and run["metrics"][0]["query"] in text, text

    for args, what in ((["windw=3s"], "nothing in success-rate asks for {{args.windw}}"), (["window="], "expected plain text")):
        said = machine.run("sh", "-c", f"rolloutctl analyze shop success-rate -a {args[0]} 2>&1; echo exit $?")
        assert what in said and "exit 2" in said, said
    assert "memory-limit" in machine.run("sh", "-c", "rolloutctl analyze shop memory-usage 2>&1; echo exit $?")

    begun = machine.verb("analyze", name="success-rate")["run"]
    machine.run("systemctl", "restart", "rollout@shop")
    ended = wait_for("the agent", lambda: machine.rollout() and machine.ask("GET", f"/v1/runs/{begun}")[1])
    assert ended["phase"] == "Error" and "restarted" in ended["message"], ended
    assert machine.verb("analyze", name="success-rate")["run"] == begun + 1


def test_min_samples(served):
    machine = served
    machine.stop_load()
    half(machine, answers=0)
    run = machine.verb("analyze", name="success-rate-vs-stable")["run"]

    def pending():
        document = machine.ask("GET", f"/v1/runs/{run}")[1]
        return document if document["metrics"][0]["tooFewSamples"] > 2 else None

    document = wait_for("measurements that say nothing", pending)
    assert document["phase"] == "Running" and document["metrics"][0]["measurements"][-1]["phase"] == "Pending", document
    assert "fewer than MinSamples=50" in document["metrics"][0]["measurements"][-1]["message"]
    machine.start_load(150)
    wait_for("its end", lambda: machine.ask("GET", f"/v1/runs/{run}")[1]["phase"] == "Successful", 60)


def test_background_analysis_aborts_in_a_pause(served):
    machine = served
    machine.configure(Canary=["Step=", "Step=setWeight 20", "Step=setWeight 50", "Step=pause", "BackgroundAnalysis=watched window=3s",
                              "BackgroundAnalysisStartingStep=1"],
                      **{"Metric watched": ["Provider=prometheus", "Query=sum(rate(workflow_failures_total{instance=~\".+:({{canary.ports}})\"}"
                                            "[{{args.window}}])) / sum(rate(workflow_runs_total{instance=~\".+:({{canary.ports}})\"}[{{args.window}}]))",
                                            "InitialDelaySec=3s", "IntervalSec=1s", "FailureCondition=result[0] > 0.1", "OnNoData=success"]})
    first, _ = half(machine)
    now = wait_for("measurements", lambda: (n := machine.rollout()) and n["analysis"] and n["analysis"][0]["metrics"][0]["successful"] > 1 and n)
    assert now["phase"] == "Paused" and now["analysis"][0]["stepIndex"] is None
    machine.verb("promote")
    assert machine.wait_phase("Healthy", revision=first)["stable"]["revision"] == first
    wait_for("the run's end with the steps", lambda: machine.ask("GET", f"/v1/runs/{now['analysis'][0]['id']}")[1]["phase"] == "Successful")

    bad = f"v{next(NUMBERS)}"
    release(machine, bad, failures=0.5)
    revision = machine.verb("deploy", version=bad)["revision"]
    now = machine.wait_phase("Degraded", revision=revision)
    assert "analysis failed" in now["message"] and answered(machine.counts(), bad) > 0, now["message"]
    color = "green" if now["stable"]["color"] == "blue" else "blue"
    wait_for("weight 0", lambda: machine.servers()[f"{color}-1"]["weight"] == 0)
    runs = machine.ask("GET", f"/v1/revisions/{revision}")[1]["runs"]
    assert [run["phase"] for run in runs] == ["Failed"], runs
    whole = machine.ask("GET", f"/v1/runs/{runs[0]['id']}")[1]
    last = whole["metrics"][0]["measurements"][-1]
    assert last["phase"] == "Failed" and last["failure"].endswith("> 0.1"), last
