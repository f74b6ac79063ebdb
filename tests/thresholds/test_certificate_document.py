"""What is stored is what is read back."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from experiments.certificates import contract_for
from experiments.synthetic import draw
from service.domain.certificate import BadContract, Costs, ReviewBounds, RiskContract, Target
from service.domain.certificate_document import (
    certificate_document,
    certificate_of,
    contract_document,
    contract_of,
)
from service.thresholds.certify import certify
from service.thresholds.sample import Sample

FULL = RiskContract(
    target=Target.PER_SIDE,
    wrong_approvals=0.01,
    wrong_rejections=0.02,
    confidence=0.95,
    review=ReviewBounds(min=0.05, max=0.30),
    reviews_a_day=400,
    certify_every_days=30,
    costs=Costs(wrong_approval=50, wrong_rejection=5, review_minute=0.6, scoring=0.0001),
)


@pytest.mark.parametrize("contract", [FULL, *(contract_for(target, 0.02) for target in Target)])
def test_contracts_there_and_back(contract: RiskContract) -> None:
    assert contract_of(json.loads(json.dumps(contract_document(contract)))) == contract


def test_the_contract_of_the_configuration() -> None:
    found = contract_of(
        {
            "target": "per_side",
            "wrong_approvals": 0.01,
            "wrong_rejections": 0.02,
            "confidence": 0.9,
            "review": {"min": 0.05, "max": 0.30},
        }
    )
    assert found.delta == 0.1
    assert found.review == ReviewBounds(min=0.05, max=0.3)


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({}, "target"),
        ({"target": "perfection"}, "perfection"),
        ({"target": "auto_error", "wrong_answers": 0.01, "colour": 1}, "colour"),
        (
            {"target": "auto_error", "wrong_answers": "little"},
            "'float' and 'str'|'str' and 'int'|<",
        ),
        ({"target": "auto_error", "wrong_answers": 0.01, "review": {"most": 1}}, "most"),
        ({"target": "auto_error", "wrong_answers": 0}, "no number of labels"),
    ],
)
def test_what_is_no_contract_is_told_by_name(document: dict[str, Any], what: str) -> None:
    with pytest.raises(BadContract, match=what):
        contract_of(document)


@pytest.mark.parametrize("labels", [0, 10, 2_000])
@pytest.mark.parametrize("target", list(Target))
def test_certificates_there_and_back(target: Target, labels: int) -> None:
    drawn = draw(labels, np.random.default_rng(3))
    sample = Sample.of(
        drawn.scores,
        drawn.labels,
        since=datetime(2025, 11, 3, tzinfo=UTC),
        until=datetime(2025, 11, 20, 23, 5, 9, tzinfo=UTC),
    )
    found = certify(sample, contract_for(target, 0.02), scope="health")
    assert certificate_of(json.loads(json.dumps(certificate_document(found)))) == found
