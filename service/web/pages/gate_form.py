"""The form of a gate's policy: shares as percentages, what is left empty as nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import Request

from service.domain.certificate import RiskContract, Target
from service.domain.gate import GatePolicy

FIXED, CONTRACT = "fixed", "contract"

SHARES = {
    "wrong_approvals": "contract.wrong_approvals",
    "wrong_rejections": "contract.wrong_rejections",
    "wrong_answers": "contract.wrong_answers",
    "confidence": "contract.confidence",
    "review_min": "contract.review.min",
    "review_max": "contract.review.max",
    "low": "thresholds.low",
    "high": "thresholds.high",
    "panel_share": "panel_share",
    "audit_share": "audits.share",
}
AMOUNTS = {
    "cost_approval": "contract.costs.wrong_approval",
    "cost_rejection": "contract.costs.wrong_rejection",
    "cost_minute": "contract.costs.review_minute",
    "cost_minutes": "contract.costs.minutes_per_review",
    "cost_scoring": "contract.costs.scoring",
}
COUNTS = {
    "reviews_a_day": "contract.reviews_a_day",
    "certify_every_days": "contract.certify_every_days",
}
OF_THE_FORM = {key: name for name, key in (SHARES | AMOUNTS | COUNTS).items()}
"""Which field a key of the policy is filled in at."""


async def fields_of(request: Request) -> dict[str, str]:
    """What was filled in, without the space around it."""
    form = await request.form()
    return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """What is wrong with a field (None: with all of it). `said` is a text's key, else `detail`
    says it in English."""

    name: str | None
    said: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class GateForm:
    """What the fields say, and what of it cannot be."""

    fields: Mapping[str, str]
    mistakes: Sequence[Mistake] = field(default=())

    def value(self, name: str) -> str:
        return self.fields.get(name, "")

    def mistake_at(self, name: str) -> Mistake | None:
        return next((one for one in self.mistakes if one.name == name), None)

    @property
    def rule(self) -> str:
        return FIXED if self.value("rule") == FIXED else CONTRACT


def form_of(policy: GatePolicy) -> GateForm:
    """The form filled in with what the policy says."""
    contract = policy.contract
    filled: dict[str, Any] = {
        "rule": FIXED if contract is None else CONTRACT,
        "low": _percent(policy.thresholds.low),
        "high": _percent(policy.thresholds.high),
        "target": Target.PER_SIDE.value,
        "confidence": "90",
        "panel_share": _percent(policy.panel.share),
        "panel_holds": "yes" if policy.panel.holds else "",
        "audit_share": _percent(policy.audits.share),
        "cost_minutes": "1",
        "cost_scoring": "0",
    }
    return GateForm(fields=filled | ({} if contract is None else _of_contract(contract)))


def _of_contract(contract: RiskContract) -> dict[str, str]:
    costs = contract.costs
    return {
        "target": contract.target.value,
        "wrong_approvals": _percent(contract.wrong_approvals),
        "wrong_rejections": _percent(contract.wrong_rejections),
        "wrong_answers": _percent(contract.wrong_answers),
        "confidence": _percent(contract.confidence),
        "review_min": _percent(contract.review.min),
        "review_max": _percent(contract.review.max),
        **{
            name: "" if (count := getattr(contract, name)) is None else str(count)
            for name in COUNTS
        },
    } | (
        {}
        if costs is None
        else {
            "cost_approval": _plain(costs.wrong_approval),
            "cost_rejection": _plain(costs.wrong_rejection),
            "cost_minute": _plain(costs.review_minute),
            "cost_minutes": _plain(costs.minutes_per_review),
            "cost_scoring": _plain(costs.scoring),
        }
    )


def changes_in(form: GateForm) -> tuple[dict[str, Any], list[Mistake]]:
    """The keys of the policy that the form sets, and the fields that cannot be read."""
    numbers: dict[str, float | None] = {}
    mistakes: list[Mistake] = []
    for name in (*SHARES, *AMOUNTS, *COUNTS):
        try:
            numbers[name] = _number(form.value(name), percent=name in SHARES)
        except (InvalidOperation, ValueError):
            numbers[name] = None
            mistakes.append(Mistake(name=name, said="no_number"))
    changes: dict[str, Any] = {
        "panel_share": numbers["panel_share"] or 0.0,
        "panel_holds": form.value("panel_holds") == "yes",
        "audits": {"share": numbers["audit_share"] or 0.0},
    }
    if form.rule == FIXED:
        changes["thresholds"] = {"low": numbers["low"], "high": numbers["high"]}
        return changes, mistakes + _crossed(numbers)
    changes["contract"] = _contract(form, numbers)
    return changes, mistakes + _of_the_contract(changes["contract"], numbers)


def _contract(form: GateForm, numbers: Mapping[str, float | None]) -> dict[str, Any]:
    target = form.value("target") or Target.PER_SIDE.value
    limits = (
        ("wrong_approvals", "wrong_rejections") if target == Target.PER_SIDE else ("wrong_answers",)
    )
    review = {"min": numbers["review_min"], "max": numbers["review_max"]}
    counts = {name: numbers[name] for name in COUNTS}
    costs = {key.rsplit(".", 1)[1]: numbers[name] for name, key in AMOUNTS.items()}
    priced = any(
        numbers[name] is not None for name in ("cost_approval", "cost_rejection", "cost_minute")
    )
    return _there(
        {
            "target": target,
            **{limit: numbers[limit] for limit in limits},
            "confidence": numbers["confidence"],
            "review": _there(review),
            **{
                name: int(count) if count is not None and count == int(count) else count
                for name, count in counts.items()
            },
            "costs": _there(costs) if priced else None,
        }
    )


def _crossed(numbers: Mapping[str, float | None]) -> list[Mistake]:
    low, high = numbers["low"], numbers["high"]
    crossed = low is not None and high is not None and low >= high
    return [Mistake(name="high", said="crossed")] if crossed else []


def _of_the_contract(
    contract: Mapping[str, Any], numbers: Mapping[str, float | None]
) -> list[Mistake]:
    """The mistakes that are made most often, in the reader's language."""
    found = []
    if not any(
        limit in contract for limit in ("wrong_approvals", "wrong_rejections", "wrong_answers")
    ):
        joint = contract["target"] != Target.PER_SIDE
        found.append(Mistake(name="wrong_answers" if joint else "wrong_approvals", said="no_limit"))
    least, most = numbers["review_min"], numbers["review_max"]
    if least is not None and most is not None and least > most:
        found.append(Mistake(name="review_max", said="bounds"))
    return found


def _number(text: str, *, percent: bool) -> float | None:
    """What was typed, exactly: 1.1 % is the float 0.011, not 1.1 / 100. A comma is a point."""
    if not text:
        return None
    number = Decimal(text.replace(",", ".").removesuffix("%").strip())
    if not number.is_finite():
        raise ValueError(text)
    return float(number / 100 if percent else number)


def _percent(share: float | None) -> str:
    return "" if share is None else _plain(Decimal(repr(share)) * 100)


def _plain(number: float | Decimal) -> str:
    text = f"{Decimal(repr(number)) if isinstance(number, float) else number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _there(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
