# SPDX-License-Identifier: LGPL-2.1-or-later
"""A healthy agent with nothing under way sleeps: no wake-up in a minute but the watchdog's, and no CPU."""
import re
import time

from shop import wait_for

MINUTE = 60.0
# WatchdogSec=5min: sd_event wakes after 2.5 to 3.75 minutes, so at most once in any one.
WATCHDOG_WAKES = 1


def sleeps_and_ticks(machine, pid):
    """How often the agent went to sleep so far (each wake-up ends in one), and its CPU time in ticks of 10 ms."""
    status, stat = machine.run("cat", f"/proc/{pid}/status"), machine.run("cat", f"/proc/{pid}/stat")
    fields = stat.rpartition(")")[2].split()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)[1]), int(fields[11]) + int(fields[12])


def test_healthy_agent_sleeps(machine):
    """Behind it are a promotion with an analysis over HTTP, readers that left, and a retired color: nothing of them is left ticking."""
    machine.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause 3s", "Step=analysis no-errors"])
    machine.deploy("v1")
    machine.start_load()
    machine.wait_samples()
    assert "Healthy" in machine.run("rolloutctl", "deploy", "shop", "v2", "--watch", "--timeout", "60s")
    machine.stop_load()
    wait_for("the old color's end", lambda: machine.rollout()["canary"] is None)
    pid = machine.agent_pid()

    def at_rest():
        before = sleeps_and_ticks(machine, pid)
        time.sleep(1)
        return sleeps_and_ticks(machine, pid) == before

    wait_for("the end of what follows the last answer", at_rest)
    sleeps, ticks = sleeps_and_ticks(machine, pid)
    time.sleep(MINUTE)  # what is measured is that nothing happens in it
    sleeps_later, ticks_later = sleeps_and_ticks(machine, pid)
    print(f"in {MINUTE:g} s: {sleeps_later - sleeps} wake-ups, {ticks_later - ticks} ticks of CPU")
    assert sleeps_later - sleeps <= WATCHDOG_WAKES
    assert ticks_later - ticks <= WATCHDOG_WAKES
    assert machine.agent_pid() == pid and machine.rollout()["phase"] == "Healthy"
