# SPDX-License-Identifier: LGPL-2.1-or-later
"""What runs before instances start and between the steps: Prepare= and hooks."""
from shop import wait_for

NO_STEPS = ["Step=", "Step=setWeight 20", "Step=pause"]


def prepare(machine, command):
    """Prepare= runs this; what it did is in /run/prepared."""
    machine.write("/etc/systemd/system/shop-fetch@.service", f"""[Service]
Type=oneshot
EnvironmentFile=/var/lib/rollout/shop/instances/%i/env
ExecStart=/bin/sh -euc '{command}'
""")
    machine.run("systemctl", "daemon-reload")
    machine.configure(Rollout=["Prepare=shop-fetch@.service"], Canary=NO_STEPS)


def test_prepared_before_each_start(loaded):
    """An instance starts when its preparation is over and has succeeded, not before."""
    prepare(loaded, "sleep 1; echo $$ROLLOUT_INSTANCE $$ROLLOUT_VERSION >>/run/prepared; ! systemctl -q is-active shop@%i")
    loaded.verb("deploy", version="v2")
    wait_for("preparing", lambda: loaded.instance("green-1")["state"] == "starting")
    assert loaded.run("systemctl", "is-active", "shop@green-1", check=False).strip() == "inactive"
    loaded.wait_phase("Paused", revision=2)
    assert loaded.run("cat", "/run/prepared") == "green-1 v2\n"
    loaded.verb("promote", full=True)
    loaded.wait_phase("Healthy", revision=2)
    assert loaded.run("sort", "/run/prepared") == "green-1 v2\ngreen-2 v2\n"


def test_a_failed_preparation_takes_back(loaded):
    """It counts as a crash of the new version, and nothing of that was ever started."""
    prepare(loaded, "[ $$ROLLOUT_VERSION != v2 ]")
    loaded.verb("deploy", version="v2")
    now = loaded.wait_phase("Degraded", revision=2)
    assert "green-1, shop-fetch@green-1.service: failed: exit-code 1" in now["message"]
    assert "Started" not in loaded.run("journalctl", "-o", "cat", "-u", "shop@green-1")
    assert loaded.share() == 0


def test_a_preparation_without_end_is_given_up(loaded):
    """An abort ends it, and the next deploy finds its place free."""
    prepare(loaded, "[ $$ROLLOUT_VERSION != v2 ] || sleep infinity")
    loaded.verb("deploy", version="v2")
    wait_for("preparing", lambda: loaded.instance("green-1")["state"] == "starting")
    loaded.verb("abort")
    wait_for("the color's end", lambda: loaded.rollout()["canary"] is None)
    wait_for("its end", lambda: loaded.run("systemctl", "is-active", "shop-fetch@green-1", check=False).strip() != "activating")
    loaded.run("shop-release", "v3")
    loaded.deploy("v3", wait="Paused")
