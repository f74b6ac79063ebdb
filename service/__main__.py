"""`python -m service COMMAND`: run the service and look after it."""

import os

# Before numpy is loaded: models run on all cores at once, and the threads of its BLAS, which spin
# while they wait for work, would take a tenth of that.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from service.cli import app

if __name__ == "__main__":
    app(prog_name="python -m service")
