# SPDX-License-Identifier: LGPL-2.1-or-later
"""The app "shop" on its machine, for the demo (inside it) and for the integration tests (from outside): ask the agent, HAProxy and the
load."""
import http.client
import json
import socket
import subprocess
import time


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def wait_for(what, condition, seconds=30.0):
    """Polls until condition() gives something true, and returns that. Most of the time it sleeps: who is waited for needs the processor."""
    end = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        result = condition()
        if result:
            return result
        answered_at = time.monotonic()
        if answered_at > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(min(max(0.03, 4 * (answered_at - asked)), 0.3))


def answered(seen, version):
    """How many answers VERSION gave, by counts()."""
    return sum(seen["answered"].get(version, {}).values())


def servers_in(answer):
    """What `show servers state` of one backend says, see Shop.servers()."""
    lines = answer.splitlines()
    header = next(line for line in lines if line.startswith("# ")).lstrip("# ").split()
    rows = [dict(zip(header, line.split())) for line in lines if line[:1].isdigit() and len(line.split()) >= len(header)]
    return {
        row["srv_name"]: {
            "weight": int(row["srv_uweight"]),
            "maint": int(row["srv_admin_state"]) & 1 == 1,
            "drain": int(row["srv_admin_state"]) & 8 == 8,
            "up": row["srv_op_state"] == "2",
        }
        for row in rows
    }


class Shop:
    """ROOT is where the machine's files are seen from here, PREFIX what runs a command in it."""

    def __init__(self, root="", prefix=()):
        self.root, self.prefix = root, list(prefix)
        self.app, self.socket = "shop", "admin.sock"

    def run(self, *command, check=True, text_in=None):
        """Runs a command in the machine; its output."""
        result = subprocess.run([*self.prefix, *command], check=False, text=True, capture_output=True, timeout=120, input=text_in)
        if check and result.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout

    def ask(self, method, path, body=None, sock="api.sock"):
        """One request to the control API: status and document."""
        connection = UnixConnection(f"{self.root}/run/rollout/{self.app}/{sock}")
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def rollout(self):
        """GET /v1/rollout; {} while the agent does not answer."""
        try:
            return self.ask("GET", "/v1/rollout")[1]
        except (OSError, http.client.HTTPException):
            return {}

    def verb(self, verb, **body):
        """POST /v1/rollout/VERB that has to be accepted."""
        status, document = self.ask("POST", f"/v1/rollout/{verb}", body)
        assert status < 300, f"{verb}: {status} {document}"
        return document

    def wait_samples(self):
        """Waits until an analysis finds something to measure: Prometheus takes 5 s from its start to its first question."""
        query = "query=count(count_over_time(haproxy_server_http_responses_total[5s]) > 1)"
        ask = f"curl -sG --data-urlencode '{query}' http://127.0.0.1:9090/api/v1/query"
        self.run("timeout", "30", "sh", "-c", f"until {ask} | grep -q '\"value\"'; do sleep 0.3; done")

    def haproxy(self, command):
        """One command to HAProxy's runtime API."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(f"{self.root}/run/haproxy/{self.socket}")
            connection.sendall(command.encode() + b"\n")
            answer = b""
            while True:
                part = connection.recv(65536)
                if not part:
                    return answer.decode()
                answer += part

    def servers(self, backend="shop"):
        """{"blue-1": {"weight", "maint", "drain", "up"}, ...} as HAProxy has it now."""
        return servers_in(self.haproxy(f"show servers state {backend}"))

    def haproxy_now(self, backend="shop"):
        """Its process, and its servers at the same moment; None while it does not answer."""
        try:
            answer = self.haproxy(f"show info;show servers state {backend}")
            return int(next(line for line in answer.splitlines() if line.startswith("Pid:")).split()[1]), servers_in(answer)
        except (OSError, StopIteration):
            return None

    def wait_another_haproxy(self, old):
        """What haproxy_now() says first of another process than OLD."""
        return wait_for("another HAProxy", lambda: (now := self.haproxy_now()) and now[0] != old and now)

    def share(self, backend="shop"):
        """Of all weight that counts, what green's servers have."""
        weights = {n: s["weight"] for n, s in self.servers(backend).items() if s["up"] and not s["maint"]}
        return sum(w for n, w in weights.items() if n.startswith("green")) / max(1, sum(weights.values()))

    def counts(self, name="load"):
        """What became of the requests so far, see load.py."""
        try:
            with open(f"{self.root}/run/{name}.json", encoding="ascii") as file:
                return json.load(file)
        except FileNotFoundError:
            return {"sent": 0, "answered": {}, "failed": 0, "failures": []}

    def start_load(self, per_second=200, port=80, name="load", header="", may_refuse=False):
        """Begins to send requests; end with stop_load()."""
        command = ["/usr/local/bin/load.py", "127.0.0.1", str(port), f"/run/{name}.json", "4", str(per_second), header]
        command += ["may-refuse"] if may_refuse else []
        self.run("rm", "-f", f"/run/{name}.json")
        self.run("systemd-run", "--quiet", "--collect", f"--unit={name}", *command)
        wait_for("the load", lambda: self.counts(name)["sent"] > 50)

    def stop_load(self, name="load"):
        """Ends it and returns the last counts."""
        self.run("systemctl", "stop", name)
        return self.counts(name)
