"""The service is out of reach: the real plugin fails, nothing goes on, and the End says why."""

from collections.abc import Iterator

import httpx
import pytest

from lab.process import PYTHON, ROOT, LabProcess
from tests.installation import free_ports
from tests.lab_answers import RunAnswer

PATIENCE = 60.0
HALVES = {
    "native": "content-review-native.yml",
    "first": "content-review-continuation.yml",
    "hold": "content-review-hold.yml",
    "second": "content-review-continued.yml",
}


@pytest.fixture(scope="module")
def lonely_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    """The shipped workflows in a lab whose service address nobody listens at."""
    if not PYTHON.exists():
        pytest.skip("no lab environment: run make setup")
    [port] = free_ports(1)
    files = {name: ROOT / "workflows" / file for name, file in HALVES.items()}
    keys = {name: f"app-{name}" for name in files}
    env = {"LAB_SERVICE_URL": f"http://127.0.0.1:{port}", "LAB_SERVICE_API_KEY": "gate-key"}
    with LabProcess(files, keys, tmp_path_factory.mktemp("lonely"), env=env) as lab:
        yield lab


def api(lab: LabProcess, name: str) -> httpx.Client:
    key = {"Authorization": f"Bearer app-{name}"}
    return httpx.Client(base_url=f"{lab.url}/v1", headers=key, timeout=PATIENCE)


def run(client: httpx.Client, **inputs: str) -> RunAnswer:
    body = {"inputs": inputs, "response_mode": "blocking", "user": "anna"}
    answer: RunAnswer = client.post("/workflows/run", json=body).raise_for_status().json()
    return answer


@pytest.mark.parametrize("name", ["native", "first", "hold"])
def test_nothing_goes_on_and_the_end_says_why(lonely_lab: LabProcess, name: str) -> None:
    with api(lonely_lab, name) as client:
        answer = run(client, text="You are kind", ai_result="publish")
    assert answer["data"]["status"] == "partial-succeeded"
    outputs = answer["data"]["outputs"]
    assert "cannot be reached" in outputs.pop("reason")
    unavailable = {"verdict": "unavailable", "gate_action": "unavailable"}
    assert outputs == {**unavailable, "review_task_id": None}


def test_the_second_half_fails_and_does_nothing(lonely_lab: LabProcess) -> None:
    with api(lonely_lab, "second") as client:
        answer = run(client, decision_id="dec_1")
    assert answer["data"]["status"] == "failed"
    assert answer["data"]["outputs"] == {}
    assert answer["data"]["error"] is not None
    assert "cannot be reached" in answer["data"]["error"]


def test_the_services_key_is_not_kept_with_the_runs(lonely_lab: LabProcess) -> None:
    with api(lonely_lab, "native") as client:
        run(client, text="You are kind", ai_result="publish")
    runs = lonely_lab.control("GET", "/lab/runs")
    assert runs
    assert "gate-key" not in str(runs)
