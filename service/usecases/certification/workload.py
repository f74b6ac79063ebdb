"""How many reviews a day a gate will ask for, from the traffic that was recorded."""

from datetime import datetime, timedelta

from service.domain.gate import GatePolicy
from service.domain.recorded import Period
from service.ports.store import Transaction
from service.thresholds.workload import Workload, share_for_people

PACE_OF = timedelta(days=7)
LEAST = timedelta(days=1)
"""Of traffic: a day has its hours, and a busy one says nothing of all of them."""
LATEST = 2_000


def workload(tx: Transaction, policy: GatePolicy, now: datetime) -> Workload | None:
    """What the policy in force asks of people, at the pace of the last week and with its latest
    items. None where the gate has not seen a day of traffic."""
    first = tx.recorded.first(policy.gate)
    if first is None or now - first < LEAST:
        return None
    since = max(first, now - PACE_OF)
    days = (now - since) / timedelta(days=1)
    latest = next(tx.recorded.stream(Period(gate=policy.gate, since=since, limit=LATEST)), None)
    share = None if latest is None else share_for_people(policy, latest)
    return Workload(
        items_a_day=tx.recorded.count(policy.gate, since) / days,
        share=1.0 if share is None else share,
        answers=policy.review.answers,
        capacity=policy.contract.reviews_a_day if policy.contract else None,
    )
