"""The real plugin behind the lab: its endpoints over HTTP, and its calls back into the lab."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook

from lab.process import LabProcess
from tests.lab.conftest import ServeLab
from tests.lab_answers import LabRun

SECRET = "whsec_" + "c2VjcmV0IGZvciB0aGUgbGFiJ3MgdGVzdHM="
HOOK = "a1b2c3"


@pytest.fixture(scope="module")
def hooked_lab(
    serve_lab: ServeLab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabProcess]:
    settings = tmp_path_factory.mktemp("hooks") / "resume.yml"
    settings.write_text("app: continued\nsigning_secret: ${LAB_TEST_SECRET}\n")
    env = {"LAB_TEST_SECRET": SECRET}
    with serve_lab(hooks={HOOK: settings}, env=env) as lab:
        yield lab


def resume(lab: LabProcess, message_id: str, secret: str = SECRET) -> httpx.Response:
    now = datetime.now(UTC)
    body = json.dumps(
        {
            "type": "review.decided",
            "timestamp": now.isoformat(),
            "decision_id": "d-1",
            "review_task_id": "t-1",
            "verdict": "approve",
            "gate_action": "approve",
            "metadata": {"order": 7},
        }
    )
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
        "content-type": "application/json",
    }
    return httpx.post(f"{lab.url}/e/{HOOK}/resume", content=body, headers=headers, timeout=60)


def continued_runs(lab: LabProcess) -> list[LabRun]:
    runs: list[LabRun] = lab.control("GET", "/lab/runs")
    return [run for run in runs if run["app"] == "continued"]


def test_the_plugins_health_is_reached_through_its_hook(hooked_lab: LabProcess) -> None:
    assert httpx.get(f"{hooked_lab.url}/e/{HOOK}/health", timeout=60).status_code == 200
    assert httpx.get(f"{hooked_lab.url}/e/unknown/health").status_code == 404


def test_a_signed_message_starts_the_continuation_once(hooked_lab: LabProcess) -> None:
    before = len(continued_runs(hooked_lab))
    answer = resume(hooked_lab, "msg_1")
    assert answer.status_code == 200, answer.text
    run = continued_runs(hooked_lab)[-1]
    assert answer.json() == {"status": "started", "run_id": run["id"]}
    assert (run["origin"], run["status"]) == ("plugin", "succeeded")
    assert run["outputs"] == {"decision_id": "d-1", "metadata": '{"order": 7}'}

    assert resume(hooked_lab, "msg_1").json() == {"status": "duplicate"}
    assert len(continued_runs(hooked_lab)) == before + 1


def test_a_badly_signed_message_starts_nothing(hooked_lab: LabProcess) -> None:
    before = len(continued_runs(hooked_lab))
    answer = resume(hooked_lab, "msg_2", secret="whsec_" + "b3RoZXIgc2VjcmV0IG90aGVyIHNlY3JldA==")
    assert answer.status_code == 401
    assert len(continued_runs(hooked_lab)) == before
