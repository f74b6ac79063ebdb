"""The other servers run the model that we run; one that cannot be had is told, not left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import against, parts
from bench.peers.known import PEERS
from bench.peers.model import Model
from experiments.data import LabelledText
from service.training.serving import raw_scores

PLAN = parts.Plan(**parts.QUICK, say=lambda _: None)
TEXTS = ["what a lovely day", "you are an idiot and nobody likes you", "see you at nine"]


def test_peers_say_of_a_text_what_we_say_of_it() -> None:
    items = [LabelledText(text=text, label=1, approving_share=1.0) for text in TEXTS]
    ours = raw_scores(Path("models/embedded"), items)
    theirs = [row[0] for row in Model(threads=1).probabilities(TEXTS)]
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
