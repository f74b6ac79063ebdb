"""Texts are tokenised where they are asked for, in the thread that runs the model next."""

import subprocess
import sys

import pytest

from tests.scoring.conftest import EMBEDDED

THREADS_THAT_COME = f"""
import os
from pathlib import Path
from service.domain.decision import Item
from service.scoring.bundle import load_bundle
from service.scoring.readers import make_reader

reader = make_reader(load_bundle(Path({str(EMBEDDED)!r})))
before = len(os.listdir("/proc/self/task"))
reader.read_all([Item(text="An ordinary sentence.")] * 256)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Threads are counted as Linux lists them.")
def test_the_tokenizer_brings_no_threads_of_its_own() -> None:
    run = subprocess.run(
        [sys.executable, "-c", THREADS_THAT_COME], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["0"]
