"""Who the peers are, and how each wants to be asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A server of bench.peers: `module` in `environment`, `path` that scores `body(text)`, and
    `ready`, which answers 200 once it can."""

    module: str
    environment: str
    path: str = "/predict"
    ready: str
    body: Callable[[str], str]


NEW, NUMPY_1 = ".venv-peers", ".venv-peers-numpy1"

PEERS: Mapping[str, Peer] = {
    "litserve": Peer(
        module="litserve",
        environment=NEW,
        ready="/health",
        body=lambda text: json.dumps({"text": text}),
    ),
    "bentoml": Peer(
        module="bentoml",
        environment=NEW,
        ready="/readyz",
        body=lambda text: json.dumps({"texts": [text]}),
    ),
    "ray": Peer(
        module="ray_serve",
        environment=NEW,
        ready="/-/healthz",
        body=lambda text: json.dumps({"text": text}),
    ),
    "infinity": Peer(
        module="infinity",
        environment=NUMPY_1,
        path="/classify",
        ready="/health",
        body=lambda text: json.dumps({"model": "scorer", "input": [text]}),
    ),
    "pytriton": Peer(
        module="pytriton",
        environment=NUMPY_1,
        path="/v2/models/scorer/infer",
        ready="/v2/models/scorer/ready",
        body=lambda text: json.dumps(
            {"inputs": [{"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": [text]}]}
        ),
    ),
}
