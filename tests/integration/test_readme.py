# SPDX-License-Identifier: LGPL-2.1-or-later
"""The quick start of README.md, done as it is written, in a machine that has no network: what it installs from Debian is there already.

In that section a block behind "`/PATH`:" is that file. In a console block "# " begins a command; what follows is what it printed, and
what of that can't differ from time to time is compared."""
import os
import pathlib
import re
import subprocess

import pytest
from conftest import SANDBOX, TOP, Machine

BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PACKAGE = re.compile(r"\./(rollout_[^_]+)_\w+\.deb")


def quick_start():
    """The section's blocks, in order: ("file", path, text) or ("command", line, output)."""
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Quick start$(.*?)^## ", readme, re.MULTILINE | re.DOTALL)[1]
    for block in BLOCK.finditer(section):
        if block["language"] == "console":
            for part in re.split(r"^# ", block["text"], flags=re.MULTILINE)[1:]:
                line, _, output = part.partition("\n")
                yield "command", line, output
        else:
            path = re.search(r"`(/[^`]+)`:$", block["before"].strip())
            assert path, f"a file without a name: {block['text'][:80]}"
            yield "file", path[1], block["text"]


def invariable(text):
    """A picture of a rollout without what is of its moment."""
    text = re.sub(r"\d+(ms|s|min)( \d+s)? so far|\d+ sessions?", "", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.fixture
def bare():
    """A machine where nothing of ours is."""
    name = f"t{os.getpid()}-readme"
    subprocess.run([SANDBOX, "up", name, "--owner", str(os.getpid())], check=True, capture_output=True, timeout=120)
    yield Machine(name)
    subprocess.run([SANDBOX, "down", name], check=False, capture_output=True, timeout=60)


def provide(machine, package, command):
    """Lays the package where the command looks for it. It is the one under test, also where that is of another architecture."""
    named = PACKAGE.search(command)
    assert named[1] == pathlib.Path(package).name.rpartition("_")[0]
    pathlib.Path(f"{machine.root}/root/{named[0]}").write_bytes(pathlib.Path(package).read_bytes())


def test_quick_start(bare, package):
    for kind, what, text in quick_start():
        if kind == "file":
            bare.write(what, text)
            continue
        if PACKAGE.search(what):
            provide(bare, package, what)
        output = bare.run("bash", "-c", f"cd && {what}", text_in="y\n")  # apt asks whether it may
        if text:
            assert invariable(output) == invariable(text), what
    assert "install ok installed" in bare.run("dpkg-query", "--show", "--showformat", "${Status}", "rollout")
    now = bare.rollout()
    assert now["phase"] == "Healthy" and now["stable"]["version"] == "v2" and now["stable"]["revision"] == 2
    assert [entry["outcome"] for entry in bare.ask("GET", "/v1/revisions")[1]][:2] == ["promoted", "promoted"]
