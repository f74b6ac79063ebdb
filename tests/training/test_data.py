"""Data that is missing is told with the remedy; data that was changed is not kept."""

from collections import Counter
from pathlib import Path

import pytest

from experiments import data
from experiments.data import LabelledText


def item(text: str) -> LabelledText:
    return LabelledText(text=text, label=1, approving_share=1.0)


def test_a_missing_set_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "REPOSITORY", tmp_path / "checkout")
    monkeypatch.setattr(data, "FETCHED", tmp_path / "fetched")
    monkeypatch.delenv("GATE_DATA_DIR", raising=False)
    with pytest.raises(data.DataMissing, match=r"experiments\.data fetch"):
        data.davidson()


def test_the_configured_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "davidson" / "davidson.csv"
    file.parent.mkdir()
    file.write_text(
        "id,text,n,hate,offensive,neither,n_pos,class,label\n"
        "0,Tom &amp; Jerry,3,0,1,2,1,2,0\n"
        "1,RT @someone: tom &amp; jerry!,3,0,0,3,0,2,0\n"
    )
    monkeypatch.setenv("GATE_DATA_DIR", str(tmp_path))
    assert data.davidson() == [
        LabelledText(text="Tom & Jerry", label=1, approving_share=pytest.approx(2 / 3))
    ]


def test_a_published_file_with_another_hash_is_not_kept() -> None:
    with pytest.raises(ValueError, match="nothing was kept"):
        data.keep_davidson(b",count,hate_speech,offensive_language,neither,class,tweet\n")


def test_a_text_stays_in_its_part_whoever_else_is_there() -> None:
    items = [item(f"text number {number}") for number in range(2000)]
    parts = data.split(items)
    again = data.split(items[::3])
    for name, members in again.items():
        assert {member.text for member in members} <= {member.text for member in parts[name]}
    shares = {name: len(members) / len(items) for name, members in parts.items()}
    assert shares == pytest.approx(data.SPLIT_SHARES, abs=0.03)


def test_the_same_words_to_others_never_stand_in_two_parts() -> None:
    said = ["see you there", "RT @kim: see you there!", "@lee See you, there http://a.b/c"]
    assert Counter(len(part) for part in data.split([item(text) for text in said]).values()) == {
        3: 1,
        0: 3,
    }
    assert [kept.text for kept in data.without_duplicates(map(item, said))] == said[:1]
