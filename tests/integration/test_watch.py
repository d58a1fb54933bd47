# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person sees who looks on: the live picture on a terminal, and the line of systemctl status."""
import pathlib
import re

from shop import wait_for

WIDTH = 24  # of the step bar


def frames(machine, path):
    """The pictures so far, without their colors."""
    file = pathlib.Path(f"{machine.root}{path}")
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame) for frame in text.split("\x1b[H")]


def test_picture_follows_a_rollout(loaded):
    """Redrawn in place: step bar, weights wanted and seen, instances, and why it waits; SIGINT ends it."""
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause", "Step=setWeight 60", "Step=pause"])
    command = "stty cols 120 rows 40; rolloutctl get shop --watch"
    loaded.run("systemd-run", "--quiet", "--collect", "--unit=watcher", "--setenv=TERM=xterm", "script", "-qefc", command, "/run/picture")
    path = "/run/picture"
    wait_for("the first picture", lambda: any("Healthy" in frame for frame in frames(loaded, path)))
    loaded.deploy("v2", wait="Paused")
    instance = r" +ready +weight +[1-9]"

    def paused():
        return next((f for f in frames(loaded, path) if "20 % seen" in f and re.search(f"green-1{instance}", f) and re.search(f"blue-1{instance}", f)), None)

    picture = wait_for("the pause", paused)
    assert "Phase:     Paused" in picture and "for promote" in picture
    assert re.search(rf"Step: +█+░+ 1/4 +pause", picture) and len(re.search(r"[█░]+", picture)[0]) == WIDTH
    loaded.verb("promote")
    wait_for("the next step", lambda: any("3/4" in frame and "60 % wanted, 60 % seen" in frame for frame in frames(loaded, path)))
    assert "\x1b[" in pathlib.Path(f"{loaded.root}{path}").read_text(encoding="utf-8"), "it is colored, on a terminal"
    loaded.run("pkill", "-INT", "-x", "rolloutctl")
    wait_for("its end", lambda: loaded.run("systemctl", "is-active", "watcher", check=False).strip() != "active")
    assert loaded.rollout()["phase"] == "Paused", "who looks on changes nothing"


def test_systemctl_status_tells_step_and_share(loaded):
    """STATUS=, as `systemctl status rollout@shop` shows it."""

    def told():
        return loaded.run("systemctl", "show", "--value", "-p", "StatusText", "rollout@shop").strip()

    assert told() == "Healthy: v1 is live"
    loaded.configure(Canary=["Step=", "Step=setWeight 20", "Step=pause"])
    revision = loaded.deploy("v2", wait="Paused")["revision"]
    wait_for("the pause", lambda: told().startswith(f"Paused, step 1 of 2 done, 20 % of requests to revision {revision}: "))
    loaded.verb("abort")
    wait_for("the abort", lambda: told().startswith(f"Degraded: RolloutAborted: revision {revision}: aborted by hand"))
