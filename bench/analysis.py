#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured inside a machine of tools/sandbox, see README.md: how late an agent asks METRICS metrics that are due every second,
beside how late it asks one. Usage: analysis.py"""
import glob
import json
import os
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, "/root/machine")
from shop import Shop, wait_for  # noqa: E402  (its folder is known only now)

METRICS, COUNT, INTERVAL = 200, 30, 1_000_000
shop = Shop()


def template(metrics):
    return "[Template]\n" + "".join(f"""[Metric m{number}]
Provider=prometheus
Address=http://127.0.0.1:9090
Query=vector({number})
IntervalSec=1s
Count={COUNT}
Retain={COUNT}
SuccessCondition=result[0] == {number}
""" for number in range(metrics))


class Commits(threading.Thread):
    """Counts how often the document of the newest run is replaced, which is a commit: two fsyncs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.done = set(), False
        self.before = set(glob.glob("/var/lib/rollout/shop/runs/*"))

    def run(self):
        while not self.done:
            for path in set(glob.glob("/var/lib/rollout/shop/runs/*")) - self.before:
                try:
                    status = os.stat(path)
                except FileNotFoundError:
                    continue
                self.seen.add((path, status.st_ino, status.st_mtime_ns))
            time.sleep(0.01)


def lateness(document):
    """Milliseconds from when each question was due, which is a second after the last answer, until it was asked."""
    late = []
    for metric in document["metrics"]:
        measured = metric["measurements"]
        assert len(measured) == COUNT, (metric["name"], len(measured))
        late += [(then["started"] - now["finished"] - INTERVAL) / 1000 for now, then in zip(measured, measured[1:])]
    return sorted(late)


def agent(what):
    pid = shop.run("systemctl", "show", "--value", "-p", "MainPID", "rollout@shop").strip()
    if what == "threads":
        return len(os.listdir(f"/proc/{pid}/task"))
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))


def measure(metrics):
    with open(f"/etc/rollout/analysis/bench-{metrics}.conf", "w", encoding="ascii") as file:
        file.write(template(metrics))
    commits = Commits()
    commits.start()
    begun = time.monotonic()
    with subprocess.Popen(["rolloutctl", "analyze", "shop", f"bench-{metrics}"], stdout=subprocess.DEVNULL) as asked:
        threads, memory = 0, []
        while asked.poll() is None:
            threads = max(threads, agent("threads"))
            memory.append(agent("memory"))
            time.sleep(0.5)
    assert asked.returncode == 0, "the run did not succeed"
    seconds = time.monotonic() - begun
    commits.done = True
    commits.join()
    newest = max(set(glob.glob("/var/lib/rollout/shop/runs/*")) - commits.before, key=os.path.getmtime)
    with open(newest, encoding="utf-8") as file:
        late = lateness(json.load(file))
    print(f"{metrics:>3} metrics: asked {len(late)} times, late by {statistics.median(late):.2f} ms, "
          f"99 % within {late[len(late) * 99 // 100]:.2f} ms, all within {late[-1]:.2f} ms; "
          f"{len(commits.seen) / seconds:.1f} commits a second; {threads} threads; "
          f"{memory[len(memory) // 3]} kB private dirty after a third, {memory[-1]} kB in the end")
    return statistics.median(late)


def main():
    os.makedirs("/etc/rollout/analysis", exist_ok=True)
    shop.run("rolloutctl", "deploy", "shop", "v1", "--watch")
    wait_for("Prometheus", lambda: shop.run("curl", "-sf", "http://127.0.0.1:9090/-/ready", check=False))
    print("== metrics that are due every second")
    one = measure(1)
    many = measure(METRICS)
    print(f"{METRICS} : 1, lateness in the middle   {many / one:.2f}")


main()
