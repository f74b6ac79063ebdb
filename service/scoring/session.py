"""ONNX Runtime sessions: which provider runs the model, with which options, on how many threads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from pathlib import Path

import onnxruntime
import structlog

from service.domain.errors import BrokenBundle

log = structlog.get_logger()

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"

SLOW_ON_CPU = ["SkipLayerNormFusion"]
"""Fusions that cost time on a CPU: 2.1 ms instead of .4 ms for 800 tokens of 384 numbers, the
fused kernel not being vectorised (onnxruntime 1.31)."""

EXACT_PRODUCTS = ("session.x64quantprecision", "1")
"""On a CPU with AVX2 but without VNNI the fast product of uint8 and int8 saturates at 16 bits: a
score moves by .03. So there, and only there, the exact product is taken, at half the pace."""

VNNI = {"avx512_vnni", "avx_vnni", "amx_int8"}
"""Flags of CPUs whose fast product is exact, as Linux names them."""

FOR_CPUS = {"int8-static"}

MIB = 1024 * 1024
SHORTEST = 16
"""The least length that a GPU pads to, in tokens."""


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


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How models run, as the settings say.

    `run_threads` per run; `arena`: keep freed memory for the next run; `gpu_memory_mib` at most
    (None: all there is); `cuda_graphs`: replay a recorded run for each shape of the grid;
    `tensorrt_cache`: where built engines and their timings are kept.
    """

    provider: Provider = Provider.AUTO
    run_threads: int = 1
    arena: bool = True
    gpu_memory_mib: int | None = None
    cuda_graphs: bool = False
    tensorrt_cache: Path = Path("var/tensorrt")


def fitting(runtime: Runtime, precision: str) -> Runtime:
    """The runtime for a bundle of that precision: `auto` is the CPU for one that is made for CPUs,
    most of whose operators no GPU has. Who wishes a GPU all the same gets it, and a warning."""
    if precision not in FOR_CPUS or runtime.provider is Provider.CPU:
        return runtime
    if runtime.provider is Provider.AUTO:
        return replace(runtime, provider=Provider.CPU)
    log.warning("scorer.precision_is_for_cpus", precision=precision, wished=runtime.provider)
    return runtime


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The shapes that a GPU runs, so that kernels, engines and graphs are made for few: a batch is
    padded to the next size, a text to the next length."""

    batches: tuple[int, ...]
    lengths: tuple[int, ...]

    def shapes(self) -> list[tuple[int, int]]:
        """Every (batch, length), the smallest first."""
        return list(product(self.batches, self.lengths))

    def around(self, items: int, length: int) -> tuple[int, int]:
        """The least shape of the grid that holds so many items of that length."""
        return (
            next(batch for batch in self.batches if batch >= items),
            next(longest for longest in self.lengths if longest >= length),
        )


def grid_of(largest_batch: int, max_tokens: int) -> Grid:
    """Batches of 1, 4, 16, ... and lengths of 16, 32, 64, ... up to the largest."""
    return Grid(
        batches=_steps(1, largest_batch, factor=4), lengths=_steps(SHORTEST, max_tokens, factor=2)
    )


def options_for(
    runtime: Runtime,
    available: Collection[str],
    *,
    inputs: Sequence[str] = (),
    grid: Grid | None = None,
) -> list[tuple[str, dict[str, str]]]:
    """The providers to ask for, best first, each with its options.

    Of the wished ones those that this ONNX Runtime is built with. Whether one really runs, only
    the session knows. `inputs` are the graph's, which TensorRT's profiles name.
    """
    options: Mapping[str, dict[str, str]] = {
        CPU: {},
        CUDA: _cuda(runtime, grid),
        TENSORRT: _tensorrt(runtime, inputs, grid),
    }
    return [(name, options[name]) for name in WISHES[runtime.provider] if name in available]


def open_session(
    model: bytes, runtime: Runtime, *, inputs: Sequence[str] = (), grid: Grid | None = None
) -> onnxruntime.InferenceSession:
    """A session whose runs may go on side by side.

    Where the wished provider cannot be had it runs on the next best, and says so in the log:
    `session.get_providers()[0]` is what really runs. Raises BrokenBundle on a model that does not
    load.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = runtime.run_threads  # N one-thread runs beat one of N threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = runtime.arena
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not fast_products_are_exact():
        options.add_session_config_entry(*EXACT_PRODUCTS)
    options.log_severity_level = 3  # the missing GPU is told by us, once
    wished = options_for(runtime, onnxruntime.get_available_providers(), inputs=inputs, grid=grid)
    if CUDA in dict(wished):
        onnxruntime.preload_dlls(directory="")  # finds CUDA and cuDNN where pip installed them
    if TENSORRT in dict(wished):
        runtime.tensorrt_cache.mkdir(parents=True, exist_ok=True)
    try:
        session = onnxruntime.InferenceSession(
            model,
            options,
            providers=wished,
            disabled_optimizers=SLOW_ON_CPU if list(dict(wished)) == [CPU] else [],
        )
    except Exception as error:  # ONNX Runtime's own exceptions share no other base
        raise BrokenBundle(f"ONNX Runtime cannot load the model: {error}") from error
    running, best = session.get_providers()[0], WISHES[runtime.provider][0]
    if runtime.provider is not Provider.AUTO and running != best:
        log.warning("scorer.fell_back", wished=best, running=running)
    return session


def fast_products_are_exact(facts: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU has VNNI, as Linux tells it; False where nothing is told."""
    try:
        lines = facts.read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return bool(VNNI & set(flags.split()))


def _cuda(runtime: Runtime, grid: Grid | None) -> dict[str, str]:
    options = {
        # The arena grows by what is asked for, not by doubling: several models share one GPU.
        "arena_extend_strategy": "kSameAsRequested",
        "use_tf32": "0",  # fp32 is fp32: the score does not depend on the GPU's generation
    }
    if runtime.gpu_memory_mib is not None:
        options["gpu_mem_limit"] = str(runtime.gpu_memory_mib * MIB)
    if runtime.cuda_graphs and grid is not None:
        options["enable_cuda_graph"] = "1"
    return options


def _tensorrt(runtime: Runtime, inputs: Sequence[str], grid: Grid | None) -> dict[str, str]:
    cache = str(runtime.tensorrt_cache)
    options = {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": cache,
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": cache,
    }
    if runtime.gpu_memory_mib is not None:
        options["trt_max_workspace_size"] = str(runtime.gpu_memory_mib * MIB)
    if grid is not None and inputs:
        shapes = grid.shapes()
        for name, (batch, length) in {
            "trt_profile_min_shapes": shapes[0],
            "trt_profile_opt_shapes": shapes[len(shapes) // 2],
            "trt_profile_max_shapes": shapes[-1],
        }.items():
            options[name] = ",".join(f"{tensor}:{batch}x{length}" for tensor in inputs)
        if runtime.cuda_graphs:
            options["trt_cuda_graph_enable"] = "1"
    return options


def _steps(first: int, last: int, *, factor: int) -> tuple[int, ...]:
    steps = []
    while first < last:
        steps.append(first)
        first *= factor
    return (*steps, last)
