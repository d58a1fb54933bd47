# SPDX-License-Identifier: LGPL-2.1-or-later
"""A healthy agent with nothing under way sleeps: between two ticks of its watchdog there is no wake-up in a minute, and no CPU."""
import re
import time

from shop import wait_for

MINUTE = 60.0
# At half of WatchdogSec=5min the agent says that it lives, and has a look at HAProxy, which is several wake-ups. So it does again and again,
# counted from its start; a tick may be late by what the start took, what the timer may be late, and what the look takes.
TICK, LATE = 150.0, 5.0


def sleeps_and_ticks(machine, pid):
    """How often the agent went to sleep so far (each wake-up ends in one), and its CPU time in ticks of 10 ms; of all of its threads."""
    status, stat = machine.run("sh", "-c", f"cat /proc/{pid}/task/*/status"), machine.run("cat", f"/proc/{pid}/stat")
    fields = stat.rpartition(")")[2].split()
    return sum(map(int, re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE))), int(fields[11]) + int(fields[12])


def wait_quiet(machine):
    """Waits, if need be, until no tick is due for a minute."""
    show = ["systemctl", "show", "rollout@shop", "--value", "-p"]
    assert machine.run(*show, "WatchdogUSec").strip() == "5min"
    started = int(machine.run(*show, "ExecMainStartTimestampMonotonic")) / 1e6  # the host's clock is the machine's

    def quiet():
        since = time.monotonic() - started
        return (since < TICK or since % TICK > LATE) and since % TICK < TICK - MINUTE - LATE

    wait_for("the watchdog's tick", quiet, MINUTE + 3 * LATE)


def test_healthy_agent_sleeps(machine):
    """Behind it are a promotion with an analysis over HTTP, readers that left, and a retired color: nothing of them is left ticking."""
    machine.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause 1s", "Step=analysis no-errors"])
    machine.deploy("v1")
    machine.start_load()
    machine.wait_samples()
    assert "Healthy" in machine.run("rolloutctl", "deploy", "shop", "v2", "--watch", "--timeout", "60s")
    machine.stop_load()
    machine.wait_stopped("blue")
    pid = machine.agent_pid()

    def at_rest():
        before = sleeps_and_ticks(machine, pid)
        time.sleep(5)
        return sleeps_and_ticks(machine, pid) == before

    wait_for("the end of what follows the last answer", at_rest)
    wait_quiet(machine)
    sleeps, ticks = sleeps_and_ticks(machine, pid)
    time.sleep(MINUTE)  # what is measured is that nothing happens in it
    sleeps_later, ticks_later = sleeps_and_ticks(machine, pid)
    print(f"in {MINUTE:g} s: {sleeps_later - sleeps} wake-ups, {ticks_later - ticks} ticks of CPU")
    assert (sleeps_later, ticks_later) == (sleeps, ticks)
    assert machine.agent_pid() == pid and machine.rollout()["phase"] == "Healthy"
