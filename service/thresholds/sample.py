"""The labelled items that a certificate rests on."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self, assert_never

import numpy as np
from numpy.typing import ArrayLike, NDArray

from service.confidence.metrics import unit_interval
from service.domain.certificate import Promise
from service.domain.errors import InvalidInput

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

FITTING_SHARE = 3
"""One in so many labels fits the calibrator and sets the order; the others test."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """Raw scores (or confidences) in [0, 1] and labels, 1 where approving is right: shape (items,).

    `spreads` are what `members.rows_of` makes of the scores' spreads, where they have some;
    `categories` names each item's category, where there are some; `weights`, in (0, 1], are what
    the labels weigh where a calibrator is fitted (None: 1 each); `doubted` items are those whose
    label people do not agree on: whatever is decided of them by itself counts as wrong. `since` and
    `until` are the days the labels are from. Items must be drawn as the items to come will be: all
    of a time, or a uniform panel of them, never those alone that people were asked about.
    """

    scores: Floats
    labels: Flags
    spreads: Floats | None = None
    categories: NDArray[np.str_] | None = None
    weights: Floats | None = None
    doubted: Flags | None = None
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(
        cls,
        scores: ArrayLike,
        labels: ArrayLike,
        *,
        spreads: Floats | None = None,
        categories: Sequence[str] | None = None,
        weights: ArrayLike | None = None,
        doubted: ArrayLike | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Self:
        """The sample. InvalidInput where a score is not in [0, 1], or things do not pair up."""
        found = unit_interval(scores)
        truth = np.asarray(labels, dtype=np.float64)
        if truth.shape != found.shape:
            raise InvalidInput(f"{found.size} scores do not pair with {truth.size} labels.")
        if not np.isin(truth, (0, 1)).all():
            raise InvalidInput("A label is neither 0 nor 1.")
        names = None if categories is None else np.asarray(categories, dtype=np.str_)
        if names is not None and names.shape != found.shape:
            raise InvalidInput(f"{found.size} scores do not pair with {names.size} categories.")
        if spreads is not None and spreads.shape != (found.size, 3):
            raise InvalidInput(f"{found.size} scores do not pair with {len(spreads)} spreads.")
        weighed = None if weights is None else np.asarray(weights, dtype=np.float64)
        unsettled = None if doubted is None else np.asarray(doubted, dtype=np.bool_)
        for column in (weighed, unsettled):
            if column is not None and column.shape != found.shape:
                raise InvalidInput(f"{found.size} scores do not pair with {column.size} marks.")
        return cls(
            scores=found,
            labels=truth == 1,
            spreads=spreads,
            categories=names,
            # What says nothing is left out: the same labels are then the same sample.
            weights=None if weighed is None or (weighed == 1).all() else weighed,
            doubted=unsettled if unsettled is not None and unsettled.any() else None,
            since=since,
            until=until,
        )

    def __len__(self) -> int:
        return self.scores.size

    @property
    def one_sided(self) -> bool:
        """Whether all labels say the same: such a sample cannot tell good from bad."""
        return len(self) == 0 or bool(self.labels.all() or not self.labels.any())

    @cached_property
    def sha256(self) -> str:
        """The identity of scores, labels and what stands beside them, in whatever order."""
        ordered = self._in_order
        more = (ordered.spreads, ordered.weights, ordered.doubted)
        rest = b"".join(column.tobytes() for column in more if column is not None)
        content = ordered.scores.tobytes() + ordered.labels.tobytes() + rest
        return hashlib.sha256(content).hexdigest()

    @property
    def wrongly_approved(self) -> Flags:
        """The items that it is wrong to approve, or that nobody can tell of."""
        return ~self.labels if self.doubted is None else ~self.labels | self.doubted

    @property
    def wrongly_rejected(self) -> Flags:
        """The items that it is wrong to reject, or that nobody can tell of."""
        return self.labels if self.doubted is None else self.labels | self.doubted

    def against(self, confidence: Floats, promise: Promise = Promise.WRONG_ANSWERS) -> Flags:
        """The labels, where a doubted one is whatever makes an error of the answer that a rule of
        this promise can give. A rule for both sides approves above 1/2 and rejects below."""
        match promise:
            case Promise.WRONG_APPROVALS:
                return ~self.wrongly_approved
            case Promise.WRONG_REJECTIONS:
                return self.wrongly_rejected
            case Promise.WRONG_ANSWERS:
                return np.where(confidence > 0.5, ~self.wrongly_approved, self.wrongly_rejected)
        assert_never(promise)

    def where(self, chosen: Flags | NDArray[np.int64]) -> "Sample":
        """The sample of the chosen items alone."""
        names = None if self.categories is None else self.categories[chosen]
        return Sample(
            scores=self.scores[chosen],
            labels=self.labels[chosen],
            spreads=None if self.spreads is None else self.spreads[chosen],
            categories=names,
            weights=None if self.weights is None else self.weights[chosen],
            doubted=None if self.doubted is None else self.doubted[chosen],
            since=self.since,
            until=self.until,
        )

    def split(self, seed: int) -> tuple["Sample", "Sample"]:
        """The part that fits and orders, a third, and the part that tests.

        By lot, and the same whatever order the items came in. The sample itself is part of the
        lot's seed: were the lot the same for every sample, then the ranks that land in the testing
        part would be too, and it would no longer be a random draw.
        """
        ordered = self._in_order
        lot = np.random.default_rng([seed, int(self.sha256[:32], 16)])
        drawn = lot.permutation(len(self))
        cut = len(self) // FITTING_SHARE
        return ordered.where(drawn[:cut]), ordered.where(drawn[cut:])

    @cached_property
    def _in_order(self) -> "Sample":
        marks = [column for column in (self.weights, self.doubted) if column is not None]
        last = () if self.spreads is None else tuple(self.spreads.T)
        return self.where(np.lexsort((*marks, *last, self.labels, self.scores)))
