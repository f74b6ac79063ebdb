"""One name for a category, however it is written, and what happens to those that nobody named."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.category import UnknownCategory, collision, plain
from service.domain.certificate import RiskContract, Target
from service.domain.decision import Thresholds
from service.domain.gate import CLOSED, Certified, GatePolicy, Rule
from service.domain.gate_document import document_of, policy_of
from service.domain.ids import CertificateId, GateName

WHEN = datetime(2030, 1, 1, tzinfo=UTC)
STRICT = Thresholds(low=None, high=0.99)
GATE = GatePolicy(
    gate=GateName("gate"),
    version=1,
    scorer="signals",
    labels=("good", "bad"),
    approve_labels=("good",),
    thresholds=Thresholds(low=0.1, high=0.8),
    categories={"health": STRICT},
    aliases={"health": ("healthcare", "健康"), "Toys": ()},
)
CONTRACT = RiskContract(target=Target.AUTO_ERROR, wrong_answers=0.05)


def earned(high: float, certificate: str = "crt_gate") -> Certified:
    return Certified(
        certificate=CertificateId(certificate),
        source="signal:score",
        thresholds=Thresholds(low=None, high=high),
        calibrator={"kind": "identity"},
    )


def stored(policy: GatePolicy, **changes: Any) -> GatePolicy:
    return policy_of(policy.gate, policy.version, document_of(policy) | changes, WHEN)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        *((given, "health") for given in ("health", "Health", "HEALTH", "health ", " health")),
        *((given, "health") for given in ("ｈｅａｌｔｈ", "Ｈealth", "\u3000health\t", "ℌealth")),
        *((given, "health") for given in ("healthcare", "HealthCare ", "健康", " 健康", "健康\n")),
        *((given, "Toys") for given in ("toys", "Toys", "TOYS", "ＴＯＹＳ")),
    ],
)
def test_every_spelling_of_a_category_is_one(given: str, name: str) -> None:
    assert GATE.category_named(given) == name
    assert GATE.rule_for(given) == GATE.rule_for(name)
    assert not GATE.rule_for(given).unknown_category


@pytest.mark.parametrize(
    "given",
    ["healthy", "heal th", "hea1th", "health\u200b", "h\u0435alth", "健", "toy", "-", "*", "None"],
)
def test_what_the_gate_does_not_know_is_for_people(given: str) -> None:
    assert GATE.rule_for(given) == Rule(thresholds=CLOSED, unknown_category=True)


def test_a_policy_may_let_unknown_categories_inherit() -> None:
    lenient = replace(GATE, unknown_category=UnknownCategory.INHERIT)
    assert lenient.rule_for("books") == lenient.gate_rule == Rule(thresholds=GATE.thresholds)
    assert lenient.rule_for("Health").thresholds == STRICT


def test_none_inherits_unless_one_is_required() -> None:
    assert GATE.rule_for(None) == GATE.gate_rule
    demanding = replace(GATE, category_required=True)
    assert demanding.rule_for(None) == Rule(thresholds=CLOSED, unknown_category=True)
    assert demanding.gate_rule.thresholds == GATE.thresholds
    inherits = replace(demanding, unknown_category=UnknownCategory.INHERIT)
    assert inherits.rule_for(None).unknown_category


def test_what_a_certificate_rests_on_is_known() -> None:
    whole = earned(0.9)
    gate = replace(
        GATE,
        categories={},
        contract=CONTRACT,
        certified={None: whole, "books": whole, "garden": earned(0.95, "crt_garden")},
    )
    assert gate.rule_for(" BOOKS") == gate.gate_rule
    assert gate.rule_for("Garden").thresholds.high == 0.95
    assert gate.rule_for("toys") == gate.gate_rule, "named, and nothing else said of it"
    assert gate.rule_for("food").unknown_category
    assert gate.rule_for("food").calibrator == whole.calibrator, "its score is still read"
    assert gate.rule_for("food", "signal:logits").uncertified
    assert stored(gate) == replace(gate, created_at=WHEN)
    assert [one["scope"] for one in document_of(gate)["certified"]] == [None, "garden"]


def test_before_a_certificate_every_category_is_learned_from() -> None:
    gate = replace(GATE, categories={}, contract=CONTRACT)
    assert gate.rule_for("food") == Rule(thresholds=CLOSED, uncertified=True)


def test_a_document_of_before_aliases_is_read() -> None:
    plain_gate = replace(GATE, aliases={"health": ()})
    written = document_of(plain_gate)["written"]
    assert written["categories"] == {"health": {"thresholds": {"low": None, "high": 0.99}}}
    assert not {"unknown_category", "category_required"} & written.keys()
    assert stored(plain_gate) == replace(plain_gate, created_at=WHEN)
    full = replace(GATE, unknown_category=UnknownCategory.INHERIT, category_required=True)
    assert stored(full) == replace(full, created_at=WHEN)


def test_certificates_of_two_spellings_are_for_one_category() -> None:
    gate = replace(GATE, contract=CONTRACT, certified={None: earned(0.9), "Books": earned(0.7)})
    assert stored(gate).rule_for("BOOKS").thresholds.high == 0.7
    both = replace(gate, certified={**gate.certified, "books": earned(0.6, "crt_other")})
    assert stored(both).rule_for("Books").thresholds == CLOSED


@pytest.mark.parametrize(
    ("aliases", "found"),
    [
        ({"health": ["healthcare"], "toys": []}, None),
        ({"health": ["Health ", "health"]}, None),
        ({"health": [], "Health": []}, ("Health", "Health", "health")),
        ({"health": ["care"], "care": []}, ("care", "care", "health")),
        ({"health": ["care"], "pets": ["ＣＡＲＥ"]}, ("pets", "ＣＡＲＥ", "health")),
        ({"health": [], "pets": ["food", "HEALTH"]}, ("pets", "HEALTH", "health")),
    ],
)
def test_two_categories_cannot_share_a_spelling(
    aliases: dict[str, list[str]], found: tuple[str, str, str] | None
) -> None:
    assert collision(aliases) == found


@given(st.text())
def test_plain_stays_plain(name: str) -> None:
    assert plain(plain(name)) == plain(name) == plain(f" {name}\u3000")
