"""PyTriton: the Triton server, dynamic batches, one instance a core."""

import os
import sys
import sysconfig
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from bench.peers.model import CORES, LARGEST_BATCH, SECONDS_TO_GATHER, Model

type Probabilities = dict[str, NDArray[np.float32]]


def instance() -> Callable[..., Probabilities]:
    model = Model()

    def infer(text: NDArray[np.bytes_]) -> Probabilities:
        texts = [str(row[0], "utf-8") for row in text]
        return {"probabilities": np.array(model.probabilities(texts), dtype=np.float32)}

    batched: Callable[..., Probabilities] = batch(infer)
    return batched


if __name__ == "__main__":
    # Triton's own processes look for Python's shared library, which not every Python puts in place.
    os.environ["LD_LIBRARY_PATH"] = str(sysconfig.get_config_var("LIBDIR"))
    port = int(sys.argv[1])
    config = TritonConfig(
        http_address="127.0.0.1", http_port=port, allow_grpc=False, allow_metrics=False
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="scorer",
            infer_func=[instance() for _ in range(CORES)],
            inputs=[Tensor(name="text", dtype=np.bytes_, shape=(1,))],
            outputs=[Tensor(name="probabilities", dtype=np.float32, shape=(-1,))],
            config=ModelConfig(
                max_batch_size=LARGEST_BATCH,
                batcher=DynamicBatcher(max_queue_delay_microseconds=int(SECONDS_TO_GATHER * 1e6)),
            ),
        )
        triton.serve()
