"""Which provider runs: the wished one where it can be had, else the CPU, and never a false word."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from structlog.testing import capture_logs

from service.domain.decision import Item
from service.domain.errors import BrokenBundle
from service.scoring.bundle import Bundle
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.readers import make_reader
from service.scoring.runner import GridRunner, PlainRunner
from service.scoring.session import (
    CPU,
    CUDA,
    TENSORRT,
    WISHES,
    Grid,
    Provider,
    Runtime,
    fast_products_are_exact,
    fitting,
    grid_of,
    open_session,
    options_for,
)
from tests.scoring.comments import ABUSIVE, FINE, texts_of_many_lengths

EVERY = [TENSORRT, CUDA, CPU]
ON_CPU = Runtime(provider=Provider.CPU)


@pytest.mark.parametrize("provider", Provider)
def test_a_session_opens_whatever_is_wished_and_tells_what_runs(
    bundle: Bundle, provider: Provider, tmp_path: Path
) -> None:
    with capture_logs() as told:
        runtime = Runtime(provider=provider, tensorrt_cache=tmp_path)
        session = open_session(bundle.model, runtime)
    running = session.get_providers()[0]
    assert running in WISHES[provider]
    disappointed = provider is not Provider.AUTO and running != WISHES[provider][0]
    assert disappointed == any(line["event"] == "scorer.fell_back" for line in told)


def test_without_a_gpu_the_model_runs_on_the_cpu(bundle: Bundle) -> None:
    if len(onnxruntime.get_available_providers()) > 2:
        pytest.skip("This ONNX Runtime is built for a GPU.")
    assert open_session(bundle.model, Runtime()).get_providers() == [CPU]


def test_a_run_takes_the_threads_and_the_memory_that_settings_give_it(bundle: Bundle) -> None:
    options = open_session(bundle.model, ON_CPU).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.enable_cpu_mem_arena
    other = Runtime(provider=Provider.CPU, run_threads=2, arena=False)
    options = open_session(bundle.model, other).get_session_options()
    assert options.intra_op_num_threads == 2
    assert not options.enable_cpu_mem_arena


@pytest.mark.parametrize(
    ("told", "exact"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_vnni\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("Features\t: asimd\n", False),
    ],
)
def test_fast_products_are_taken_where_the_cpu_makes_them_exact(
    tmp_path: Path, told: str, exact: bool
) -> None:
    facts = tmp_path / "cpuinfo"
    facts.write_text(f"processor\t: 0\n{told}")
    assert fast_products_are_exact(facts) == exact
    assert not fast_products_are_exact(tmp_path / "missing")


def test_a_session_is_told_to_be_exact_only_where_it_must(bundle: Bundle) -> None:
    options = open_session(bundle.model, ON_CPU).get_session_options()
    if fast_products_are_exact():
        with pytest.raises(RuntimeError):
            options.get_session_config_entry("session.x64quantprecision")
    else:
        assert options.get_session_config_entry("session.x64quantprecision") == "1"


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(BrokenBundle, match="cannot load"):
        open_session(b"no model", ON_CPU)


@pytest.mark.parametrize(
    ("provider", "available", "asked"),
    [
        (Provider.AUTO, EVERY, [CUDA, CPU]),
        (Provider.AUTO, [CPU], [CPU]),
        (Provider.CPU, EVERY, [CPU]),
        (Provider.CUDA, EVERY, [CUDA, CPU]),
        (Provider.CUDA, [CPU], [CPU]),
        (Provider.TENSORRT, EVERY, EVERY),
        (Provider.TENSORRT, [CUDA, CPU], [CUDA, CPU]),
    ],
)
def test_the_best_that_is_built_in_is_asked_for_and_the_cpu_always(
    provider: Provider, available: list[str], asked: list[str]
) -> None:
    found = options_for(Runtime(provider=provider), available)
    assert [name for name, _ in found] == asked


def test_a_gpu_is_given_bounds_and_graphs_only_where_shapes_are_fixed() -> None:
    grid = Grid(batches=(1, 8), lengths=(16, 64))
    runtime = Runtime(provider=Provider.CUDA, gpu_memory_mib=2048, cuda_graphs=True)
    with_grid = dict(options_for(runtime, EVERY, inputs=["input_ids"], grid=grid))[CUDA]
    assert with_grid["arena_extend_strategy"] == "kSameAsRequested"
    assert with_grid["gpu_mem_limit"] == str(2 * 1024**3)
    assert with_grid["enable_cuda_graph"] == "1"
    assert "enable_cuda_graph" not in dict(options_for(runtime, EVERY))[CUDA]
    assert "gpu_mem_limit" not in dict(options_for(Runtime(), EVERY))[CUDA]


def test_tensorrt_keeps_its_engines_and_its_profiles_span_the_grid(tmp_path: Path) -> None:
    runtime = Runtime(provider=Provider.TENSORRT, tensorrt_cache=tmp_path)
    grid = grid_of(32, 128)
    inputs = ["input_ids", "attention_mask"]
    options = dict(options_for(runtime, EVERY, inputs=inputs, grid=grid))[TENSORRT]
    assert options["trt_engine_cache_enable"] == options["trt_timing_cache_enable"] == "1"
    assert options["trt_engine_cache_path"] == options["trt_timing_cache_path"] == str(tmp_path)
    assert options["trt_profile_min_shapes"] == "input_ids:1x16,attention_mask:1x16"
    assert options["trt_profile_max_shapes"] == "input_ids:32x128,attention_mask:32x128"


def test_a_bundle_for_cpus_runs_on_one_unless_a_gpu_is_wished_in_words() -> None:
    assert fitting(Runtime(), "int8-static").provider is Provider.CPU
    assert fitting(Runtime(), "fp16").provider is Provider.AUTO
    with capture_logs() as told:
        wished = fitting(Runtime(provider=Provider.CUDA), "int8-static")
    assert wished.provider is Provider.CUDA
    assert [line["event"] for line in told] == ["scorer.precision_is_for_cpus"]


def test_a_grid_reaches_from_one_short_text_to_the_largest_batch_of_the_longest() -> None:
    grid = grid_of(32, 100)
    assert (grid.batches, grid.lengths) == ((1, 4, 16, 32), (16, 32, 64, 100))
    assert grid.around(5, 33) == (16, 64)
    assert grid.around(32, 100) == grid.shapes()[-1]
    assert grid_of(1, 8).shapes() == [(1, 8)]


def test_padding_to_a_grid_and_bound_buffers_change_no_score(bundle: Bundle) -> None:
    session, reader = open_session(bundle.model, ON_CPU), make_reader(bundle)
    plain = PlainRunner(session, ["logits"])
    on_grid = GridRunner(session, ["logits"], grid_of(16, bundle.max_tokens), device="cpu")
    on_grid.warm_up(reader.probe())
    texts = [*FINE, *ABUSIVE, *texts_of_many_lengths(20)]
    read = [reader.read(Item(text=text)) for text in texts]
    for size in (1, 3, 16):
        for start in range(0, len(read), size):
            batch = read[start : start + size]
            found, expected = on_grid.run(batch)["logits"], plain.run(batch)["logits"]
            assert found.shape == expected.shape
            assert np.abs(found - expected).max() < 1e-4


def test_a_scorer_tells_the_provider_that_really_runs(bundle: Bundle) -> None:
    scorer = OnnxScorer(bundle, runtime=Runtime(provider=Provider.CPU))
    assert scorer.provider == CPU
    scorer.close()
