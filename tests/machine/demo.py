#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The show of tools/demo, inside its machine: v1, v2 promoted, v3 and v4 taken back, under load all the time."""
import subprocess
import sys
import time

from shop import Shop, answered, wait_for

shop = Shop()
steps = []


def say(text=""):
    print(text, flush=True)


def deploy(version):
    """Asks for it the way an operator would."""
    say(f"$ rolloutctl deploy shop {version}")
    result = subprocess.run(["rolloutctl", "deploy", "shop", version], text=True, capture_output=True, check=False)
    say("  " + (result.stdout + result.stderr).strip().replace("\n", "\n  "))
    if result.returncode != 0:
        sys.exit(f"demo: rolloutctl exited {result.returncode}")


def share_since(before, version):
    """The share of requests that VERSION answered since BEFORE, in percent, and of how many."""
    now = shop.counts()
    every = sum(answered(now, each) - answered(before, each) for each in now["answered"])
    return 100.0 * (answered(now, version) - answered(before, version)) / every if every else 0.0, every


def follow(version):
    """Tells each step as it goes by, until the rollout has ended; returns how."""
    told, weight, begun, at = None, None, None, 0.0
    while True:
        now = shop.rollout()
        if weight != now["weight"]["desired"]:
            if weight and time.monotonic() - at > 1:
                steps.append((version, weight, *share_since(begun, version)))
            weight, begun, at = now["weight"]["desired"], shop.counts(), time.monotonic()
        if told != (weight, now["step"]["text"]):
            told = (weight, now["step"]["text"])
            say(f"  {now['phase']:<12} {weight:>3g} % wanted   {told[1] or '':<20} {now['message'][:90]}")
        if now["phase"] in ("Healthy", "Degraded"):
            return now
        time.sleep(0.02)


def expect(now, phase):
    if now["phase"] != phase:
        sys.exit(f"demo: expected {phase}, but it is {now['phase']}: {now['message']}")


def crash_to_zero(version):
    """Follows a canary that is going to crash; milliseconds from its end to weight 0 at HAProxy."""
    def serving():
        instances = shop.rollout()["instances"]
        return next((i for i in instances if i["role"] == "canary" and i["weight"] > 0 and i["state"] == "ready"), None)

    canary = wait_for("the canary's weight", serving)
    begun, at = shop.counts(), time.monotonic()
    say(f"  {canary['name']} has weight {canary['weight']}; it is going to crash by itself")
    while shop.servers()[canary["name"]]["weight"] > 0:
        if time.monotonic() - at > 30:
            sys.exit("demo: its weight is still not 0")
    zero = time.clock_gettime(time.CLOCK_MONOTONIC)
    steps.append((version, 20, *share_since(begun, version)))
    died = int(shop.run("systemctl", "show", "--value", "-p", "ExecMainExitTimestampMonotonic", canary["unit"])) / 1e6
    return (zero - died) * 1000


def main():
    say("== v1: the first version")
    deploy("v1")
    expect(follow("v1"), "Healthy")
    shop.start_load()
    shop.wait_samples()

    say("\n== v2: a good version, in steps")
    deploy("v2")
    expect(follow("v2"), "Healthy")

    say("\n== v3: answers 500 to one request in five")
    deploy("v3")
    expect(follow("v3"), "Degraded")

    say("\n== v4: crashes")
    deploy("v4")
    milliseconds = crash_to_zero("v4")
    expect(follow("v4"), "Degraded")

    stable = shop.rollout()["stable"]["version"]
    time.sleep(0.5)
    before = shop.counts()
    wait_for("requests after it all", lambda: shop.counts()["sent"] > before["sent"] + 200)
    after, _ = share_since(before, stable)
    total = shop.stop_load()
    summary(total, stable, after, milliseconds)


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
    if lost:
        say(f"failures: {total['failures']}")
        sys.exit("demo: requests were lost")
    if stable != "v2":
        sys.exit(f"demo: {stable} is live, expected v2")


main()
