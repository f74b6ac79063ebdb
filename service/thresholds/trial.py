"""One promise of a contract, put to the test: rules in an order, tried until one fails."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from service.domain.certificate import Finding, Method, Promise, Proof, RiskContract, Target
from service.domain.decision import Thresholds
from service.thresholds import binomial
from service.thresholds.rules import Counted, Rules, approving, rejecting, surest_first
from service.thresholds.sample import Floats

CANDIDATES = 300
"""How finely the sequence steps. A step costs nothing but itself; at alpha 1 %, 100 steps leave
0.2 % more to review than 300 with 2,000 labels, and 0.5 % more with 200,000."""

PRIOR_WEIGHT = 200
"""How many labels the calibrator's own word on the risk is worth when the order is laid down."""

NEARLY_BEST = 0.8
"""Where the sequence starts, in parts of the best margin.

One that starts at the best itself and fails there leaves the gate closed though a stricter rule
would have passed: with 1,000 labels at alpha 1 % that closed 6 % of gates, this 1.3 % (150 draws of
the made-up gate). Any start is valid that part B has no say in.
"""

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

    def run(self) -> tuple[Proof, Rules]:
        """All rules that are proven to keep the promise, from the strictest to the widest, with
        the proof of the widest; none where nothing is proven."""
        if self.fewest > self.tested.items:
            return self.closed(Finding.TOO_FEW_LABELS)
        return self._all_within_limit() if self._of_all_items else self._fixed_sequence()

    def closed(self, finding: Finding, place: int | None = None) -> tuple[Proof, Rules]:
        """Nothing automatic, for this reason, after a test of the rule at `place` if there was."""
        return self._proof(finding, place), self.rules.at(np.empty(0, dtype=np.int64))

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

    def sequence(self) -> NDArray[np.int64]:
        """The places of the rules to be tried, in this order: settled by part A alone."""
        places = self._candidates()
        return places[self._start(self._margins(places)) :] if places.size else places

    def _fixed_sequence(self) -> tuple[Proof, Rules]:
        passed: list[int] = []
        most_passed, errors = -1, self.tested.wrong
        places = self.sequence()
        for place in map(int, places):
            wrong = int(errors[place])
            # As few errors in as many trials or more pass again, without a test.
            if wrong > most_passed and self._p_value(place) > self.delta:
                break
            passed.append(place)
            most_passed = max(wrong, most_passed)
        if passed:
            # Each was tested and passed before the next was: they all hold together.
            return self._proof(Finding.PROVEN, passed[-1]), self.rules.at(np.array(passed))
        if places.size:
            return self.closed(Finding.NOT_PROVEN, int(places[0]))
        return self.closed(Finding.TOO_FEW_LABELS)

    def _candidates(self) -> NDArray[np.int64]:
        """Rules at evenly spaced ranks of part A, where B should hold trials enough to pass."""
        decided = self.seen.decided
        enough = self.fewest / self._scale
        if decided.size == 0 or decided[-1] < enough:
            return np.empty(0, dtype=np.int64)
        places = np.searchsorted(decided, np.linspace(enough, decided[-1], CANDIDATES))
        return np.unique(places)

    @staticmethod
    def _start(margins: Floats) -> int:
        """The strictest rule that is about as likely to pass as the likeliest."""
        best = float(margins.max())
        return int((margins >= min(best, NEARLY_BEST * best)).argmax())

    def _margins(self, places: NDArray[np.int64]) -> Floats:
        """By how many standard errors of its test on B a rule should do better than just pass.

        The risk is the one seen in A, drawn towards what the calibrator expects:
        (k + m mean(error)) / (n + m).
        """
        decided = self.seen.decided[places]
        prior = PRIOR_WEIGHT * self.seen.expected_wrong[places] / np.maximum(1, decided)
        risk = (self.seen.wrong[places] + prior) / (decided + PRIOR_WEIGHT)
        margins: Floats = (self.alpha - risk) * np.sqrt(decided * self._scale)
        just_passing = NormalDist().inv_cdf(1 - self.delta)
        return margins / sqrt(self.alpha * (1 - self.alpha)) - just_passing

    @property
    def _scale(self) -> float:
        return self.tested.items / max(1, self.seen.items)

    def _all_within_limit(self) -> tuple[Proof, Rules]:
        most = binomial.most_errors(self.tested.items, self.alpha, self.delta)
        passed = int(np.searchsorted(self.tested.wrong, most, side="right")) - 1
        if passed < 0:
            return self.closed(Finding.NOT_PROVEN, 0)
        # Stricter rules make fewer errors, so they are proven with the widest.
        return self._proof(Finding.PROVEN, passed), self.rules.at(np.arange(passed + 1))

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
