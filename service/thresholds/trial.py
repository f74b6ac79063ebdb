"""One promise of a contract, put to the test: rules in an order, tried until one fails."""

from dataclasses import dataclass
from math import sqrt
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from service.domain.certificate import Finding, Method, Promise, Proof, RiskContract, Target
from service.domain.decision import Thresholds
from service.thresholds import binomial
from service.thresholds.rules import Counted, Rules, approving, rejecting, surest_first
from service.thresholds.sample import Floats

CANDIDATES = 100
PRIOR_WEIGHT = 200
"""How many labels the calibrator's own word on the risk is worth when the order is laid down."""

CLOSED = Thresholds(low=None, high=None)


def rules_for(promise: Promise, contract: RiskContract, confidence: Floats) -> Rules:
    """The rules that could be tried for a promise, from the strictest to the widest.

    Where both sides are asked for, they keep to their side of the meeting point, so that whatever
    is certified on the one never crosses what is certified on the other.
    """
    both = len(contract.promises) > 1
    match promise:
        case Promise.WRONG_APPROVALS:
            return approving(confidence, above=contract.meeting_point if both else 0.0)
        case Promise.WRONG_REJECTIONS:
            return rejecting(confidence, below=contract.meeting_point if both else 1.0)
        case Promise.WRONG_ANSWERS:
            return surest_first(confidence)
        case _:
            assert_never(promise)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A promise's rules, and what each does to part A (`seen`) and to part B (`tested`)."""

    promise: Promise
    contract: RiskContract
    rules: Rules
    seen: Counted
    tested: Counted

    def run(self) -> tuple[Proof, Thresholds]:
        """The widest rule that is proven to keep the promise, with the proof; else closed sides."""
        if self.fewest > self.tested.items:
            return self.closed(Finding.TOO_FEW_LABELS)
        return self._widest_within_limit() if self._of_all_items else self._fixed_sequence()

    def closed(self, finding: Finding, place: int | None = None) -> tuple[Proof, Thresholds]:
        """Nothing automatic, for this reason, after a test of the rule at `place` if there was."""
        return self._proof(finding, place), CLOSED

    @property
    def alpha(self) -> float:
        return self.contract.promises[self.promise]

    @property
    def delta(self) -> float:
        return self.contract.delta_each

    @property
    def fewest(self) -> int:
        return binomial.fewest_clean(self.alpha, self.delta)

    @property
    def _of_all_items(self) -> bool:
        return self.contract.target is Target.SYSTEM_ERROR

    def _fixed_sequence(self) -> tuple[Proof, Thresholds]:
        places = self._candidates()
        if places.size == 0:
            return self.closed(Finding.TOO_FEW_LABELS)
        start = int(self._margins(places).argmax())
        passed = None
        for place in map(int, places[start:]):
            if self._p_value(place) > self.delta:
                break
            passed = place
        if passed is None:
            return self.closed(Finding.NOT_PROVEN, int(places[start]))
        return self._proof(Finding.PROVEN, passed), self.rules.thresholds(passed)

    def _candidates(self) -> NDArray[np.int64]:
        """Rules at evenly spaced ranks of part A, where B should hold trials enough to pass."""
        decided = self.seen.decided
        enough = self.fewest / self._scale
        if decided.size == 0 or decided[-1] < enough:
            return np.empty(0, dtype=np.int64)
        places = np.searchsorted(decided, np.linspace(enough, decided[-1], CANDIDATES))
        return np.unique(places)

    def _margins(self, places: NDArray[np.int64]) -> Floats:
        """How far below alpha a rule's risk should lie, in standard errors of its test on B.

        The risk is the one seen in A, drawn towards what the calibrator expects:
        (k + m mean(error)) / (n + m).
        """
        decided = self.seen.decided[places]
        prior = PRIOR_WEIGHT * self.seen.expected_wrong[places] / np.maximum(1, decided)
        risk = (self.seen.wrong[places] + prior) / (decided + PRIOR_WEIGHT)
        margins: Floats = (self.alpha - risk) * np.sqrt(decided * self._scale)
        return margins / sqrt(self.alpha * (1 - self.alpha))

    @property
    def _scale(self) -> float:
        return self.tested.items / max(1, self.seen.items)

    def _widest_within_limit(self) -> tuple[Proof, Thresholds]:
        most = binomial.most_errors(self.tested.items, self.alpha, self.delta)
        passed = int(np.searchsorted(self.tested.wrong, most, side="right")) - 1
        if passed < 0:
            return self.closed(Finding.NOT_PROVEN, 0)
        return self._proof(Finding.PROVEN, passed), self.rules.thresholds(passed)

    def _trials(self, place: int) -> int:
        return self.tested.items if self._of_all_items else int(self.tested.decided[place])

    def _p_value(self, place: int) -> float:
        return binomial.cdf(int(self.tested.wrong[place]), self._trials(place), self.alpha)

    def _proof(self, finding: Finding, place: int | None) -> Proof:
        wrong = 0 if place is None else int(self.tested.wrong[place])
        trials = 0 if place is None else self._trials(place)
        return Proof(
            promise=self.promise,
            finding=finding,
            method=Method.RCPS if self._of_all_items else Method.SPLIT_ORDER_LTT,
            alpha=self.alpha,
            delta=self.delta,
            wrong=wrong,
            trials=trials,
            p_value=1.0 if place is None else self._p_value(place),
            bound=binomial.upper_bound(wrong, trials, self.delta),
            fewest=self.fewest,
        )
