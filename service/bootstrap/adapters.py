"""The adapters that the settings choose."""

from pathlib import Path

from service.bus.machine import MachineBus
from service.bus.memory import InProcessBus
from service.bus.redis_streams import RedisBus
from service.limits.buckets import Buckets, Unlimited
from service.limits.redis_buckets import RedisBuckets
from service.ports.allowance import Allowance
from service.ports.bus import Bus
from service.ports.meter import ModelMeter
from service.registry.versions import Registry
from service.scoring.bundle import Bundle
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.session import Provider, Runtime
from service.settings import Settings


def make_registry(settings: Settings) -> Registry:
    return Registry(settings.models_dir, settings.registry_dir)


def make_scorer(settings: Settings, bundle: Bundle, meter: ModelMeter | None = None) -> OnnxScorer:
    runtime = Runtime(
        provider=Provider(settings.provider),
        run_threads=settings.scorer_run_threads,
        arena=settings.scorer_arena,
        gpu_memory_mib=settings.gpu_memory_mib,
        cuda_graphs=settings.cuda_graphs,
        tensorrt_cache=settings.tensorrt_cache,
    )
    return OnnxScorer(
        bundle,
        runtime=runtime,
        meter=meter,
        workers=settings.scorer_threads,
        largest_batch=settings.scorer_batch,
        queue_limit=settings.scorer_queue,
    )


def open_bus(settings: Settings, shared: Path | None = None) -> Bus:
    """Redis where there is one; else the folder that the processes of this machine share."""
    if settings.redis_url:
        return RedisBus(settings.redis_url)
    return MachineBus(shared) if shared else InProcessBus()


def make_allowance(settings: Settings) -> Allowance:
    if not settings.rate_limit:
        return Unlimited()
    if settings.redis_url:
        return RedisBuckets(settings.redis_url, settings.rate_limit)
    return Buckets(settings.rate_limit)
