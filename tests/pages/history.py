"""A gate that has seen life: decisions with scores, and labels of its panel."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from service.domain.adaptation import Adapted, Mode
from service.domain.change import Cause, Change
from service.domain.decision import Assessment, Reason, Thresholds, Zone
from service.domain.ids import GateName
from service.domain.label import Label
from service.usecases.gates.policy_versions import succeed
from tests.examples import a_decision
from tests.pages.site import Site

CATEGORIES = (None, None, "books", "toys")


def live(site: Site, gate: str, items: int, *, panel: bool = True) -> None:
    """So many decisions over ten days, all labelled where `panel`; then certify what can be."""
    lot = np.random.default_rng(7)
    right = lot.random(items) < 0.6
    scores = 1 / (1 + np.exp(-2.2 * (np.where(right, 1.8, -1.8) + lot.standard_normal(items))))
    policy = site.services.gates.policies.of(gate)
    start = site.clock.now() - timedelta(days=10)
    decisions, labels = [], []
    for place in range(items):
        score, category = float(scores[place]), CATEGORIES[place % len(CATEGORIES)]
        rule = policy.rule_for(category, "signal:score")
        zone, reason = rule.thresholds.zone(score)
        if rule.uncertified:
            zone, reason = Zone.HUMAN_REVIEW, Reason.UNCERTIFIED
        decision = a_decision(
            gate=GateName(gate),
            policy_version=policy.version,
            created_at=start + timedelta(days=10) * (place / items),
            signals={"score": score},
            category=category,
            zone=zone,
            reason=reason,
            thresholds=Thresholds(low=rule.thresholds.low, high=rule.thresholds.high),
            assessment=Assessment(confidence=score, raw_score=score),
            panel=panel,
        )
        decisions.append(decision)
        labels.append(
            Label(
                decision_id=decision.id,
                gate=GateName(gate),
                raw_score=score,
                source="signal:score",
                category=category,
                right=bool(right[place]),
                panel=panel,
                reviewer="person:ann",
                at=decision.created_at,
            )
        )
    with site.store.transaction() as tx:
        tx.decisions.add(decisions)
        for label in labels if panel else ():
            tx.labels.add(label)
    site.services.gates.learner.look_at(policy)


def into(site: Site, gate: str, mode: Mode, cause: str, level: float | None = None) -> None:
    """Put the gate into a mode, as watching it at work does."""
    policy, now = site.services.gates.policies.of(gate), site.clock.now()
    adapted = Adapted(mode=mode, cause=cause, since=now, level=level)
    change = Change(cause=Cause.ADAPTATION, actor="watcher", note=cause)
    with site.store.transaction() as tx:
        adapted_policy = replace(policy, adapted=adapted)
        succeed(tx, adapted_policy, over=policy.version, change=change, now=now)
    site.services.gates.policies.load()
