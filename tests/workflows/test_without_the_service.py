"""The service is out of reach: the real plugin fails, and a person decides in Dify's own form."""

import time
from collections.abc import Callable, Iterator

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


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["native", "first", "hold"])
@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_person_decides_in_the_form(lonely_lab: LabProcess, name: str, action: str) -> None:
    with api(lonely_lab, name) as client:
        answer = run(client, text="You are kind", ai_result="publish")
        [form] = answer["data"]["reasons"]
        assert "You are kind" in form["form_content"]
        assert form["resolved_default_values"]["edited_result"] == "publish"

        run_path = f"/workflows/run/{answer['workflow_run_id']}"
        until(lambda: client.get(run_path).json()["status"] == "paused")
        answers = {"comment": "seen", "edited_result": "publish!", "reviewer": "rita"}
        submitted = {"inputs": answers, "action": action, "user": "rita"}
        client.post(f"/form/human_input/{form['form_token']}", json=submitted).raise_for_status()
        until(lambda: client.get(run_path).json()["status"] == "partial-succeeded")
        outputs = client.get(run_path).json()["outputs"]
    expected = {"verdict": action, "gate_action": action, "review_task_id": None}
    expected |= {"reviewer": "rita", "comment": "seen"}
    assert outputs == expected | ({"result": "publish!"} if action == "approve" else {})


@pytest.mark.parametrize("name", ["native", "first", "hold"])
def test_nobody_decides_and_nothing_is_approved(lonely_lab: LabProcess, name: str) -> None:
    with api(lonely_lab, name) as client:
        answer = run(client, text="You are kind", ai_result="publish")
        [form] = answer["data"]["reasons"]
        run_path = f"/workflows/run/{answer['workflow_run_id']}"
        until(lambda: client.get(run_path).json()["status"] == "paused")
        lonely_lab.control("POST", f"/lab/forms/{form['form_token']}/expire")
        until(lambda: client.get(run_path).json()["status"] == "partial-succeeded")
        outputs = client.get(run_path).json()["outputs"]
    assert outputs == {"verdict": None, "gate_action": "", "review_task_id": None}


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
