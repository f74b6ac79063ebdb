"""LitServe: one worker a core, dynamic batches."""

import sys
from typing import Any

import litserve

from bench.peers.model import CORES, LARGEST_BATCH, SECONDS_TO_GATHER, Model


class Api(litserve.LitAPI):
    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's word
        self._model = Model()

    def decode_request(self, request: dict[str, str]) -> str:
        return request["text"]

    def predict(self, texts: list[str]) -> list[list[float]]:
        return self._model.probabilities(texts)

    def encode_response(self, probabilities: list[float]) -> dict[str, Any]:
        return {"probabilities": probabilities}


if __name__ == "__main__":
    api = Api(max_batch_size=LARGEST_BATCH, batch_timeout=SECONDS_TO_GATHER)
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=CORES, fast_queue=True, timeout=60
    )
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", generate_client_file=False
    )
