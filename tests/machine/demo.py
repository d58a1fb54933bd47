#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The show of tools/demo, inside its machine: v1, v2 promoted, v3 and v4 taken back, under load all the time. What it shows has to be so:
otherwise it says what was not, and ends with 1."""
import json
import math
import subprocess
import sys
import time

from shop import Shop, answered, wait_for

shop = Shop()
steps = []
problems = []


def say(text=""):
    print(text, flush=True)


def check(holds, problem):
    """Goes on either way: the rest of the show may tell why."""
    if not holds:
        problems.append(problem)
        say(f"  NOT SO: {problem}")


def deploy(version):
    """Asks for it the way an operator would."""
    say(f"$ rolloutctl deploy shop {version}")
    result = subprocess.run(["rolloutctl", "deploy", "shop", version], text=True, capture_output=True, check=False)
    say("  " + (result.stdout + result.stderr).strip().replace("\n", "\n  "))
    if result.returncode != 0:
        sys.exit(f"demo: rolloutctl exited {result.returncode}")


def share_between(before, after, version):
    """The share of requests that VERSION answered in between, in percent, and of how many."""
    every = sum(answered(after, each) - answered(before, each) for each in after["answered"])
    return 100.0 * (answered(after, version) - answered(before, version)) / every if every else 0.0, every


def measured(version, wanted, before, after):
    """Keeps what was seen of a step. HAProxy shares by turns, so two points are much; where there are few requests chance may do more."""
    seen, every = share_between(before, after, version)
    steps.append((version, wanted, seen, every))
    chance = 300 * math.sqrt(wanted * (100 - wanted) / 10000 / every) if every else 0
    check(every and abs(seen - wanted) <= max(2, chance), f"{version} has {seen:.1f} % of {every} requests at {wanted:g} %")


def later_counts():
    """The counts of requests that were all sent after now."""
    now = shop.counts()
    return wait_for("requests", lambda: (new := shop.counts())["sent"] > now["sent"] and new)


def more_counts():
    """After so many more requests that a share of them says something."""
    now = shop.counts()
    return wait_for("requests", lambda: (new := shop.counts())["sent"] > now["sent"] + 500 and new)


class Step:
    """The weight that is wanted; what is answered counts from when HAProxy has it until another one is wanted."""

    def __init__(self, version, now):
        self.version, self.wanted, self.begun, self.seen = version, now["weight"]["desired"], None, None

    def look(self, now):
        parts = 0 < self.wanted < 100
        if parts and self.begun is None and abs((now["weight"]["actual"] or 0) - self.wanted) < 1:
            self.begun = later_counts()
        self.seen = shop.counts()

    def end(self):
        if self.begun:
            measured(self.version, self.wanted, self.begun, self.seen)


def follow(version, seconds=90):
    """Tells each step as it goes by, until the rollout has ended; returns how."""
    told, step, end = None, None, time.monotonic() + seconds
    while time.monotonic() < end:
        now = shop.rollout()
        if not now:
            time.sleep(0.02)
            continue
        if step is None or step.wanted != now["weight"]["desired"]:
            if step:
                step.end()
            step = Step(version, now)
        step.look(now)
        if told != (step.wanted, now["step"]["text"]):
            told = (step.wanted, now["step"]["text"])
            say(f"  {now['phase']:<12} {step.wanted:>3g} % wanted   {told[1] or '':<20} {now['message'][:90]}")
        if now["phase"] in ("Healthy", "Degraded"):
            return now
        time.sleep(0.02)
    sys.exit(f"demo: {version} has not ended after {seconds} s: {shop.rollout()}")


def expect(version, phase, outcome, cause=""):
    """Follows it to its end: how that has to be, and what the history says of it."""
    now = follow(version)
    entry = next(each for each in shop.ask("GET", "/v1/revisions")[1] if each["version"] == version)
    if now["phase"] != phase:
        sys.exit(f"demo: expected {phase}, but it is {now['phase']}: {now['message']}")
    check(cause in now["message"], f"expected \"{cause}\" for a cause: {now['message']}")
    check(entry["outcome"] == outcome and cause in (entry["reason"] or ""), f"the history should say {outcome}, \"{cause}\": {entry}")


def ended(unit):
    """When systemd was told of its process's latest end. The unit itself forgets that as it is started again."""
    last = ["journalctl", "-o", "json", "-n", "1", f"UNIT={unit}", "MESSAGE_ID=98e322203f7a4ed290d09fe03c09fe15"]
    return int(json.loads(wait_for("its end in the journal", lambda: shop.run(*last)))["_SOURCE_REALTIME_TIMESTAMP"]) / 1e6


