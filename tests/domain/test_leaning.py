"""What the AI suggests follows from its confidence alone, and an even one leans to approving."""

import pytest

from service.domain.outcome import Verdict, leaning


@pytest.mark.parametrize(
    ("confidence", "verdict"),
    [
        (0.0, Verdict.REJECT),
        (0.49999, Verdict.REJECT),
        (0.5, Verdict.APPROVE),
        (1.0, Verdict.APPROVE),
        (None, None),
    ],
)
def test_a_confidence_leans_to_the_likelier_verdict(
    confidence: float | None, verdict: Verdict | None
) -> None:
    assert leaning(confidence) is verdict
