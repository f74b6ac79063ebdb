"""Paused runs outlive the process: killed at any point, the next one goes on."""

from pathlib import Path

from lab.process import LabProcess
from tests.lab.conftest import WORKFLOWS, Caller, LabCommand, ServeLab


def test_a_paused_run_goes_on_in_a_fresh_process(
    serve_lab: ServeLab, caller: Caller, tmp_path: Path
) -> None:
    first = serve_lab(tmp_path)
    run = type(caller)(first.url, "app-ask").start_paused("hi")
    first.kill()

    with serve_lab(tmp_path) as second:
        again = type(caller)(second.url, "app-ask")
        assert again.status(run.run_id) == "paused"
        replay = list(again.events(run.run_id, include_state_snapshot=True))
        [required] = [e["data"] for e in replay if e["event"] == "human_input_required"]
        assert required["form_token"] == run.token
        assert again.submit(run.token, comment="late", edited="e").status_code == 200
        again.until_status(run.run_id, "succeeded")
        outputs = again.http.get(f"/v1/workflows/run/{run.run_id}").json()["outputs"]
        assert outputs["comment"] == "late"


def test_an_answer_taken_before_the_kill_is_not_lost(
    serve_lab: ServeLab, caller: Caller, tmp_path: Path
) -> None:
    first = serve_lab(tmp_path)
    before = type(caller)(first.url, "app-ask")
    run = before.start_paused()
    first.control("POST", "/lab/switches", {"hold_resume": True})
    assert before.submit(run.token, action="reject").status_code == 200
    first.kill()

    with serve_lab(tmp_path) as second:
        again = type(caller)(second.url, "app-ask")
        again.until_status(run.run_id, "succeeded")
        outputs = again.http.get(f"/v1/workflows/run/{run.run_id}").json()["outputs"]
        assert outputs == {"action": "reject"}


def test_a_run_whose_pause_was_never_stored_is_gone(
    serve_lab: ServeLab, caller: Caller, tmp_path: Path
) -> None:
    first = serve_lab(tmp_path)
    first.control("POST", "/lab/switches", {"hold_pause": True})
    before = type(caller)(first.url, "app-ask")
    run_id = before.start()["workflow_run_id"]
    first.kill()

    with serve_lab(tmp_path) as second:
        assert type(caller)(second.url, "app-ask").status(run_id) == "failed"


def test_a_run_keeps_the_workflow_it_started_with(
    serve_lab: ServeLab, caller: Caller, tmp_path: Path
) -> None:
    file = tmp_path / "ask.yml"
    file.write_text((WORKFLOWS / "ask.yml").read_text())
    options = ({"ask": file}, {"ask": "app-ask"}, tmp_path / "state")
    first = LabProcess(*options)
    run = type(caller)(first.url, "app-ask").start_paused()
    first.stop()
    file.write_text(file.read_text().replace("variable: comment,", "variable: remark,"))

    with LabProcess(*options) as second:
        again = type(caller)(second.url, "app-ask")
        again.submit(run.token)
        again.until_status(run.run_id, "succeeded")
        outputs = again.http.get(f"/v1/workflows/run/{run.run_id}").json()["outputs"]
        assert "comment" in outputs
        new = again.start_paused()
        again.submit(new.token)
        again.until_status(new.run_id, "succeeded")
        outputs = again.http.get(f"/v1/workflows/run/{new.run_id}").json()["outputs"]
        assert "remark" in outputs


def test_one_state_folder_has_one_lab(
    serve_lab: ServeLab, lab_command: LabCommand, tmp_path: Path
) -> None:
    with serve_lab(tmp_path):
        refused = lab_command("submit", "token", "--action", "approve", f"--state={tmp_path}")
    assert refused.returncode == 2
    assert "in use by another lab" in refused.stderr
