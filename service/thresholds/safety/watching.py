"""What the panel's answers say of a gate at work: do its promises still hold, and how much review?

Everything here is computed anew from the labels since the first of its certificates, oldest first,
so that any process that looks comes to the same answer, and none has anything to lose.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.domain.certificate import Promise, RiskContract, Target
from service.domain.decision import Zone
from service.thresholds.controller import Controller
from service.thresholds.ecusum import ErrorAlarm


@dataclass(frozen=True, kw_only=True)
class Audited:
    """A panel item: what the thresholds certified then say of it, and whether approving was right.
    Where people do not agree (`doubted`), any automatic answer counts as wrong."""

    zone: Zone
    right: bool
    doubted: bool = False

    @property
    def wrong(self) -> bool:
        """Whether the gate by itself was, or would have been, wrong. Review is never wrong."""
        match self.zone:
            case Zone.AUTO_APPROVE:
                return self.doubted or not self.right
            case Zone.AUTO_REJECT:
                return self.doubted or self.right
            case Zone.HUMAN_REVIEW:
                return False


def judged(contract: RiskContract, item: Audited) -> Promise | None:
    """The promise that the item puts to the test; None where it tests none of the contract's."""
    match contract.target, item.zone:
        case Target.SYSTEM_ERROR, _:
            promise = Promise.WRONG_ANSWERS
        case _, Zone.HUMAN_REVIEW:
            return None
        case Target.AUTO_ERROR, _:
            promise = Promise.WRONG_ANSWERS
        case Target.PER_SIDE, Zone.AUTO_APPROVE:
            promise = Promise.WRONG_APPROVALS
        case Target.PER_SIDE, _:
            promise = Promise.WRONG_REJECTIONS
    return promise if promise in contract.promises else None


def error_alarms(contract: RiskContract, items: Iterable[Audited]) -> Mapping[Promise, ErrorAlarm]:
    """One alarm for every promise, having seen the items in their order. One that went off stays
    on, whatever came after: whoever looks late must learn of it too."""
    alarms = {promise: ErrorAlarm(alpha=alpha) for promise, alpha in contract.promises.items()}
    for item in items:
        promise = judged(contract, item)
        if promise is not None and not alarms[promise].alarm:
            alarms[promise] = alarms[promise].after(item.wrong)
    return alarms


def controlled(
    controller: Controller, contract: RiskContract, items: Iterable[Audited]
) -> Controller:
    """The controller after the items in their order: each wrong answer takes from the automatic
    share, each right one gives a little back."""
    for item in items:
        promise = judged(contract, item)
        if promise is not None:
            controller = controller.after(item.wrong, alpha=contract.promises[promise])
    return controller