def crash_to_zero(version):
    """Follows a canary that is going to crash; milliseconds from its end to weight 0 at HAProxy."""
    def serving():
        instances = shop.rollout()["instances"]
        return next((i for i in instances if i["role"] == "canary" and i["weight"] > 0 and i["state"] == "ready"), None)

    canary = wait_for("the canary's weight", serving)
    begun, at = later_counts(), time.monotonic()
    say(f"  {canary['name']} has weight {canary['weight']}; it is going to crash by itself")
    while shop.servers()[canary["name"]]["weight"] > 0:
        if time.monotonic() - at > 30:
            sys.exit("demo: its weight is still not 0")
    zero = time.time()
    measured(version, 20, begun, shop.counts())
    return (zero - ended(canary["unit"])) * 1000


def main():
    say("== v1: the first version")
    deploy("v1")
    expect("v1", "Healthy", "promoted")
    shop.start_load(800)
    shop.wait_samples()

    say("\n== v2: a good version, in steps")
    deploy("v2")
    expect("v2", "Healthy", "promoted")
    measured("v2", 100, later_counts(), more_counts())

    say("\n== v3: answers 500 to one request in five")
    deploy("v3")
    expect("v3", "Degraded", "aborted", "analysis failed")

    say("\n== v4: crashes")
    deploy("v4")
    milliseconds = crash_to_zero("v4")
    expect("v4", "Degraded", "aborted", "crash")

    stable = shop.rollout()["stable"]["version"]
    after, _ = share_between(later_counts(), more_counts(), stable)
    summary(shop.stop_load(), stable, after, milliseconds)


def summary(total, stable, after, milliseconds):
    own = total["answered"].get("v3", {}).get("500", 0)
    bad = sum(n for version in total["answered"].values() for status, n in version.items() if status != "200") - own
    lost = total["failed"] + bad
    say("\n== Summary")
    say(f"requests sent                     {total['sent']}")
    say(f"  answered 500 by v3 itself       {own}")
    say(f"  failed by our doing             {lost}")
    say("share of the new version           set    seen   of requests")
    for version, wanted, seen, every in steps:
        say(f"  {version:<30} {wanted:>5g} % {seen:>5.1f} %   {every}")
    say(f"from crash to weight 0            {milliseconds:.1f} ms")
    say(f"live in the end                   {stable}, with {after:.1f} % of the requests")
    check(lost == 0, f"requests were lost: {total['failures']}")
    check(own > 0, "v3 answered no error")
    check(stable == "v2" and after == 100, f"{stable} is live with {after:.1f} % of the requests, expected v2 with all")
    check(0 < milliseconds < 1000, f"from crash to weight 0 it took {milliseconds:.1f} ms")
    shown = list(dict.fromkeys((version, wanted) for version, wanted, _, _ in steps))
    expected = [("v2", share) for share in (20, 40, 60, 80, 100)] + [("v3", 20), ("v4", 20)]
    check(shown == expected, f"expected the steps {expected} to be seen, not {shown}")
    for problem in problems:
        say(f"demo: not so: {problem}")
    sys.exit(1 if problems else 0)


main()
