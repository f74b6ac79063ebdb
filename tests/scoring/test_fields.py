"""Records as features: what a column cannot say is never guessed."""

import pytest

from service.domain.decision import Item
from service.domain.errors import BrokenBundle, ScorerFailed
from service.domain.values import Json
from service.scoring.fields import fields_reader
from tests.scoring.small_bundles import FEATURES, FIELDS

WHOLE: dict[str, Json] = {"amount": 150, "age": 30, "purpose": "car", "owner": True}


def features(**changed: Json) -> list[float]:
    item = Item(fields={name: v for name, v in (WHOLE | changed).items() if v != "left out"})
    found: list[float] = fields_reader(FIELDS).read(item).rows["features"].tolist()
    return found


def test_numbers_are_standardised_and_categories_one_hot() -> None:
    assert features() == [1, -1, 1, 0, 0, 1, 0]
    assert len(features()) == FEATURES == len(fields_reader(FIELDS).probe())


@pytest.mark.parametrize(
    ("changed", "place", "expected"),
    [
        ({"amount": "75.0"}, 0, -0.5),
        ({"amount": " 100 "}, 0, 0),
        ({"amount": -1e3}, 0, -22),
        ({"age": None}, 1, 0),
        ({"age": "left out"}, 1, 0),
        ({"purpose": 1}, 3, 1),
        ({"purpose": "boat"}, 4, 1),
        ({"owner": "left out"}, 6, 1),
        ({"owner": "false"}, 6, 1),
        ({"more": "is not read"}, 0, 1),
    ],
)
def test_what_a_value_counts_as(changed: dict[str, Json], place: int, expected: float) -> None:
    assert features(**changed)[place] == pytest.approx(expected)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "left out"},
        {"amount": None},
        {"amount": ""},
        {"amount": "much"},
        {"amount": "1_000"},
        {"amount": "nan"},
        {"amount": float("inf")},
        {"amount": True},
        {"amount": [100]},
        {"amount": 10**400},
        {"age": "old"},
        {"purpose": "left out"},
        {"purpose": {"car": 1}},
        {"owner": "perhaps"},
    ],
)
def test_a_field_that_cannot_be_read_is_named_and_gives_no_score(changed: dict[str, Json]) -> None:
    (name,) = changed
    with pytest.raises(ScorerFailed, match=repr(name)):
        features(**changed)


@pytest.mark.parametrize(
    "column",
    [
        {"kind": "numeric", "name": "a", "mean": 0},
        {"kind": "numeric", "name": "a", "mean": 0, "scale": 0},
        {"kind": "numeric", "name": "a", "mean": None, "scale": 1},
        {"kind": "numeric", "name": "a", "mean": 0, "scale": 1, "more": 1},
        {"kind": "categorical", "name": "a", "values": []},
        {"kind": "categorical", "name": "a", "values": ["x", "x"]},
        {"kind": "categorical", "name": "a", "values": ["x"], "missing": "y"},
        {"kind": "date", "name": "a"},
        {"name": "a"},
    ],
)
def test_a_column_that_is_none_is_refused(column: dict[str, Json]) -> None:
    with pytest.raises(BrokenBundle, match=r"fields\.json"):
        fields_reader({"columns": [column]})


@pytest.mark.parametrize("document", [{}, {"columns": []}, {"columns": FIELDS["columns"] * 2}])
def test_a_document_without_columns_or_with_one_twice_is_refused(document: dict[str, Json]) -> None:
    with pytest.raises(BrokenBundle, match=r"fields\.json"):
        fields_reader(document)
