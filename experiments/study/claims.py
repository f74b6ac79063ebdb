"""The figures of the document that describes the system, and which of them cannot hold.

An item whose calibrated answer is wrong with probability above one half would be answered the
other way round. So every reviewed item was wrong half the time at most, and reviewing a share r
raises the accuracy by r / 2 at most: accuracy <= accuracy alone + r / 2. Nothing is assumed of
which items are reviewed, and people are taken to be always right.
"""

from dataclasses import dataclass

ALONE = 0.893
PUBLISHED = "google/uncertainty-baselines, BERT-base on Jigsaw comments, reviewers always right"
BAR = {
    "deterministic": (0.9459, 0.9640, 0.9781, 0.9884),
    "MC dropout": (0.9498, 0.9689, 0.9826, 0.9912),
    "MC dropout + focal loss": (0.9691, 0.9834, 0.9918, 0.9966),
    "ensemble of 10 + focal loss": (0.9695, 0.9835, 0.9919, 0.9966),
}
"""Accuracy at 5, 10, 15 and 20 % review; 92.31 % alone (deterministic)."""

WANTED_AT_15 = 0.992


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A row of the document: accuracy with a share of review."""

    name: str
    accuracy: float
    review: float

    @property
    def most(self) -> float:
        """The best accuracy that an AI of 89.3 % can come to with so much review."""
        return min(1.0, ALONE + self.review / 2)

    @property
    def possible(self) -> bool:
        return self.accuracy <= self.most

    @property
    def alone_at_least(self) -> float:
        """How accurate the AI alone must be for the claim to be possible."""
        return self.accuracy - self.review / 2

    @property
    def verdict(self) -> str:
        """What is to be said of it."""
        if self.possible:
            return "possible"
        return (
            f"cannot hold with an AI of {ALONE:.1%}: {self.most:.1%} at most. "
            f"It would take one that is right {self.alone_at_least:.1%} of the time alone"
        )


CLAIMS = (
    Claim(name="AI alone", accuracy=ALONE, review=0.0),
    Claim(name="fixed thresholds", accuracy=0.965, review=0.223),
    Claim(name="dynamic thresholds", accuracy=0.991, review=0.156),
    Claim(name="ensemble + adaptive", accuracy=0.993, review=0.142),
)
