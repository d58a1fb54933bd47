# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of a host when the package goes."""
import os

RULES = "/etc/polkit-1/rules.d"


def test_purge(loaded):
    """Removed, it could be installed again and go on; purged, nothing that it wrote itself is left. Requests are served all the same."""
    loaded.wait_stopped("green")
    loaded.write(f"{RULES}/49-mine.rules", "// not ours\n")
    there = f"{RULES}/50-rollout-shop.rules", "/var/lib/rollout/shop/state.json"
    loaded.run("ls", *there, "/run/rollout/shop/api.sock")
    loaded.run("dpkg", "--remove", "rollout")
    loaded.run("ls", *there)
    loaded.run("dpkg", "--purge", "rollout")
    loaded.more_requests(250)
    for gone in (*there, "/var/lib/rollout", "/run/rollout", "/etc/rollout/analysis", "/usr/lib/rollout"):
        assert not os.path.lexists(loaded.root + gone), gone
    loaded.run("ls", f"{RULES}/49-mine.rules", "/etc/rollout/shop.conf", "/srv/shop/releases/v1/bin/shop")
    assert loaded.run("dpkg-query", "--show", "--showformat", "${db:Status-Status}", "rollout", check=False) in ("", "not-installed")
