"""SIGKILL at random instants under load: the short form. `kill_loop.py --kills 1000` is the long one."""

import kill_loop


def test_twenty_kills_lose_nothing(tmp_path):
    found, figures = kill_loop.loop(20, tmp_path, look_every=10)
    assert found == []
    assert figures["pages"] > 100 and figures["episodes alerted"] > 5, figures
