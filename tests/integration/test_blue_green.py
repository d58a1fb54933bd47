# SPDX-License-Identifier: LGPL-2.1-or-later
"""Strategy blueGreen on real parts: a preview, a switch that nobody notices, and the way back."""
import pytest
from shop import answered, wait_for

STRATEGY = "Strategy=blueGreen"
SHARE = '''sum(rate(haproxy_server_http_responses_total{proxy="%s",server=~"{{canary.servers}}",code!="5xx"}[3s])) \\
    / sum(rate(haproxy_server_http_responses_total{proxy="%s",server=~"{{canary.servers}}"}[3s]))'''


def metric(backend):
    """Judges the answers that the new revision gives in one backend."""
    query = SHARE % (backend, backend)
    return ["Provider=prometheus", "Address=http://127.0.0.1:9090", f"Query={query}", "InitialDelaySec=3s", "SuccessCondition=result[0] >= 0.95"]


def weights(machine, color):
    return {s["weight"] for n, s in machine.servers().items() if n.startswith(color)}


@pytest.fixture
def previewed(loaded):
    """Port 81 leads to the preview; it has requests of its own."""
    loaded.run("sh", "-euc", """cd /etc/haproxy
        sed -n '/^backend shop$/,/^$/p' haproxy.cfg | sed 's/^backend shop$/backend shop-preview/; s/shop[.]state/shop-preview.state/' >preview
        printf 'frontend preview\\n    bind 127.0.0.1:81\\n    default_backend shop-preview\\n\\n' | cat - preview >>haproxy.cfg
        systemctl reload haproxy""")
    loaded.start_load(per_second=100, port=81, name="preview-load")
    return loaded


def test_automatic_promotion(loaded):
    """One line switches: no request that begins after v2's first answer is answered by v1, and none is lost."""
    loaded.configure(Rollout=[STRATEGY, "ScaleDownDelaySec=5s"])
    now = loaded.deploy("v2")
    assert now["strategy"] == "blueGreen" and now["steps"] == ["preview", "switch"]
    assert now["stable"] == {"revision": 2, "version": "v2", "color": "green"}
    assert weights(loaded, "blue") == {0}
    assert {loaded.instance(n)["state"] for n in ("blue-1", "blue-2")} == {"ready"}, "the old color is kept warm"
    loaded.more_requests(250)
    counts = loaded.counts()
    assert counts["mixed"] == 0, f"{counts['mixed']} requests were mixed"
    loaded.wait_stopped("blue")


def test_manual_promotion_and_instant_rollback(previewed):
    """The preview serves who asks it and nobody else; a rollback within ScaleDownDelaySec= starts nothing."""
    previewed.configure(
        Rollout=[STRATEGY, "ScaleDownDelaySec=60s"],
        HAProxy=["PreviewBackend=shop-preview"],
        BlueGreen=["AutoPromotion=no", "PreviewReplicas=1"],
    )
    now = previewed.deploy("v2", wait="Paused")
    assert now["message"].startswith("BlueGreenPause") and now["waiting"]["for"] == "promote"
    assert weights(previewed, "green") == {0} and previewed.instance("green-2")["state"] == "stopped"
    wait_for("previewed", lambda: answered(previewed.counts("preview-load"), "v2") > 20)
    assert answered(previewed.counts(), "v2") == 0
    previewed.verb("promote")

    def switched():
        new = [server for name, server in previewed.servers().items() if name.startswith("green")]
        return new if any(server["weight"] for server in new) else None

    assert all(server["up"] and server["weight"] for server in wait_for("the switch", switched)), "all of it is there when it begins"
    previewed.wait_phase("Healthy", revision=2)
    assert previewed.counts()["mixed"] == 0
    assert weights(previewed, "green") == {128} or min(weights(previewed, "green")) > 0

    since = previewed.run("systemctl", "show", "-p", "InvocationID", "shop@blue-1", "shop@blue-2")
    previewed.verb("undo")
    now = previewed.wait_phase("Healthy", revision=1)
    assert now["stable"] == {"revision": 1, "version": "v1", "color": "blue"}
    assert previewed.run("systemctl", "show", "-p", "InvocationID", "shop@blue-1", "shop@blue-2") == since, "nothing was started anew"
    assert weights(previewed, "green") == {0}
    previewed.stop_load("preview-load")


def test_timed_promotion(loaded):
    loaded.configure(Rollout=[STRATEGY], BlueGreen=["AutoPromotionSec=5s"])
    now = loaded.deploy("v2", wait="Paused")
    assert now["waiting"]["for"] == "pause" and now["waiting"]["until"]
    assert loaded.share() == 0
    assert loaded.wait_phase("Healthy")["stable"]["version"] == "v2"


def test_pre_promotion_analysis_fails(previewed):
    """What is judged is the preview; users never see it."""
    previewed.run("shop-release", "v3", "errors=50")
    previewed.configure(
        Rollout=[STRATEGY],
        HAProxy=["PreviewBackend=shop-preview"],
        BlueGreen=["PrePromotionAnalysis=preview"],
        **{"Metric preview": metric("shop-preview")},
    )
    stable = ["systemctl", "show", "-p", "InvocationID", "shop@blue-1", "shop@blue-2"]
    before = previewed.run(*stable), weights(previewed, "blue")
    now = previewed.deploy("v3", wait="Degraded")
    assert "analysis failed" in now["message"] and now["step"]["text"] == "prePromotionAnalysis"
    assert (previewed.run(*stable), weights(previewed, "blue")) == before, "who is live was not touched"
    assert answered(previewed.counts(), "v3") == 0
    assert answered(previewed.counts("preview-load"), "v3") > 0
    previewed.stop_load("preview-load")


def test_post_promotion_analysis_fails(loaded):
    """Switched back, and the preview is kept for whoever wants to look."""
    loaded.run("shop-release", "v3", "errors=50")
    loaded.configure(
        Rollout=[STRATEGY, "AbortScaleDownDelaySec=infinity"],
        BlueGreen=["PostPromotionAnalysis=users"],
        **{"Metric users": metric("shop")},
    )
    now = loaded.deploy("v3", wait="Degraded")
    assert "analysis failed" in now["message"]
    assert now["stable"]["version"] == "v1"
    wait_for("switched back", lambda: weights(loaded, "green") == {0})
    loaded.more_requests(100)  # what was in flight, and is counted a moment later
    before = answered(loaded.counts(), "v3")
    loaded.more_requests(250)
    assert answered(loaded.counts(), "v3") == before > 0
    assert loaded.instance("green-1")["state"] == "ready"
