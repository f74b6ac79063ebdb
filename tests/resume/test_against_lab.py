"""native_form against the lab: Dify's own engine pauses and resumes, with Dify's traps set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from lab.process import PYTHON, LabProcess
from service.domain.app import App
from service.domain.delivery import Delivery
from service.usecases.shared.new_ids import new_task_id
from tests.lab_answers import LabRun
from tests.resume.conftest import APP, HASTY, Log, Tries

WORKFLOWS = Path(__file__).parent / "workflows"
FILES = {path.stem: path for path in WORKFLOWS.glob("*.yml")}
KEYS = {name: f"app-{name}" for name in FILES}
USER = "anna"
EARLIER = datetime(2030, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def own_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabProcess]:
    if not PYTHON.exists():
        pytest.skip(f"no lab environment at {PYTHON.parent.parent.name}: run make setup")
    with LabProcess(FILES, KEYS, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@dataclass
class Run:
    """A run that waits for our verdict."""

    lab: LabProcess
    app: str
    id: str
    tries: Tries

    def switch(self, **on: bool) -> None:
        self.lab.control("POST", f"/lab/runs/{self.id}/switches", on)

    def status(self) -> str:
        return self.shown()["status"]

    def shown(self) -> LabRun:
        found: LabRun = self.lab.control("GET", f"/lab/runs/{self.id}")
        return found

    def answer_in_dify(self, action: str, node: str = "ask") -> None:
        """Somebody answers a form in Dify's own page."""
        [form] = [f for f in self.shown()["forms"] if f["node_id"] == node]
        names = [i["output_variable_name"] for i in form["inputs"]]
        answer = httpx.post(
            f"{self.lab.url}/v1/form/human_input/{form['token']}",
            headers={"Authorization": f"Bearer {KEYS[self.app]}"},
            json={"inputs": dict.fromkeys(names, "x"), "action": action, "user": "somebody"},
        )
        assert answer.status_code == 200, answer.text

    def second_try(self, **changes: Any) -> Tries:
        """The try after one that died or failed."""
        self.tries.delivery = replace(self.tries.delivery, attempts=2, **changes)
        return self.tries


type StartRun = Callable[..., Run]


@pytest.fixture
def start_in(make_delivery: Callable[..., Delivery]) -> Callable[[LabProcess], StartRun]:
    """Starts runs in a lab as API callers do, and makes the deliveries of their verdicts."""
    return lambda lab: partial(start, lab, make_delivery)


@pytest.fixture
def start_run(own_lab: LabProcess, start_in: Callable[[LabProcess], StartRun]) -> StartRun:
    """Starts runs in the lab that all tests here share."""
    return start_in(own_lab)


def start(
    lab: LabProcess,
    make_delivery: Callable[..., Delivery],
    app: str = "review",
    action: str = "approve",
    **inputs: str,
) -> Run:
    delivery = make_delivery(message={"gate_action": action}, user=USER)
    answer = httpx.post(
        f"{lab.url}/v1/workflows/run",
        headers={"Authorization": f"Bearer {KEYS[app]}"},
        json={
            "inputs": {"review_task_id": delivery.task_id, **inputs},
            "response_mode": "blocking",
            "user": USER,
        },
        timeout=30,
    )
    assert answer.json()["data"]["status"] == "paused", answer.text
    run_id = answer.json()["workflow_run_id"]
    target = App(name=APP, url=lab.url, api_key=KEYS[app], allow_internal=True)
    return Run(lab, app, run_id, Tries(replace(delivery, run_id=run_id), target))


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_a_run_goes_on_by_the_verdicts_branch(start_run: StartRun, action: str) -> None:
    run = start_run(action=action)
    assert run.tries.native().kind == "form_filled"
    shown = run.shown()
    assert shown["status"] == "succeeded"
    outputs = shown["outputs"]
    assert outputs is not None
    assert outputs["gate_action"] == action
    if action == "approve":
        assert outputs["comment"] == "fine by me"
        assert outputs["edited_result"] == '{"publish": true}'
        assert outputs["reviewer"] == "mei"
        assert outputs["note"] == "as usual"


def test_a_dify_that_never_says_form_filled(start_run: StartRun) -> None:
    run = start_run()
    run.switch(omit_form_filled=True)
    assert run.tries.native().kind == "node_finished"


def test_200_then_stopped(start_run: StartRun) -> None:
    run = start_run()
    run.switch(stop_after_submit=True)
    assert run.tries.dead().startswith("run_stopped: ")


def test_a_pause_that_is_seen_before_it_is_stored(own_lab: LabProcess, start_run: StartRun) -> None:
    own_lab.control("POST", "/lab/switches", {"hold_pause": True})
    try:
        run = start_run()
        assert run.tries.failed(HASTY).reason.startswith("not_paused: ")
    finally:
        own_lab.control("POST", "/lab/switches", {"hold_pause": False})
    assert run.tries.native().kind == "form_filled"


