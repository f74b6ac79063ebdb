"""A policy written by the file's keys is read back as it was, and read by the file's own rules."""

import json
import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.configuration import BundleLabels, ConfigurationError, Workshop, parse
from service.configuration.sections import (
    AuditsSection,
    GateSection,
    GuardsSection,
    ResumeSection,
    ReviewSection,
)
from service.configuration.writing import duration, section_of
from service.domain.certificate import Target
from service.domain.decision import ResumeMode
from service.domain.errors import BadPolicy, BrokenBundle
from service.domain.ids import GateName

APPS = {"shop": {"url": "https://shop.example/v1", "api_key": "secret"}}
REFUNDS = GateName("refunds")


def labels_of(bundle: str) -> BundleLabels:
    if bundle != "embedded":
        raise BrokenBundle(f"There is no bundle {bundle!r}.", fix="Use `signals`.")
    return BundleLabels(labels=("acceptable", "offensive"), approve_labels=("acceptable",))


APPS_READ = parse(
    json.dumps({"apps": APPS, "gates": {"g": {"thresholds": {"low": 0, "high": 1}}}}),
    labels_of,
    name="gates.yml",
).apps
WORKSHOP = Workshop(APPS_READ, labels_of)

shares = st.floats(0, 1)
odd = st.one_of(shares, st.floats(), st.integers(-2, 2), st.booleans(), st.none(), st.text())
thresholds = st.fixed_dictionaries({"low": st.one_of(st.none(), shares), "high": shares})
costs = st.fixed_dictionaries(
    {name: st.floats(0, 100) for name in ("wrong_approval", "wrong_rejection", "review_minute")},
    optional={"minutes_per_review": st.floats(0, 9), "scoring": st.floats(0, 1)},
)
contracts = st.fixed_dictionaries(
    {"target": st.sampled_from([target.value for target in Target])},
    optional={
        "wrong_approvals": shares,
        "wrong_rejections": shares,
        "wrong_answers": shares,
        "confidence": shares,
        "review": st.fixed_dictionaries({}, optional={"min": shares, "max": shares}),
        "reviews_a_day": st.integers(0, 1000),
        "certify_every_days": st.integers(0, 1000),
        "costs": costs,
    },
)
durations = st.builds("{}{}".format, st.integers(1, 5000), st.sampled_from("smhd"))
gates = st.fixed_dictionaries(
    {},
    optional={
        "scorer": st.sampled_from(["signals", "embedded", "gone"]),
        "thresholds": thresholds,
        "contract": contracts,
        "categories": st.dictionaries(
            st.text("abC", min_size=1),
            st.fixed_dictionaries(
                {}, optional={"thresholds": thresholds, "aliases": st.lists(st.text("aBd"))}
            ),
        ),
        "unknown_category": st.sampled_from(["review", "inherit"]),
        "category_required": st.booleans(),
        "panel_share": st.floats(0, 0.6),
        "panel_holds": st.booleans(),
        "audits": st.fixed_dictionaries({}, optional={"share": st.floats(0, 0.3)}),
        "review": st.fixed_dictionaries(
            {},
            optional={
                "deadline": durations,
                "lease": durations,
                "undo": durations,
                "on_deadline": st.sampled_from(["approve", "reject"]),
                "quorum": st.integers(0, 10),
                "double_share": st.floats(0, 1.1),
            },
        ),
        "resume": st.fixed_dictionaries(
            {"mode": st.sampled_from(list(map(str, ResumeMode)))},
            optional={"app": st.sampled_from(["shop", "other"])},
        ),
        "apps": st.lists(st.sampled_from(["shop", "other"]), max_size=1),
    },
)


@given(gates)
def test_one_truth(document: dict[str, Any]) -> None:
    """What comes by API is taken, or refused, just as the file would be; and written, it is read
    back as it was."""
    text = yaml.safe_dump({"apps": APPS, "gates": {REFUNDS: document}})
    try:
        [from_file] = parse(text, labels_of, name="gates.yml").gates
    except ConfigurationError:
        with pytest.raises(BadPolicy):
            WORKSHOP.policy(REFUNDS, document)
        return
    policy = WORKSHOP.policy(REFUNDS, document)
    assert policy == from_file
    assert WORKSHOP.policy(REFUNDS, json.loads(json.dumps(section_of(policy)))) == policy


def test_every_key_is_written() -> None:
    fixed = {"scorer": "signals", "thresholds": {"low": 0, "high": 1}}
    written = section_of(WORKSHOP.policy(REFUNDS, fixed))
    assert {*written, "contract"} == {*GateSection.model_fields}
    assert {*written["guards"]} == {*GuardsSection.model_fields}
    assert {*written["review"]} == {*ReviewSection.model_fields}
    assert {*written["resume"]} == {*ResumeSection.model_fields}
    assert {*written["audits"]} == {*AuditsSection.model_fields}


@given(st.dictionaries(st.sampled_from(["target", "wrong_approvals", "confidence"]), odd))
def test_a_contract_that_cannot_be_kept_is_refused_with_its_key(contract: dict[str, Any]) -> None:
    mistakes: Sequence[tuple[str, str]] = ()
    try:
        policy = WORKSHOP.policy(REFUNDS, {"scorer": "signals", "contract": contract})
    except BadPolicy as refused:
        mistakes = refused.mistakes
    if mistakes:
        assert all(where.startswith("contract") and what for where, what in mistakes)
        return
    assert policy.contract
    for alpha in policy.contract.promises.values():
        assert 0 < alpha < 1
    assert 0.5 <= policy.contract.confidence < 1
    assert policy.rule_for(None).uncertified, "nothing is earned by being written down"


@pytest.mark.parametrize(
    ("contract", "where", "said"),
    [
        ({"wrong_approvals": 0}, "contract.wrong_approvals", "greater than 0"),
        ({"wrong_approvals": math.nan}, "contract.wrong_approvals", "less than 1"),
        ({"wrong_answers": 0.01}, "contract", "per_side takes wrong_approvals"),
        ({"wrong_approvals": 0.01, "confidence": 1}, "contract", "0.9 and 0.95 are usual"),
        (
            {"wrong_approvals": 0.01, "review": {"min": 0.4, "max": 0.3}},
            "contract",
            "Set review.min at or below review.max",
        ),
        ({"wrong_approvals": 0.01, "reviews_a_day": 0}, "contract.reviews_a_day", "equal to 1"),
        (
            {"wrong_approvals": 0.01, "costs": {"wrong_approval": -1}},
            "contract.costs.wrong_approval",
            "equal to 0",
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_key(contract: dict[str, Any], where: str, said: str) -> None:
    document = {"scorer": "signals", "contract": {"target": "per_side", **contract}}
    with pytest.raises(BadPolicy) as caught:
        WORKSHOP.policy(REFUNDS, document)
    assert any(where == place and said in what for place, what in caught.value.mistakes), (
        caught.value.mistakes
    )


def test_secrets_and_other_apps_cannot_be_brought_along() -> None:
    fixed = {"scorer": "signals", "thresholds": {"low": 0, "high": 1}}
    for more in ({"apps": ["${HOME}"]}, {"apps": ["other"]}, {"api_key": "x"}):
        with pytest.raises(BadPolicy):
            WORKSHOP.policy(REFUNDS, fixed | more)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=0), "0s"),
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=24), "24h"),
        (timedelta(days=3), "3d"),
        (timedelta(seconds=1.5), "1.5s"),
    ],
)
def test_durations_are_said_as_people_write_them(length: timedelta, said: str) -> None:
    assert duration(length) == said
