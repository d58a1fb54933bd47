# SPDX-License-Identifier: LGPL-2.1-or-later
"""Throw-away machines with the installed package and the app "shop", one a test."""
import contextlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import zlib

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SANDBOX = str(TOP / "tools" / "sandbox")
sys.path.insert(0, str(TOP / "tests" / "machine"))

from shop import Shop, wait_for  # noqa: E402  (its folder is known only now)


def pytest_configure(config):
    config.addinivalue_line("markers", "changes: what this test does may change something (see test_bad_input.py)")


def pytest_collection_modifyitems(items):
    """Those that need no machine of ours keep their place."""
    items.sort(key=lambda item: "machine" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The .deb under test: ROLLOUT_DEB, or built now."""
    given = os.environ.get("ROLLOUT_DEB")
    if given:
        return given
    folder = tmp_path_factory.mktemp("package")
    result = subprocess.run([str(TOP / "tools" / "package"), str(folder)], check=True, capture_output=True, text=True)
    return result.stdout.strip().splitlines()[-1]


# Another HAProxy on port 82, with a stats socket for us and one for an agent that is told of it by address.
SECOND = r"""
sed -e 's|stats socket.*|stats socket /run/haproxy/second.sock mode 660 level admin\n    stats socket ipv4@127.0.0.1:9999 level admin|' \
    -e 's|127.0.0.1:80$|127.0.0.1:82|; s|8404|8405|; s|retries 3|retries 10|; /state-file-name/d; /load-server-state/d' /etc/haproxy/haproxy.cfg >/etc/haproxy/second.cfg
cat >/etc/systemd/system/second.service <<END
[Service]
Type=notify
ExecStart=/usr/sbin/haproxy -Ws -f /etc/haproxy/second.cfg
ExecReload=/bin/kill -USR2 \$MAINPID
KillMode=mixed
END
systemctl daemon-reload
systemctl start second
"""


# As `sandbox run` does, without looking for the machine each time: tests run thousands of commands.
ENTER = ["--all", "--", "setpriv", "--bounding-set=-sys_time,-sys_module,-sys_rawio", "--", "env", "-i",
         "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"]


def init_of(name):
    """A machine's first process, as its id is here: another one with each boot."""
    listed = subprocess.run([SANDBOX, "list"], check=True, capture_output=True, text=True).stdout.split("\n")
    return next(line.split()[2] for line in listed if line.split()[:1] == [name])


class Machine(Shop):
    """A booted machine."""

    def __init__(self, name):
        super().__init__()
        self.name = name
        self.analyses = True  # what is configured does, at first that of tests/machine/shop.conf
        self.find_root()

    def find_root(self):
        """Where its files are seen from here, and how one gets in: changes with each boot."""
        pid = init_of(self.name)
        self.root = f"/proc/{pid}/root"
        self.prefix = ["nsenter", "--target", pid, *ENTER]

    def reboot(self, *options):
        """Boots it anew; its disk is kept."""
        subprocess.run([SANDBOX, "reboot", self.name, *options], check=True, capture_output=True, text=True, timeout=120)
        self.find_root()

    def write(self, path, text):
        """Replaces a file in the machine."""
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "sh", path, text_in=text)

    def configure(self, **changes):
        """Changes the app's configuration by a drop-in: section=[lines]."""
        text = "".join(f"[{section}]\n" + "\n".join(lines) + "\n" for section, lines in changes.items())
        self.write("/etc/rollout/shop.conf.d/10-test.conf", text)
        self.run("systemctl", "reload", "rollout@shop")
        self.analyses = "Canary" not in changes or "nalysis" in text

    def verb(self, verb, **body):
        """POST /v1/rollout/VERB that has to be accepted. One that leads to an analysis waits until there is something to measure."""
        if verb in ("deploy", "retry") and self.analyses and self.rollout().get("stable"):
            self.wait_samples()
        return super().verb(verb, **body)

    def wait_phase(self, *phases, seconds=60.0, **more):
        """Waits until the rollout is in one of the phases (and its fields are as given); the document."""

        def holds():
            now = self.rollout()
            return now if now.get("phase") in phases and all(now.get(k) == v for k, v in more.items()) else None

        try:
            return wait_for("/".join(phases), holds, seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}; it is {self.rollout()}") from error

    def deploy(self, version, wait="Healthy", seconds=60.0):
        """Deploys a version and waits for a phase of its revision."""
        revision = self.verb("deploy", version=version)["revision"]
        return self.wait_phase(wait, seconds=seconds, revision=revision) if wait else revision

    def second_haproxy(self, address="/run/haproxy/second.sock"):
        """Starts another one; what asks it, and the lines of [HAProxy] for both."""
        self.run("sh", "-euc", SECOND)
        other = Shop(self.root, self.prefix)
        other.socket = "second.sock"
        return other, ["Socket=", "Socket=/run/haproxy/admin.sock", f"Socket={address}"]

    def more_requests(self, number=150):
        """Waits until so many more have been answered, or lost."""
        sent = self.counts()["sent"]
        wait_for("requests", lambda: self.counts()["sent"] >= sent + number)

    def instance(self, name):
        """What the agent shows of one."""
        return next(i for i in self.rollout()["instances"] if i["name"] == name)

    def wait_stopped(self, color):
        """Waits until nothing of a color runs."""
        wait_for(f"{color}'s end", lambda: all(i["state"] == "stopped" for i in self.rollout()["instances"] if i["name"].startswith(color)))

    def take_back(self):
        """Nothing is left of an attempt, if there is one: what is live serves alone, the other color has stopped."""
        now = self.rollout()
        if now["revision"] != now["stable"]["revision"]:
            self.verb("undo")
        self.wait_stopped("green" if self.wait_phase("Healthy")["stable"]["color"] == "blue" else "blue")

    def sicken(self, *names):
        """Their health checks fail from now on; their requests are answered all the same."""
        for name in names:
            pathlib.Path(f"{self.root}/run/shop-{name}/sick").touch()

    def heal(self, *names):
        """Ends it."""
        for name in names:
            pathlib.Path(f"{self.root}/run/shop-{name}/sick").unlink(missing_ok=True)

    def lay_out(self, replicas):
        """So many servers a color in haproxy.cfg, and so many instances."""
        path = "/etc/haproxy/haproxy.cfg"
        kept = [line for line in self.run("cat", path).split("\n") if not line.startswith("    server ")]
        at = next(i for i, line in enumerate(kept) if line.startswith("    default-server ")) + 1
        ports = {"blue": 9000, "green": 9010}
        kept[at:at] = [f"    server {color}-{n} 127.0.0.1:{port + n}" for color, port in ports.items() for n in range(1, replicas + 1)]
        self.write(path, "\n".join(kept))
        self.run("systemctl", "reload", "haproxy")
        wait_for("the new servers", lambda: (now := self.haproxy_now()) and len(now[1]) == 2 * replicas)
        self.run("sed", "-i", f"s/^Replicas=.*/Replicas={replicas}/", "/etc/rollout/shop.conf")
        self.run("systemctl", "reload", "rollout@shop")

    def other_version(self):
        """Of v1 and v2 the one that isn't live."""
        return "v2" if self.rollout()["stable"]["version"] == "v1" else "v1"

    def saved(self):
        """The state as it is on the disk."""
        with open(f"{self.root}/var/lib/rollout/{self.app}/state.json", encoding="utf-8") as file:
            return json.load(file)

    def wait_confirmed(self):
        """Waits until the agent knows that all is as it wants it: what differs from then on is somebody's doing."""
        wait_for("what is confirmed", lambda: self.saved()["byHand"]["confirmed"])

    def agent_pid(self):
        """Of the running agent, as the machine counts."""
        return int(self.run("systemctl", "show", "--value", "-p", "MainPID", "rollout@shop"))

    def journal(self, lines=80):
        """The end of the agent's journal, for a failed test's report."""
        return self.run("journalctl", "--no-pager", "-o", "short-precise", "-n", str(lines), check=False)


