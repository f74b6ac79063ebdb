"""ONNX Runtime sessions: which provider runs the model, and how many threads it may take."""

from enum import StrEnum

import onnxruntime
import structlog

from service.domain.errors import BrokenBundle

log = structlog.get_logger()

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"


class Provider(StrEnum):
    """Where the model is to run. `auto` takes CUDA where it can be had, else the CPU."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    TENSORRT = "tensorrt"


WISHES = {
    Provider.AUTO: [CUDA, CPU],
    Provider.CPU: [CPU],
    Provider.CUDA: [CUDA, CPU],
    Provider.TENSORRT: [TENSORRT, CUDA, CPU],
}


def open_session(model: bytes, provider: Provider) -> onnxruntime.InferenceSession:
    """A session whose runs take one thread each and may go on side by side.

    Where the wished provider cannot be had it runs on the next best, and says so in the log:
    `session.get_providers()[0]` is what really runs. Raises BrokenBundle on a model that does not
    load.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # N one-thread runs beat one run of N threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # the missing GPU is told by us, once
    built_in = onnxruntime.get_available_providers()
    wished = [name for name in WISHES[provider] if name in built_in]
    if CUDA in wished:
        onnxruntime.preload_dlls(directory="")  # finds CUDA and cuDNN where pip installed them
    try:
        session = onnxruntime.InferenceSession(model, options, providers=wished)
    except Exception as error:  # ONNX Runtime's own exceptions share no other base
        raise BrokenBundle(f"ONNX Runtime cannot load the model: {error}") from error
    running = session.get_providers()[0]
    if provider is not Provider.AUTO and running != WISHES[provider][0]:
        log.warning("scorer.fell_back", wished=WISHES[provider][0], running=running)
    return session
