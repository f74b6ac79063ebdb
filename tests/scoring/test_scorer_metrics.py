"""What operators see of a model at work: where it runs, batches, padding, who waits."""

import asyncio

from service.domain.decision import Item
from service.scoring.bundle import Bundle
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.session import CPU, Provider, Runtime
from service.telemetry.metrics import Metrics
from tests.scoring.comments import FINE, texts_of_many_lengths


def test_a_model_at_work_is_counted_and_one_that_is_closed_is_gone(bundle: Bundle) -> None:
    metrics = Metrics()
    scorer = OnnxScorer(bundle, runtime=Runtime(provider=Provider.CPU), meter=metrics)

    def value(name: str, **labels: str) -> float | None:
        labels = {"model": scorer.version, **labels}
        return metrics.registry.get_sample_value(f"human_in_loop_{name}", labels)

    async def score_all(texts: list[str]) -> None:
        await asyncio.gather(*(scorer.score(Item(text=text)) for text in texts))

    texts = [*FINE, *texts_of_many_lengths(40)]
    asyncio.run(score_all(texts))
    assert value("model_info", provider=CPU) == 1
    assert value("batch_size_sum") == len(texts)
    runs = value("batch_size_count")
    assert runs is not None
    assert 1 <= runs < len(texts)
    assert value("model_run_seconds_count") == runs
    of_items, padding = (value("batch_tokens_total", kind=kind) for kind in ("item", "padding"))
    assert of_items is not None
    assert padding is not None
    assert of_items > len(texts)
    assert 0 <= padding <= 0.1 * of_items
    assert value("batch_queue_size") == 0
    scorer.close()
    assert value("model_info", provider=CPU) == 0


def test_those_who_wait_are_counted(bundle: Bundle) -> None:
    metrics = Metrics()
    scorer = OnnxScorer(bundle, workers=1, meter=metrics)
    seen = []

    async def watched(text: str) -> None:
        task = asyncio.ensure_future(scorer.score(Item(text=text)))
        await asyncio.sleep(0)
        labels = {"model": scorer.version}
        seen.append(metrics.registry.get_sample_value("human_in_loop_batch_queue_size", labels))
        await task

    async def crowd() -> None:
        await asyncio.gather(*map(watched, texts_of_many_lengths(40)))

    asyncio.run(crowd())
    scorer.close()
    assert max(count or 0 for count in seen) > 1