VERSIONS = (f"v{number}" for number in itertools.count(3))


def another(machine, *options):
    """Makes a release of the next version."""
    version = next(VERSIONS)
    machine.run("shop-release", version, *options)
    return version


class New:
    """A version that nobody has seen yet, and where it is going to run."""

    def __init__(self, machine, *options):
        self.machine, self.version = machine, another(machine, *options)
        self.old = machine.rollout()["stable"]
        self.color = "green" if self.old["color"] == "blue" else "blue"
        self.one, self.two = f"{self.color}-1", f"{self.color}-2"
        self.revision = None

    def deploy(self):
        """It begins."""
        self.revision = self.machine.verb("deploy", version=self.version)["revision"]

    def wait(self, phase):
        """Waits until its rollout is in a phase; the document."""
        return self.machine.wait_phase(phase, revision=self.revision)

    def share(self):
        """Its share of all weight."""
        return self.machine.share() if self.color == "green" else 1 - self.machine.share()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test tells what its machine had to say."""
    outcome = yield
    report = outcome.get_result()
    machine = getattr(item, "funcargs", {}).get("machine")
    if report.when == "call" and report.failed and isinstance(machine, Machine):
        report.sections.append(("journal", machine.journal()))


@contextlib.contextmanager
def booted(package, purpose):
    """The app's host: HAProxy, Prometheus and the agent run, nothing is deployed."""
    name = f"t{os.getpid()}-{zlib.crc32(purpose.encode()):08x}"
    subprocess.run([SANDBOX, "up", name, "--deb", package, "--owner", str(os.getpid())], check=True, capture_output=True, text=True, timeout=120)
    try:
        made = Machine(name)
        archive = subprocess.run(["tar", "c", "-C", str(TOP / "tests"), "machine"], check=True, capture_output=True).stdout
        subprocess.run([*made.prefix, "tar", "x", "-C", "/root"], check=True, input=archive)
        made.run("/root/machine/prepare")
        made.wait_phase("Idle")
        yield made
    finally:
        subprocess.run([SANDBOX, "down", name], check=False, capture_output=True, timeout=60)


@pytest.fixture
def machine(package, request):
    """One for each test."""
    with booted(package, request.node.nodeid) as made:
        yield made


@contextlib.contextmanager
def under_load(machine):
    """Requests come in meanwhile, and in the end none of them may have failed."""
    machine.start_load()
    yield machine
    wait_for("enough requests to speak of", lambda: machine.counts()["sent"] > 100)
    total = machine.stop_load()
    assert total["failed"] == 0, total["failures"]


@pytest.fixture
def loaded(machine):
    """Version v1 is live where nothing was, and under load."""
    if machine.rollout()["phase"] == "Idle":
        machine.deploy("v1")
    with under_load(machine):
        yield machine
