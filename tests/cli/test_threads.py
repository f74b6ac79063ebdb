"""Who runs models on all cores has none to spare for the threads of numpy's BLAS."""

import os
import subprocess
import sys

THREADS_OF_BLAS = """
import service.__main__
import numpy
from threadpoolctl import threadpool_info

print({each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"})
"""


def test_blas_has_no_threads_of_its_own() -> None:
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = subprocess.run(
        [sys.executable, "-c", THREADS_OF_BLAS], capture_output=True, text=True, check=True, env=env
    )
    assert run.stdout.strip() == "{1}"