def test_an_answer_of_somebodys_that_was_lost_is_told_as_it_is(
    own_lab: LabProcess, start_run: StartRun
) -> None:
    """They answered before the pause was stored: 200, and the run waits for ever."""
    own_lab.control("POST", "/lab/switches", {"hold_pause": True})
    try:
        run = start_run()
        run.answer_in_dify("approve")
    finally:
        own_lab.control("POST", "/lab/switches", {"hold_pause": False})
    assert run.tries.dead(HASTY).startswith("answered_elsewhere: ")


def test_a_resume_that_waits_in_the_queue(start_run: StartRun) -> None:
    run = start_run()
    run.switch(hold_resume=True)
    assert run.tries.failed(HASTY).reason.startswith("not_resumed: ")
    assert run.tries.log.submissions == 1
    run.switch(hold_resume=False)
    assert run.second_try(submitted_at=EARLIER).native().kind in ("form_filled", "end_outputs")
    assert run.tries.log.submissions == 1


def test_somebody_was_faster_with_another_answer(start_run: StartRun) -> None:
    run = start_run()
    run.answer_in_dify("reject")
    assert run.tries.dead().startswith("answered_elsewhere: ")


def test_somebody_was_faster_with_the_same_answer(start_run: StartRun) -> None:
    run = start_run()
    run.answer_in_dify("approve")
    assert run.tries.native().kind in ("form_filled", "end_outputs")
    assert run.tries.log.submissions == 0


def test_another_users_run(start_run: StartRun) -> None:
    run = start_run()
    run.tries.delivery = replace(run.tries.delivery, user="somebody-else")
    assert run.tries.dead().startswith("not_found: ")
    assert run.status() == "paused"


def test_an_expired_form(own_lab: LabProcess, start_run: StartRun) -> None:
    run = start_run()
    [form] = run.shown()["forms"]
    own_lab.control("POST", f"/lab/forms/{form['token']}/expire")
    assert run.tries.dead().startswith("form_expired: ")


# --- more than one form ---


def test_a_later_form_is_another_tasks(start_run: StartRun) -> None:
    run = start_run("in_a_row", second_content=f"Review task {new_task_id()}")
    run.switch(omit_form_filled=True)
    assert run.tries.native().kind in ("node_finished", "later_form")
    assert run.status() == "paused"
    # As if the try had died after its mark, then after its submission.
    assert run.second_try(submitted_at=EARLIER).native().kind == "later_form"
    assert run.second_try(submitted_at=None).failed().reason.startswith("no_proof_yet: ")
    assert [form["status"] for form in run.shown()["forms"]] == ["submitted", "waiting"]


def test_a_later_form_without_an_id_is_not_answered_by_a_second_try(start_run: StartRun) -> None:
    run = start_run("in_a_row", second_content="And now?")
    run.tries.native()
    assert run.second_try(submitted_at=None).dead().startswith("ambiguous_form: ")
    assert [form["status"] for form in run.shown()["forms"]] == ["submitted", "waiting"]


def start_side_by_side(start_run: StartRun) -> Run:
    """A run that waits at two forms. The engine may stop at the first before it opens the other."""
    for _ in range(20):
        run = start_run("side_by_side", second_content="Something else")
        if len(run.shown()["forms"]) == 2:
            return run
    raise AssertionError("no run ever waited at both forms")


def test_of_two_forms_that_wait_ours_is_answered(start_run: StartRun) -> None:
    run = start_side_by_side(start_run)
    run.tries.native()
    assert {f["node_id"]: f["status"] for f in run.shown()["forms"]} == {
        "ask": "submitted",
        "second": "waiting",
    }


def test_two_forms_that_do_not_show_our_task_are_ambiguous(start_run: StartRun) -> None:
    run = start_side_by_side(start_run)
    run.tries.delivery = replace(run.tries.delivery, task_id=new_task_id())
    assert run.tries.dead().startswith("ambiguous_form: ")
    assert {form["status"] for form in run.shown()["forms"]} == {"waiting"}


# --- crashes ---


class Crash(BaseException):
    """Our process dies here."""


class DyingLog(Log):
    """Dies after Dify took the answer, before we could write that down."""

    def submitted(self) -> None:
        raise Crash


def test_we_die_between_the_submission_and_its_mark(start_run: StartRun) -> None:
    run = start_run()
    run.tries.log = DyingLog()
    with pytest.raises(Crash):
        run.tries.native()
    run.tries.log = Log()
    assert run.second_try().native().kind in ("form_filled", "end_outputs")
    assert run.tries.log.submissions == 0


def test_dify_dies_between_the_submission_and_the_resume(
    tmp_path: Path, start_in: Callable[[LabProcess], StartRun]
) -> None:
    """What it accepted is on its disk: once it is back it resumes, and the next try proves it."""

    class KillingLog(Log):
        def submitted(self) -> None:
            super().submitted()
            first.kill()

    with LabProcess(FILES, KEYS, tmp_path) as first:
        run = start_in(first)()
        run.switch(hold_resume=True)
        run.tries.log = KillingLog()
        assert run.tries.failed(HASTY).reason.split(":")[0] in ("no_answer", "unreachable")
    port = int(first.url.rsplit(":", 1)[1])
    with LabProcess(FILES, KEYS, tmp_path, port=port):
        assert run.second_try(submitted_at=EARLIER).native().kind in ("form_filled", "end_outputs")
    assert run.tries.log.submissions == 1
