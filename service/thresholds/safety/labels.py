"""Which labels a certificate may rest on, and how many it takes to certify again."""

import math
from datetime import datetime

from service.domain.adaptation import Adapted, Mode

FEWEST_LABELS = 100
LABELS_TO_CERTIFY_AGAIN = 1_200
"""After an alarm, of those that came after it."""
GROWTH = 1.25
"""A certificate gives way to one on so many times its labels. Each has its own delta: certifying
at every label would spend it again and again."""
GROWTH_ON_DEMAND = 1.1
"""Likewise where somebody asks: who may ask after every label asks until something opens."""


def counts(known: Adapted | None, at: datetime) -> bool:
    """Whether a label given at that moment counts: those from before the last alarm do not."""
    since = known.labels_since if known else None
    return since is None or at > since


def labels_to_certify(known: Adapted | None, rests_on: int, growth: float) -> int:
    """How many labels that count it takes: after an alarm a fixed number, else so many times those
    that the certificates in force rest on."""
    if known is not None and known.mode is Mode.SAFE:
        return LABELS_TO_CERTIFY_AGAIN
    more = round(growth * rests_on, 6)  # 1.1 * 100 is 110.00000000000001
    return max(FEWEST_LABELS, math.ceil(more))
