# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instance manager against a real systemd, D-Bus and polkit: manager-probe runs in a machine as the user rollout.

$ROLLOUT_BUILD_DIR says where manager-probe was built."""

import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import ENTER, init_of

TOP = Path(__file__).resolve().parents[2]
SANDBOX = TOP / "tools" / "sandbox"
PROBE = Path(os.environ.get("ROLLOUT_BUILD_DIR", TOP)) / "tests" / "integration" / "manager-probe"
AS_ROLLOUT = "setpriv --reuid=rollout --regid=rollout --clear-groups --no-new-privs"
INSTANCES = "/var/lib/rollout/shop/instances"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not PROBE.exists(), reason="needs root, and manager-probe below $ROLLOUT_BUILD_DIR"
)

UNIT = """[Unit]
StartLimitIntervalSec=0
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep infinity'
Restart=always
RestartSec=300ms
TimeoutStopSec=5s
"""

# What is wrong with an instance that is not like the others.
DROP_INS = {
    "shop@blue-2": "ExecStart=\nExecStart=/bin/sh -c 'exit 3'\nRestart=no",
    "shop@blue-3": "ExecStart=\nExecStart=/bin/sleep infinity\nTimeoutStartSec=1s\nRestart=no",
    "shop@blue-4": "[Unit]\nConditionPathExists=/nowhere",
    "shop@green-2": "Type=exec\nExecStart=\nExecStart=/no/such/program\nRestart=no",
    "shop@green-3": "ExecStart=\nExecStart=/bin/sh -c 'until rm /run/let 2>&-; do sleep 0.05; done; systemd-notify --ready; exec sleep infinity'",
    "shop@green-4": "ExecStart=\nTimeoutStopSec=1s\nRestart=no\n"
    "ExecStart=/bin/sh -c 'trap \"\" TERM; systemd-notify --ready; while :; do sleep 1; done'",
}


class Machine:
    def __init__(self, name):
        self.name = subprocess.check_output([SANDBOX, "up", name, "--owner", str(os.getpid())], text=True).strip()
        self.pid = init_of(self.name)

    def command(self, *words):
        return ["nsenter", "--target", self.pid, *ENTER, *words]

    def run(self, script):
        words = self.command("sh", "-euc", script)
        return subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, timeout=60).stdout.strip()

    def write(self, path, content, mode="0644"):
        data = content if isinstance(content, bytes) else content.encode()
        script = f'mkdir -p "$(dirname {path})"; cat >{path}; chmod {mode} {path}'
        subprocess.run(self.command("sh", "-euc", script), check=True, input=data, timeout=60)

    def kill_main(self, unit):
        """Kills a unit's main process; returns when, on CLOCK_MONOTONIC in microseconds (one for host and machine)."""
        return int(self.run(f"""python3 -c '
import os, subprocess, time
pid = int(subprocess.check_output(["systemctl", "show", "--value", "-p", "MainPID", "{unit}"]))
print(time.monotonic_ns() // 1000, flush=True)
os.kill(pid, 9)'"""))

    def permit(self):
        self.run("manager-probe permit shop")

    def down(self):
        subprocess.run([SANDBOX, "down", self.name], check=True)


