"""Tasks, outcomes, resume messages: what reviewers and receivers exchange."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from plugin.contract.deliveries import ResumeMessage
from plugin.contract.outcomes import OutcomeRequest
from plugin.contract.reviews import TakeRequest
from plugin.contract.tasks import MAX_CLAIM, ClaimRequest, TaskDecisionRequest

ROOT = Path(__file__).parents[2]
MESSAGE: dict[str, Any] = {
    "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    "decision_id": "d1",
    "review_task_id": "t1",
    "verdict": "approve",
    "gate_action": "approve",
    "metadata": {"order": "7"},
}


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ClaimRequest, {}),
        (ClaimRequest, {"gate": "content-moderation", "limit": MAX_CLAIM}),
        (TaskDecisionRequest, {"verdict": "unsure", "lease_token": "l"}),
        (TaskDecisionRequest, {"verdict": "approve", "lease_token": "l", "edited_result": [1]}),
        (OutcomeRequest, {"decision_id": "d1", "truth": "reject"}),
        (TakeRequest, {"run_id": "r"}),
    ],
)
def test_requests_that_are_right(model: type[BaseModel], body: dict[str, Any]) -> None:
    assert model.model_validate(body)


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (ClaimRequest, {"limit": 0}),
        (ClaimRequest, {"limit": MAX_CLAIM + 1}),
        (ClaimRequest, {"limit": "1"}),
        (TaskDecisionRequest, {"verdict": "approve"}),
        (TaskDecisionRequest, {"verdict": "maybe", "lease_token": "l"}),
        (TaskDecisionRequest, {"verdict": "approve", "lease_token": " "}),
        (TaskDecisionRequest, {"verdict": "approve", "lease_token": "l", "reviewer": "me"}),
        (OutcomeRequest, {"decision_id": "d1", "truth": "unsure"}),
        (TakeRequest, {}),
        (TakeRequest, {"run_id": ""}),
        (TakeRequest, {"run_id": "r" * 257}),
    ],
)
def test_requests_that_are_wrong(model: type[BaseModel], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(body)


def test_a_resume_message_reads_back_from_its_bytes() -> None:
    message = ResumeMessage.model_validate(MESSAGE)
    frozen = message.model_dump_json()
    assert ResumeMessage.model_validate_json(frozen, strict=True) == message
    assert '"type":"review.decided"' in frozen


@pytest.mark.parametrize(
    "change", [{"verdict": "pending"}, {"type": "other"}, {"timestamp": datetime(2026, 1, 1)}]
)
def test_other_messages_are_not_resume_messages(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ResumeMessage.model_validate({**MESSAGE, **change})


def test_the_contract_needs_pydantic_alone() -> None:
    """The service imports it: neither the SDK (which patches the process) nor requests may come."""
    script = (
        "import sys, pkgutil, importlib, plugin.contract as c\n"
        "for found in pkgutil.iter_modules(c.__path__, 'plugin.contract.'):\n"
        "    importlib.import_module(found.name)\n"
        "assert not {'dify_plugin', 'requests', 'gevent', 'service'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
