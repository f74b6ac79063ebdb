"""The tables of docs/guards.md: how novel a set of texts is to a bundle."""

from pathlib import Path

import pytest

from corpora import LabelledText
from experiments import guards
from tests.scoring.comments import texts_of_many_lengths

EMBEDDED = Path(__file__).parents[2] / "models" / "embedded"
CODE = "for (int i = 0; i < 9; i++) { sum[i] ^= 0x1f; }"


def test_code_is_novel_to_a_bundle_of_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = texts_of_many_lengths(100)
    validation = [LabelledText(text=text, label=1, approving_share=1.0) for text in usual]
    monkeypatch.setattr(guards, "davidson", lambda: validation)
    monkeypatch.setattr(guards, "split", lambda items: {"validation": items})
    found = guards.novelty(EMBEDDED, {"usual": usual, "code": [CODE] * 3})
    assert found["code"]["out of distribution"] == 1
    assert found["usual"]["out of distribution"] <= 0.05
    assert found["code"]["not readable"] == 0