class Probe:
    """manager-probe, and what it told so far."""

    def __init__(self, machine, template="shop@.service", n=4):
        self.told, self.lines = [], queue.Queue()
        self.process = subprocess.Popen(
            machine.command(*AS_ROLLOUT.split(), "manager-probe", "shop", template, INSTANCES, str(n)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def tell(self, line):
        self.process.stdin.write(line + "\n")

    def expect(self, event, instance, timeout=10, where=None, **fields):
        """The next such line, with these fields, for which WHERE holds; those before it are dropped."""
        deadline = time.monotonic() + timeout
        passed = []
        while True:
            try:
                line = self.lines.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {event} {instance} {fields} in {timeout} s; instead: {passed[-12:]}")
            self.told.append(line)
            passed.append(line)
            fields |= {"event": event, "instance": instance}
            if all(line.get(key) == value for key, value in fields.items()) and (not where or where(line)):
                return line

    def seen(self, instance, **fields):
        return self.expect("seen", instance, known=True, **fields)

    def done(self, instance, result="0", **more):
        return self.expect("done", instance, result=result, **more)

    def settle(self, seconds=0.3):
        """What comes until nothing has come for so long."""
        lines = []
        while True:
            try:
                lines.append(self.lines.get(timeout=seconds))
            except queue.Empty:
                self.told += lines
                return lines

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0


@pytest.fixture(scope="module")
def machine():
    machine = Machine(f"manager-{os.getpid()}")
    try:
        machine.run("useradd --system rollout")
        machine.write("/usr/local/bin/manager-probe", PROBE.read_bytes(), "0755")
        machine.write("/etc/systemd/system/shop@.service", UNIT)
        for unit, text in DROP_INS.items():
            section = "" if text.startswith("[") else "[Service]\n"
            machine.write(f"/etc/systemd/system/{unit}.service.d/odd.conf", section + text + "\n")
        machine.write("/etc/rollout/shop.conf", "[Rollout]\nReplicas=2\n[Canary]\nStep=setWeight 20\nStep=pause\n")
        machine.run(f"mkdir -p {INSTANCES}; ln -s ../revisions/7/blue-1 {INSTANCES}/blue-1; systemctl daemon-reload")
        yield machine
    finally:
        machine.down()


@pytest.fixture
def permitted(machine):
    machine.permit()
    return machine


@pytest.fixture
def probe(permitted):
    probe = Probe(permitted)
    probe.seen("green-4", job=False)
    yield probe
    probe.end()
    permitted.run("systemctl stop 'shop@*'; systemctl reset-failed")


def test_denied_then_permitted(machine):
    machine.run("rm -f /etc/polkit-1/rules.d/50-rollout-shop.rules; systemctl restart polkit")
    probe = Probe(machine)
    probe.seen("blue-1", state="inactive")
    for verb in "start", "stop":
        probe.tell(f"{verb} blue-1")
        assert "`rolloutctl permit shop` as root" in probe.done("blue-1", "EACCES")["sentence"]
    machine.permit()
    probe.tell("start blue-1")
    probe.done("blue-1")
    probe.tell("stop blue-1")
    probe.done("blue-1")
    probe.end()


def test_permit_is_read_when_it_returns(machine):
    """Sixteen times: the rule goes, polkit forgets it, permit returns, and at once the agent's user may."""
    for _ in range(16):
        machine.run("rm -f /etc/polkit-1/rules.d/50-rollout-shop.rules; sleep 0.1")
        machine.run(f"manager-probe permit shop && {AS_ROLLOUT} systemctl --no-ask-password restart shop@blue-1")
    machine.run("systemctl stop shop@blue-1")


@pytest.mark.parametrize("command", [
    "systemctl --no-ask-password start shop@red-1", "systemctl --no-ask-password start shop@blue-0",
    "systemctl --no-ask-password start shop@blue-33", "systemctl --no-ask-password start shop@blue-01",
    "systemctl --no-ask-password kill shop@blue-1", "systemctl --no-ask-password stop dbus.service",
    "systemd-run --no-ask-password --unit=shop@blue-9 true", "systemctl --no-ask-password mask shop@blue-1",
    "systemctl --no-ask-password set-property shop@blue-1 CPUWeight=5",
])
def test_no_more_than_needed_is_permitted(permitted, command):
    permitted.run("systemctl start shop@blue-1")
    with pytest.raises(subprocess.CalledProcessError):
        permitted.run(f"{AS_ROLLOUT} {command}")
    permitted.run("systemctl stop shop@blue-1")


def test_permit_writes_only_changes(permitted):
    look = "stat -c '%a %U %i %y' /etc/polkit-1/rules.d/50-rollout-shop.rules"
    before = permitted.run(look)
    assert before.startswith("644 root ")
    permitted.permit()
    assert permitted.run(look) == before


def test_start_and_stop(probe):
    probe.tell("start blue-1")
    active = probe.seen("blue-1", state="active", job=False)
    assert active["envRevision"] == 7 and active["invocation"].strip("0") and active["result"] == ""
    assert 0 <= active["activeForUsec"] < 2_000_000
    assert probe.done("blue-1", token=1)["sentence"] == "shop@blue-1.service: started"
    probe.tell("start blue-1")  # once more: nothing happens, and that is fine
    probe.done("blue-1", token=2)
    probe.tell("stop blue-1")
    probe.seen("blue-1", state="inactive", activeForUsec=-1)
    probe.done("blue-1")
    probe.tell("stop blue-1")
    probe.done("blue-1")
    assert probe.settle() == []


def test_all_at_once(probe):
    probe.tell("watch 32")
    for n in range(5, 33):
        probe.seen(f"blue-{n}", state="inactive")
    probe.settle()
    names = [f"{color}-{n}" for color in ("blue", "green") for n in range(5, 33)]
    for verb in "start", "stop":
        for name in names:
            probe.tell(f"{verb} {name}")
        done = {}
        while len(done) < len(names):
            line = probe.lines.get(timeout=30)
            if line["event"] == "done":
                done[line["instance"]] = line["result"]
        assert set(done.values()) == {"0"}, done
        probe.settle()


def test_order_takes_the_place_of_one_under_way(probe):
    probe.tell("start green-3")
    probe.seen("green-3", state="starting")
    probe.tell("stop green-3")
    probe.seen("green-3", state="inactive", job=False)
    assert "stopped" in probe.done("green-3")["sentence"]


def test_crash_is_seen_at_once(permitted, probe):
    probe.tell("start blue-1")
    first = probe.seen("blue-1", state="active", job=False)
    probe.done("blue-1")
    latencies = []
    for crash in range(1, 6):
        probe.settle()
        at = permitted.kill_main("shop@blue-1")
        latencies.append((probe.expect("seen", "blue-1")["at"] - at) / 1000)
        restarting = probe.seen("blue-1", state="restarting")
        assert restarting["result"] == "signal KILL" and restarting["invocation"] == first["invocation"]
        first = probe.seen("blue-1", state="active", restarts=crash)
        assert first["invocation"] != restarting["invocation"]
    print(f"from SIGKILL to seen: {sorted(latencies)} ms")
    assert sorted(latencies)[2] < 1000, "no poll finds it: it is told"


def test_start_that_fails(probe):
    probe.tell("start blue-2")
    probe.seen("blue-2", state="failed", result="exit-code 3")
    sentence = probe.done("blue-2", "EIO")["sentence"]
    assert sentence == "shop@blue-2.service: the start job failed: exit-code 3; see `journalctl -u shop@blue-2.service`"
    for _ in range(8):  # reset-failed keeps systemd's start limit away
        probe.tell("start blue-2")
        assert "exit-code 3" in probe.done("blue-2", "EIO")["sentence"]
    probe.tell("stop blue-2")
    probe.done("blue-2")


def test_never_ready(probe):
    probe.tell("start blue-3")
    probe.seen("blue-3", state="starting", job=True)
    assert "longer than its TimeoutStartSec=" in probe.done("blue-3", "EIO")["sentence"]


def test_condition_that_does_not_hold(probe):
    probe.tell("start blue-4")
    assert "Condition" in probe.done("blue-4", "ECANCELED")["sentence"]


def test_program_missing(probe):
    probe.tell("start green-2")
    assert "exit-code 203/EXEC" in probe.done("green-2", "EIO")["sentence"]


def test_sigterm_ignored(probe):
    probe.tell("start green-4")
    probe.done("green-4")
    probe.tell("stop green-4")
    probe.seen("green-4", state="stopping")
    probe.done("green-4")
    assert probe.told[-1]["result"] == "0"


def test_template_missing(permitted):
    probe = Probe(permitted, template="shopping@.service", n=1)
    probe.seen("blue-1", missing=True, state="inactive")
    probe.tell("stop blue-1")
    probe.expect("done", "blue-1")
    # when it comes, that is seen by itself
    permitted.write("/etc/systemd/system/shopping@.service", UNIT)
    permitted.run("systemctl daemon-reload")
    probe.seen("blue-1", missing=False)
    permitted.run("rm /etc/systemd/system/shopping@.service; systemctl daemon-reload")
    probe.seen("blue-1", missing=True)
    probe.end()


def test_start_without_template(permitted):
    permitted.run("mv /etc/systemd/system/shop@.service /etc/systemd/system/away; systemctl daemon-reload")
    try:
        probe = Probe(permitted, n=1)
        probe.seen("blue-1", missing=True)
        probe.tell("start blue-1")
        assert "there is no unit file for it" in probe.done("blue-1", "ENOENT")["sentence"]
        probe.tell("stop blue-1")
        probe.done("blue-1")
        probe.end()
    finally:
        permitted.run("mv /etc/systemd/system/away /etc/systemd/system/shop@.service; systemctl daemon-reload")


def test_masked(permitted, probe):
    permitted.run("systemctl mask --runtime shop@green-1.service")
    probe.seen("green-1", missing=True)
    probe.tell("start green-1")
    assert "systemctl unmask shop@green-1.service" in probe.done("green-1", "ESHUTDOWN")["sentence"]
    permitted.run("systemctl unmask --runtime shop@green-1.service")
    probe.seen("green-1", missing=False)


def test_by_hand(permitted, probe):
    probe.tell("start blue-1")
    first = probe.seen("blue-1", state="active", job=False)
    probe.done("blue-1")
    permitted.run("systemctl restart shop@blue-1")
    is_new = lambda line: line["invocation"] != first["invocation"]  # noqa: E731
    probe.seen("blue-1", state="active", job=False, restarts=0, where=is_new)
    permitted.run("systemctl stop shop@blue-1")
    probe.seen("blue-1", state="inactive")


def test_job_canceled_by_hand(permitted, probe):
    probe.tell("start green-3")
    probe.seen("green-3", state="starting")
    permitted.run("systemctl stop shop@green-3")
    assert "canceled" in probe.done("green-3", "ECANCELED")["sentence"]


def test_job_of_somebody_else_is_joined(permitted, probe):
    permitted.run("systemctl start --no-block shop@green-3")
    probe.seen("green-3", state="starting", job=True)
    probe.tell("start green-3")
    assert not any(line["event"] == "done" for line in probe.settle())
    permitted.run("touch /run/let")
    probe.done("green-3")


def lose_and_find(machine, probe, command, timeout):
    """After what COMMAND does to the bus, all is seen again, and what happened meanwhile too."""
    probe.tell("start blue-1")
    before = probe.seen("blue-1", state="active", job=False)
    probe.done("blue-1")
    probe.settle()
    machine.run(command)
    lost = probe.expect("seen", "blue-1", known=False)
    found = probe.expect("seen", "blue-1", known=True, state="active", timeout=timeout)
    assert found["invocation"] == before["invocation"] and found["envRevision"] == 7
    print(f"out of reach for {(found['at'] - lost['at']) / 1000:.0f} ms")
    probe.settle()
    machine.kill_main("shop@blue-1")
    probe.seen("blue-1", state="restarting")
    probe.seen("blue-1", state="active")
    probe.tell("stop blue-1")
    probe.done("blue-1")


def test_daemon_reexec(permitted, probe):
    lose_and_find(permitted, probe, "systemctl daemon-reexec", 10)


def test_dbus_restart(permitted, probe):
    lose_and_find(permitted, probe, "systemctl restart dbus", 30)


def test_dbus_gone_for_a_while(permitted, probe):
    lose_and_find(permitted, probe, "systemctl stop dbus.socket dbus; sleep 2; systemctl start dbus.socket dbus", 30)


def test_dbus_hangs_and_is_restarted(permitted, probe):
    """A stopped daemon is not a closed connection: nothing blocks, and nothing is lost for long."""
    permitted.run("systemctl kill --signal=STOP dbus")
    probe.tell("start blue-1")
    assert probe.settle(1) == []
    permitted.run("systemctl kill --signal=CONT dbus")
    probe.done("blue-1")


def test_order_under_way_when_systemd_goes(permitted, probe):
    probe.tell("start green-3")
    probe.seen("green-3", state="starting", job=True)
    permitted.run("systemctl daemon-reexec")
    probe.done("green-3", "ECONNRESET")
    probe.seen("green-3", state="starting", job=True)
    permitted.run("touch /run/let")
    probe.seen("green-3", state="active", job=False)


def test_daemon_reload_changes_nothing(permitted, probe):
    probe.tell("start blue-1")
    probe.done("blue-1")
    probe.settle()
    permitted.run("systemctl daemon-reload; systemctl daemon-reload")
    assert probe.settle(0.5) == []
