"""Ray Serve: one replica a core, dynamic batches."""

import os
import sys
import threading
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from bench.peers.model import CORES, SECONDS_TO_GATHER, Model

LARGEST_BATCH = 32  # each costs it more than padding does
QUIET = {"enable_access_log": False}
PATIENCE = {"RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60"}  # it gives up early on few cores


@serve.deployment(
    num_replicas=CORES,
    max_ongoing_requests=2 * LARGEST_BATCH,
    ray_actor_options={"num_cpus": 0.5},
    logging_config=QUIET,
)
class Scorer:
    def __init__(self) -> None:
        self._model = Model()

    @serve.batch(max_batch_size=LARGEST_BATCH, batch_wait_timeout_s=SECONDS_TO_GATHER)
    async def _probabilities(self, texts: list[str]) -> list[list[float]]:
        return self._model.probabilities(texts)

    async def __call__(self, request: Request) -> dict[str, Any]:
        text = (await request.json())["text"]
        return {"probabilities": await self._probabilities(text)}


if __name__ == "__main__":
    os.environ |= PATIENCE
    ray.init(num_cpus=CORES, include_dashboard=False, _node_ip_address="127.0.0.1")
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])}, logging_config=QUIET)
    deployed = Scorer.bind()  # type: ignore[attr-defined]  # the decorator makes it a deployment
    serve.run(deployed, route_prefix="/predict")
    threading.Event().wait()
