"""The wire has the domain's words: a value that one end lacks would be refused there."""

import threading
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from plugin.contract import decisions, deliveries, tasks
from service.domain.decision import ResumeMode, RiskLevel, Zone
from service.domain.delivery import DeliveryState
from service.domain.outcome import DecidedBy, Verdict
from service.domain.review import Answer, TaskState
from service.ports.clock import SystemClock
from service.resume import make_resumers

TOOL = Path(__file__).parents[2] / "plugin" / "tools" / "confidence_gate.yaml"
DELIVERING = {mode for mode in ResumeMode if mode.delivers}


@pytest.mark.parametrize(
    ("wire", "ours"),
    [
        (decisions.DecisionKind, Zone),
        (decisions.FinalVerdict, Verdict),
        (decisions.DecidedBy, DecidedBy),
        (decisions.RiskLevel, RiskLevel),
        (decisions.ResumeMode, ResumeMode),
        (decisions.ReviewState, {"automatic", *TaskState}),
        (deliveries.DeliveryState, DeliveryState),
        (deliveries.DeliveryMode, DELIVERING),
        (tasks.TaskState, TaskState),
        (tasks.ReviewerVerdict, Answer),
    ],
)
def test_both_ends_know_the_same_values(wire: Any, ours: Any) -> None:
    assert set(get_args(wire)) == set(ours)


def test_each_mode_that_delivers_has_its_resumer() -> None:
    assert set(make_resumers({}, SystemClock(), threading.Event())) == DELIVERING


def test_the_gates_node_offers_every_mode() -> None:
    declared = yaml.safe_load(TOOL.read_text(encoding="utf-8"))["parameters"]
    [modes] = [one["options"] for one in declared if one["name"] == "resume_mode"]
    assert {mode["value"] for mode in modes} == set(ResumeMode)
