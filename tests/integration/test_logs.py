# SPDX-License-Identifier: LGPL-2.1-or-later
"""rolloutctl logs: what the agent and its instances wrote, as journalctl has it."""
import json

from shop import wait_for


def logged(machine, *options):
    """The messages that it gives, oldest first."""
    lines = machine.run("rolloutctl", "logs", "shop", "--output", "json", *options).splitlines()
    return [json.loads(line) for line in lines]


def unit_of(message):
    return message.get("UNIT") or message["_SYSTEMD_UNIT"]


def test_logs(machine):
    machine.deploy("v1")
    units = {"rollout@shop.service", "shop@blue-1.service", "shop@blue-2.service"}

    def complete():
        found = logged(machine)
        told = any("revision 1" in message["MESSAGE"] for message in found)
        return found if told and {unit_of(message) for message in found} >= units else None

    messages = wait_for("the journal", complete)
    assert {unit_of(message) for message in messages} == units
    times = [int(message["__REALTIME_TIMESTAMP"]) for message in messages]
    assert times == sorted(times)
    assert len(logged(machine, "-n", "3")) == 3
    assert not logged(machine, "--since", "+1h")
    assert "revision 1 (v1) begins" in machine.run("rolloutctl", "logs", "shop", "--since", "1 hour ago")

    follow = "timeout 20 rolloutctl logs shop -f -n 0 | { read -r line; echo \"$line\"; }"
    said = machine.run("sh", "-c", f"(while sleep 1; do systemctl reload rollout@shop; done) & talks=$!; {follow}; kill $talks")
    assert "rollout" in said, said

    machine.run("systemctl", "stop", "rollout@shop")
    assert {unit_of(message) for message in logged(machine)} == units, "without the agent, by its configuration"
