"""What answers are worth, and how well confidences rank and tell. Shape (items,) throughout;
labels are 1 where approving is right, which is the positive class."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.study.sets import Floats
from service.confidence import metrics
from service.domain.certificate import Costs

type Flags = NDArray[np.bool_]
type Figures = dict[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a policy does with each item; what it neither approves nor rejects, people see."""

    approved: Flags
    rejected: Flags

    @property
    def reviewed(self) -> Flags:
        return ~(self.approved | self.rejected)

    def final(self, verdicts: Flags) -> Flags:
        """Whether each item is approved in the end, where people say `verdicts`."""
        return np.where(self.reviewed, verdicts, self.approved)


def of_answers(answers: Answers, labels: Floats, verdicts: Flags, costs: Costs) -> Figures:
    """What comes out in the end, and what it takes. `verdicts`: whom people would approve."""
    right = labels == 1
    final = answers.final(verdicts)
    automatic = ~answers.reviewed
    wrong = automatic & (answers.approved != right)
    approve, reject = _of_class(final, right), _of_class(~final, ~right)
    return {
        "accuracy": float((final == right).mean()),
        "precision": approve["precision"],
        "recall": approve["recall"],
        "F1 micro": float((final == right).mean()),
        "F1 macro": (approve["F1"] + reject["F1"]) / 2,
        "review": float(answers.reviewed.mean()),
        "system error": float(wrong.mean()),
        "auto-error": _share(wrong, automatic),
        "wrong approvals": _share(answers.approved & ~right, answers.approved),
        "wrong rejections": _share(answers.rejected & right, answers.rejected),
        "cost": float(
            (final & ~right).mean() * costs.wrong_approval
            + (~final & right).mean() * costs.wrong_rejection
            + answers.reviewed.mean() * costs.review
        ),
    }


def of_confidence(c: Floats, labels: Floats) -> Figures:
    """How well c ranks and tells, before anybody sets a threshold."""
    return {
        "AUROC": metrics.auroc(c, labels),
        "AUPR": average_precision(c, labels),
        "ECE": metrics.ece(c, labels),
    }


def of_ranking(c: Floats, labels: Floats) -> Figures:
    """How well the surest come first: areas under the risk-coverage curve, and accuracy where the
    least sure go to people who are right."""
    curve = risk_coverage(c, labels)
    wrong = np.cumsum((c > 0.5)[surest_first(c)] != (labels == 1)[surest_first(c)])
    risk = float(curve[-1])
    least = risk + (1 - risk) * np.log(1 - risk) if risk < 1 else 1.0
    return {
        "AURC": float(curve.mean()),
        "E-AURC": float(curve.mean() - least),
        "AUGRC": float((wrong / c.size).mean()),
        **{
            f"at {share:.0%} review": metrics.accuracy_at_review(c, labels, share)
            for share in (0.05, 0.10, 0.15, 0.20)
        },
    }


def risk_coverage(c: Floats, labels: Floats) -> Floats:
    """R_i = k_i / i: the error among the i surest, for i = 1 to all."""
    order = surest_first(c)
    wrong = (c > 0.5)[order] != (labels == 1)[order]
    curve: Floats = np.cumsum(wrong) / np.arange(1, c.size + 1)
    return curve


def surest_first(c: Floats) -> NDArray[np.int64]:
    """The places from the surest item to the least sure."""
    order: NDArray[np.int64] = np.argsort(-np.abs(c - 0.5), kind="stable")
    return order


def average_precision(c: Floats, labels: Floats) -> float:
    """AUPR: the sum of precision times the step in recall over falling thresholds, ties at once."""
    order = np.argsort(-c, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(c[order])), c.size - 1)
    hits = np.cumsum(labels[order])[ends]
    steps = np.diff(np.concatenate([[0.0], hits])) / max(1.0, hits[-1])
    return float((steps * hits / (ends + 1)).sum())


def reliability(c: Floats, labels: Floats, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean c, share approvable, items: by bins of equal mass."""
    order = np.argsort(c, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, c.size)) if part.size]
    return [(float(c[part].mean()), float(labels[part].mean()), part.size) for part in parts]


def summary(rows: list[Figures]) -> dict[str, list[float | None]]:
    """Mean and standard deviation of each figure over the rows."""
    found: dict[str, list[float | None]] = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        spread = float(values.std(ddof=1)) if values.size > 1 else None
        found[name] = [float(values.mean()), spread]
    return found


def _of_class(said: Flags, truth: Flags) -> Mapping[str, float]:
    precision, recall = _share(said & truth, said), _share(said & truth, truth)
    both = precision + recall
    return {
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / both if both else 0.0,
    }


def _share(part: Flags, whole: Flags) -> float:
    return int(np.count_nonzero(part)) / max(1, int(np.count_nonzero(whole)))
