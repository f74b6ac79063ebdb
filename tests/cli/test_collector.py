"""A process that serves looks for garbage seldom, and not through what it was started with."""

import subprocess
import sys

SERVING = """
import gc
from service.cli import collector

loaded = len(gc.get_objects())
collector.come_seldom()
print(gc.isenabled(), gc.get_threshold()[0], gc.get_freeze_count() >= loaded)
"""


def test_the_collector_comes_seldom() -> None:
    run = subprocess.run(
        [sys.executable, "-c", SERVING], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["True", "10000", "True"]
