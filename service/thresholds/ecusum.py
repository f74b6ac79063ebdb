"""An alarm on labels: has the error risen above its limit?

The e-CUSUM is an e-detector (Shin, Ramdas and Rinaldo, arXiv 2203.03532): while the error is at
most alpha the mean of its statistics grows by one a label at most, so that the labels between two
false alarms are at least LIMIT on average.

`python -m experiments.alarms --runs 300`, alpha 1 %: with the error at alpha 14 % of runs alarm
within 5,000 labels (at a panel of 3 % these are 167,000 items), at .75 alpha 5 %, at .5 alpha .7 %.
An error of 1.5 % is noticed after 5,460 labels, one of 3 % after 480, one of 5 % after 150
(medians). A LIMIT of 300 would notice 3 % after 230, and alarm falsely in 70, 45 and 24 % of runs.
"""

from dataclasses import dataclass, replace
from typing import Self

from service.domain.certificate import BadContract

BETS = (0.05, 0.1, 0.2, 0.4)
"""b alpha for every statistic in the mixture: b is 5, 10, 20 and 40 at alpha 1 %. Below 1, so that
no right answer makes one negative."""

LIMIT = 2_000.0
"""The labels between two false alarms, on average, are at least so many."""


@dataclass(frozen=True, kw_only=True)
class ErrorAlarm:
    """M_b <- max(M_b, 1) (1 + b (wrong - alpha)) for every bet; alarm where their mean is high.

    Fed with uniformly drawn items alone: those of the panel.
    """

    alpha: float
    statistics: tuple[float, ...] = (0.0,) * len(BETS)
    labels: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise BadContract(f"No alarm watches a limit of {self.alpha}.")

    def after(self, wrong: bool) -> Self:
        """After one more label."""
        gain = (wrong - self.alpha) / self.alpha
        return replace(
            self,
            statistics=tuple(
                max(statistic, 1.0) * (1 + bet * gain)
                for bet, statistic in zip(BETS, self.statistics, strict=True)
            ),
            labels=self.labels + 1,
        )

    @property
    def evidence(self) -> float:
        """The mean of the statistics: how strongly the labels speak for an error above alpha."""
        return sum(self.statistics) / len(self.statistics)

    @property
    def alarm(self) -> bool:
        return self.evidence >= LIMIT
