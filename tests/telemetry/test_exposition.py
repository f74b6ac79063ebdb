"""Every reader of the metrics sees the gates it asked for, whoever reads at the same time."""

from collections.abc import Mapping

from service.domain.adaptation import Mode
from service.telemetry.metrics import Metrics


def test_another_readers_gates_do_not_mix_in() -> None:
    metrics = Metrics()

    def stand() -> Mapping[str, Mode]:
        # While one reader's gates are looked up, another's are written out.
        metrics.exposition(lambda: {"theirs": 4}, lambda: {"theirs": Mode.SAFE})
        return {"ours": Mode.OPEN}

    told = metrics.exposition(lambda: {"ours": 3}, stand).decode()
    assert 'human_in_loop_review_queue_size{gate="ours"} 3.0' in told
    assert 'human_in_loop_gate_mode{gate="ours",mode="open"} 1.0' in told
    assert "theirs" not in told
