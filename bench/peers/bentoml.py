"""BentoML: adaptive batching, one worker a core."""

import os
import sys

import bentoml

from bench.peers.model import CORES, LARGEST_BATCH, Model


@bentoml.service(
    workers=CORES,
    traffic={"timeout": 60, "max_concurrency": 1024},
    logging={"access": {"enabled": False}},
)
class Scorer:
    def __init__(self) -> None:
        self._model = Model()

    @bentoml.api(batchable=True, max_batch_size=LARGEST_BATCH)
    def predict(self, texts: list[str]) -> list[list[float]]:
        return self._model.probabilities(texts)


if __name__ == "__main__":
    command = ["bentoml", "serve", "bench.peers.bentoml:Scorer"]
    options = ["--host", "127.0.0.1", "--port", sys.argv[1]]
    os.execv(sys.executable, [sys.executable, "-m", *command, *options])
