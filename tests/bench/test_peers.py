"""The other servers run the model that we run; one that cannot be had is told, not left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import against, measuring
from bench.load import Report
from bench.peers.known import PEERS, Peer
from bench.peers.model import Model
from bench.servers import Server, a_rival
from corpora import LabelledText
from training.serving import raw_scores

PLAN = measuring.QUICK
TEXTS = ["what a lovely day", "you are an idiot and nobody likes you", "see you at nine"]


def test_peers_say_of_a_text_what_we_say_of_it() -> None:
    items = [LabelledText(text=text, label=1, approving_share=1.0) for text in TEXTS]
    ours = raw_scores(Path("models/embedded"), items)
    theirs = [row[0] for row in Model().probabilities(TEXTS)]
    assert np.allclose(ours, theirs, atol=1e-4)


def test_a_peer_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = replace(PEERS["litserve"], environment=".venv-nowhere")
    monkeypatch.setattr(against, "PEERS", {"litserve": missing})
    figures = against.against("litserve", PLAN)
    assert "not installed" in str(figures["peers.litserve"])


def test_a_peer_that_does_not_start_is_told_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = replace(PEERS["litserve"], environment=".venv", module="nobody")
    monkeypatch.setattr(against, "PEERS", {"litserve": broken})
    figures = against.against("litserve", PLAN)
    assert "No module named bench.peers.nobody" in str(figures["peers.litserve"])


def test_every_peer_has_its_server() -> None:
    for peer in PEERS.values():
        assert Path(f"bench/peers/{peer.module}.py").exists()


def at(rate: float) -> Report:
    return Report(per_second=rate, p50=1, p95=1, p99=1, statuses={"200": 1}, unanswered=0, cores=0)


def test_a_server_is_warm_when_two_loads_in_a_row_are_alike() -> None:
    coming, told = iter([10.0, 40.0, 38.0]), list[str]()
    against.warm(lambda _: at(next(coming)), replace(PLAN, say=told.append), "ray: warm-up, theirs")
    assert next(coming, None) is None
    assert told == ["ray: warm-up, theirs: 10 a second", "ray: warm-up, theirs: 40 a second"]


def test_a_server_that_refuses_while_cold_is_not_warm() -> None:
    coming = iter([0.0, 0.0, 40.0, 41.0])

    def load(_: measuring.Plan) -> Report:
        if rate := next(coming):
            return at(rate)
        raise measuring.Refused

    against.warm(load, PLAN, "theirs")
    assert next(coming, None) is None


def test_a_server_that_never_settles_is_measured_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(against, "LONGEST_WARM_UP", 0.0)
    coming = iter([10.0])
    against.warm(lambda _: at(next(coming)), PLAN, "theirs")
    assert next(coming, None) is None


def test_we_and_a_peer_are_measured_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The naive route stands in for a peer, whose packages are not here."""

    def naive(peer: Peer, python: Path, folder: Path) -> Server:
        return a_rival("naive", folder)

    installed = replace(PEERS["litserve"], environment=".venv")
    monkeypatch.setattr(against, "PEERS", {"litserve": installed})
    monkeypatch.setattr(against, "_started", naive)
    monkeypatch.setattr(against, "LONGEST_WARM_UP", 0.0)
    told: list[str] = []
    plan = replace(PLAN, rounds=1, seconds=0.3, say=told.append)
    figures = against.against("litserve", plan)
    ours = figures["peers.ours_beside_litserve_per_second"]
    theirs = figures["peers.litserve_per_second"]
    assert isinstance(ours, float)
    assert isinstance(theirs, float)
    assert figures["peers.http_over_litserve"] == pytest.approx(ours / theirs, rel=0.01)
