"""content-review-native when Dify is difficult: nothing is lost, and nothing is called delivered
that is not."""

from lab.process import LabProcess
from tests.installation import DifyCaller, ServiceCaller, until
from tests.middleman import Middleman, Moment

DELICATE = {"category": "delicate", "ai_result": "publish"}


def test_a_verdict_that_comes_before_the_pause_is_stored_is_not_lost(
    native: DifyCaller, service: ServiceCaller, lab: LabProcess, watched: Middleman, text: str
) -> None:
    lab.control("POST", "/lab/switches", {"hold_pause": True})
    paused = native.start_paused(text=text, **DELICATE)
    lab.control("POST", f"/lab/runs/{paused.id}/switches", {"hold_pause": True})
    service.review(text, "approve")
    watched.wait_for("GET", f"/workflows/run/{paused.id}", count=3)
    assert watched.statuses("POST", paused.token) == []

    lab.control("POST", f"/lab/runs/{paused.id}/switches", {"hold_pause": False})
    assert paused.end()["outputs"]["verdict"] == "approve"
    assert watched.statuses("POST", paused.token) == [200]


def test_a_run_that_never_tells_of_its_filled_form_is_proven_all_the_same(
    native: DifyCaller, service: ServiceCaller, lab: LabProcess, watched: Middleman, text: str
) -> None:
    lab.control("POST", "/lab/switches", {"omit_form_filled": True})
    paused = native.start_paused(text=text, **DELICATE)
    task = service.review(text, "approve")
    assert paused.end()["outputs"]["verdict"] == "approve"
    service.until_delivery(task["decision_id"], "delivered")
    assert watched.statuses("POST", paused.token) == [200]


def test_a_run_that_stops_after_its_200_is_a_dead_letter_at_once(
    native: DifyCaller, service: ServiceCaller, lab: LabProcess, text: str
) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    lab.control("POST", f"/lab/runs/{paused.id}/switches", {"stop_after_submit": True})
    task = service.review(text, "approve", comment="well done")
    delivery = service.until_delivery(task["decision_id"], "dead")
    assert delivery["reason"].startswith("run_stopped")
    assert delivery["attempts"] == 1
    outcome = service.decision(task["decision_id"])["outcome"]
    assert (outcome["verdict"], outcome["comment"]) == ("approve", "well done")


def test_a_form_answered_in_dify_first_is_a_dead_letter_and_the_verdict_stands(
    native: DifyCaller, service: ServiceCaller, watched: Middleman, text: str
) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    task = service.task_about(text)
    paused.until_stored()
    assert paused.submit("approve").status_code == 200
    assert paused.end()["outputs"]["verdict"] == "approve"

    service.answer(task, "reject", comment="no").raise_for_status()
    delivery = service.until_delivery(task["decision_id"], "dead")
    assert delivery["reason"].startswith("answered_elsewhere")
    assert "approve" in delivery["reason"]

    replayed = service.http.post(f"/deliveries/{delivery['id']}/replay")
    assert (replayed.status_code, replayed.json()["state"]) == (200, "pending")
    again = service.until_delivery(task["decision_id"], "dead")
    assert again["reason"] == delivery["reason"]
    assert watched.statuses("POST", paused.token) == []
    outcome = service.decision(task["decision_id"])["outcome"]
    assert (outcome["verdict"], outcome["comment"]) == ("reject", "no")


def test_a_resume_that_dify_puts_off_is_waited_for(
    native: DifyCaller, service: ServiceCaller, lab: LabProcess, watched: Middleman, text: str
) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    lab.control("POST", f"/lab/runs/{paused.id}/switches", {"hold_resume": True})
    task = service.review(text, "approve")
    watched.wait_for("POST", paused.token)
    [delivery] = service.deliveries(task["decision_id"])
    assert delivery["state"] == "pending"

    lab.control("POST", f"/lab/runs/{paused.id}/switches", {"hold_resume": False})
    service.until_delivery(task["decision_id"], "delivered")
    assert paused.end()["outputs"]["verdict"] == "approve"
    assert watched.statuses("POST", paused.token) == [200]


def test_a_dify_that_is_away_when_the_verdict_comes_gets_it_later(
    native: DifyCaller, service: ServiceCaller, watched: Middleman, text: str
) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    refused = watched.refuse("GET", f"/workflows/run/{paused.id}", 503)
    task = service.review(text, "approve")
    delivery = service.until_delivery(task["decision_id"], "delivered")
    assert refused.is_set()
    assert delivery["attempts"] == 2
    assert paused.end()["outputs"]["verdict"] == "approve"


def test_a_dead_letter_is_delivered_by_a_replay_once_its_cause_is_gone(
    native: DifyCaller, service: ServiceCaller, watched: Middleman, text: str
) -> None:
    paused = native.start_paused(text=text, **DELICATE)
    task = service.task_about(text)
    paused.until_stored()
    refused = watched.refuse("GET", f"/workflows/run/{paused.id}", 401)
    service.answer(task, "approve").raise_for_status()
    delivery = service.until_delivery(task["decision_id"], "dead")
    assert delivery["reason"].startswith("wrong_key")
    assert refused.is_set()

    service.http.post(f"/deliveries/{delivery['id']}/replay").raise_for_status()
    until(lambda: service.deliveries(task["decision_id"])[0]["state"] == "delivered", "it")
    assert paused.end()["outputs"]["verdict"] == "approve"


def test_a_gate_whose_answer_is_lost_each_time_lets_nothing_through(
    native: DifyCaller, service: ServiceCaller, calls: Middleman, text: str
) -> None:
    lost = [
        calls.catch("POST", f"/decisions .*{text}", Moment.ANSWERED, lambda: None) for _ in range(3)
    ]
    end = native.start(text=text, **DELICATE)["data"]
    assert all(answer.is_set() for answer in lost)
    assert end["status"] == "partial-succeeded"
    assert end["outputs"]["verdict"] == "unavailable"
    assert "cannot be reached" in end["outputs"]["reason"]
    assert "result" not in end["outputs"]

    task = service.review(text, "approve", edited_result="publish!")
    service.until_delivery(task["decision_id"], "dead")
