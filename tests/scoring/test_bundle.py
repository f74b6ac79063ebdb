"""A bundle is whole, or it is refused with the file and the remedy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.domain.errors import BrokenBundle
from service.scoring.bundle import CALIBRATOR, CARD, MODEL, TOKENIZER, load_bundle, sha256
from service.scoring.onnx_scorer import OnnxScorer

PARTS = (MODEL, TOKENIZER, CALIBRATOR)


def rewrite_card(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD).read_text())
    change(card)
    (folder / CARD).write_text(json.dumps(card))


def put(folder: Path, name: str, content: bytes) -> None:
    """Replace a file together with its hash: broken, but as the card says."""
    (folder / name).write_bytes(content)
    rewrite_card(folder, lambda card: card["files"].update({name: sha256(content)}))


def test_a_whole_bundle_tells_what_scoring_needs(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert bundle.labels == ("acceptable", "offensive")
    assert bundle.approve_labels == ("acceptable",)
    assert bundle.version.startswith("embedded@")


def test_the_version_changes_with_any_part(folder: Path) -> None:
    before = load_bundle(folder).version
    identity = {"kind": "identity", "a": 1, "b": 1, "shift": 0}
    put(folder, CALIBRATOR, json.dumps(identity).encode())
    assert load_bundle(folder).version != before


@pytest.mark.parametrize("name", PARTS)
def test_a_changed_byte_is_refused_with_the_file_and_the_remedy(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(BrokenBundle, match=name) as refused:
        load_bundle(folder)
    assert "SHA-256" in refused.value.detail
    assert "export it again" in refused.value.fix


@pytest.mark.parametrize("name", [CARD, *PARTS])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BrokenBundle, match=name):
        load_bundle(folder)


@pytest.mark.parametrize("key", ["name", "labels", "approve_labels", "max_tokens", "files"])
def test_a_card_that_lacks_something_is_refused(folder: Path, key: str) -> None:
    rewrite_card(folder, lambda card: card.pop(key))
    with pytest.raises(BrokenBundle, match=key):
        load_bundle(folder)


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '"text"', "{}"])
def test_a_card_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / CARD).write_text(content)
    with pytest.raises(BrokenBundle, match=CARD):
        load_bundle(folder)


@pytest.mark.parametrize(
    "labels",
    [
        {"labels": ["acceptable"]},
        {"labels": ["acceptable", "acceptable"]},
        {"approve_labels": []},
        {"approve_labels": ["fine"]},
        {"approve_labels": ["acceptable", "offensive"]},
    ],
)
def test_labels_that_make_no_gate_are_refused(folder: Path, labels: dict[str, object]) -> None:
    rewrite_card(folder, lambda card: card.update(labels))
    with pytest.raises(BrokenBundle, match="labels"):
        load_bundle(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"kind": "magic"}'])
def test_a_calibrator_that_is_none_is_refused(folder: Path, content: bytes) -> None:
    put(folder, CALIBRATOR, content)
    with pytest.raises(BrokenBundle, match=CALIBRATOR):
        load_bundle(folder)


@pytest.mark.parametrize("name", [MODEL, TOKENIZER])
def test_a_model_or_tokenizer_that_does_not_load_is_refused(folder: Path, name: str) -> None:
    put(folder, name, b"{}")
    with pytest.raises(BrokenBundle):
        OnnxScorer(load_bundle(folder))


def test_a_model_of_other_labels_is_refused(folder: Path) -> None:
    rewrite_card(folder, lambda card: card.update(labels=["acceptable", "spam", "offensive"]))
    with pytest.raises(BrokenBundle, match="spam"):
        OnnxScorer(load_bundle(folder))
