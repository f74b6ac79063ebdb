"""continuation: a second run that takes the verdict; the taking is the proof."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Event

import pytest

from service.domain.app import App
from service.domain.decision import ResumeMode
from service.domain.delivery import Delivery, Proof
from service.ports.clock import SystemClock
from service.ports.resumer import DeliveryDead, DeliveryFailed
from service.resume.continuation import OUR_USER, ContinuationResumer
from service.resume.waiting import Patience
from tests.resume.conftest import APP, HASTY, PATIENT, Log
from tests.resume.dify_double import KEY, Answer, DifyDouble, event, page, refusal

SECRET = "whsec_" + base64.b64encode(b"a secret of at least 24 bytes").decode()


@dataclass
class Continuation:
    """Tries of one delivery to one app."""

    app: App
    delivery: Delivery
    log: Log = field(default_factory=Log)
    stop: Event = field(default_factory=Event)

    def resume(self, patience: Patience = PATIENT) -> Proof:
        resumer = ContinuationResumer({APP: self.app}, SystemClock(), self.stop, patience)
        return resumer.resume(self.delivery, self.log)

    def failed(self, patience: Patience = PATIENT) -> str:
        with pytest.raises(DeliveryFailed) as failure:
            self.resume(patience)
        return failure.value.reason

    def dead(self) -> str:
        with pytest.raises(DeliveryDead) as death:
            self.resume()
        return death.value.reason


@pytest.fixture
def second(dify: DifyDouble, make_delivery: Callable[..., Delivery]) -> Continuation:
    dify.status = "running"
    delivery = make_delivery(ResumeMode.CONTINUATION, {"metadata": {"order": 7}})
    app = App(name=APP, url=dify.url, api_key=KEY, allow_internal=True)
    return Continuation(app=app, delivery=delivery)


def test_a_run_is_started_with_everything_but_the_verdict(
    dify: DifyDouble, second: Continuation
) -> None:
    def take(inputs: dict[str, object]) -> None:
        second.log.taker = "run-2"
        dify.emit(event("node_finished", node_type="tool"))

    dify.started = take
    proof = second.resume()
    assert (proof.kind, proof.detail) == ("verdict_taken", "run run-2")
    [(_, _, body)] = [asked for asked in dify.requests if asked[0] == "POST start"]
    assert body == {
        "user": "anna",
        "response_mode": "streaming",
        "inputs": {
            "decision_id": "dec_1",
            "review_task_id": second.delivery.task_id,
            "reviewer": "mei",
            "comment": "fine by me",
            "edited_result": '{"publish": true}',
            "metadata": '{"order": 7}',
        },
    }
    assert second.log.submissions == 1


def test_a_verdict_that_has_been_taken_starts_nothing(
    dify: DifyDouble, second: Continuation
) -> None:
    second.log.taker = "run-1"
    assert second.resume().kind == "verdict_taken"
    assert dify.requests == []


def test_a_taking_that_no_event_tells_of_is_found(dify: DifyDouble, second: Continuation) -> None:
    """The events end early; the run goes on and takes the verdict."""

    class LateLog(Log):
        def taken_by(self) -> str | None:
            super().taken_by()
            return "run-2" if self.asked > 3 else None

    second.log = LateLog()
    dify.started = lambda inputs: dify.hang_up()
    assert second.resume().kind == "verdict_taken"


def test_a_run_that_ends_without_taking_is_tried_again(
    dify: DifyDouble, second: Continuation
) -> None:
    dify.started = lambda inputs: dify.finish("failed")
    assert "ended without taking" in second.failed()


def test_a_verdict_that_is_not_taken_in_time_is_tried_again(
    dify: DifyDouble, second: Continuation
) -> None:
    assert second.failed(HASTY).startswith("not_taken: No run has taken")


def test_a_chatty_run_does_not_make_us_ask_at_every_word(
    dify: DifyDouble, second: Continuation
) -> None:
    def chat(inputs: dict[str, object]) -> None:
        dify.emit(*(event("text_chunk", text="la") for _ in range(500)))
        dify.finish("failed")

    dify.started = chat
    second.failed()
    assert second.log.asked < 20


def test_a_decision_without_a_user_starts_a_run_of_ours(
    dify: DifyDouble, second: Continuation
) -> None:
    second.delivery = replace(second.delivery, user=None)
    second.failed(HASTY)
    assert dify.requests[0][2]["user"] == OUR_USER


def test_a_stop_ends_the_wait(dify: DifyDouble, second: Continuation) -> None:
    dify.started = lambda inputs: second.stop.set()
    assert second.failed().startswith("stopping: ")


@pytest.mark.parametrize(
    ("answer", "how", "code"),
    [
        (refusal(400, "invalid_param", "decision_id is required"), "dead", "refused"),
        (refusal(401, "unauthorized", ""), "dead", "wrong_key"),
        (refusal(404, "not_found", ""), "dead", "not_found"),
        (refusal(429, "too_many_requests", ""), "failed", "busy"),
        (page(502), "failed", "busy"),
        (page(200), "failed", "nonsense"),
    ],
)
def test_refusals_are_sorted(
    dify: DifyDouble, second: Continuation, answer: Answer, how: str, code: str
) -> None:
    dify.canned["POST start"] = [answer]
    reason = second.dead() if how == "dead" else second.failed()
    assert reason.startswith(f"{code}: ")
    assert second.log.submissions == 0


def test_without_key_and_secrets_it_is_dead(dify: DifyDouble, second: Continuation) -> None:
    second.app = replace(second.app, api_key=None)
    assert second.dead().startswith("no_key: ")


# --- by a signed post ---


@pytest.fixture
def door(dify: DifyDouble, second: Continuation) -> Continuation:
    """An app that is reached by its plugin endpoint or its webhook trigger."""
    url = f"{dify.url}/triggers/webhook/abc"
    second.app = replace(second.app, url=url, api_key=None, secrets=(SECRET,))
    return second


def test_a_door_is_posted_to_and_the_taking_is_the_proof(
    dify: DifyDouble, door: Continuation
) -> None:
    dify.canned["POST /triggers/webhook/abc"] = [(202, {}, b"")]

    class TakenAfterThePost(Log):
        def submitted(self) -> None:
            super().submitted()
            self.taker = "run-2"

    door.log = TakenAfterThePost()
    assert door.resume().detail == "run run-2"
    [(_, _, body)] = dify.requests
    assert body == json.loads(door.delivery.body)


def test_a_door_that_accepts_is_no_proof(dify: DifyDouble, door: Continuation) -> None:
    dify.canned["POST /triggers/webhook/abc"] = [(200, {}, b"ok")]
    assert door.failed(HASTY).startswith("not_taken: ")
    assert door.log.submissions == 1


def test_a_door_that_does_not_accept_is_tried_again(dify: DifyDouble, door: Continuation) -> None:
    dify.canned["POST /triggers/webhook/abc"] = [page(503)]
    assert door.failed().startswith("not_accepted: ")
    assert door.log.submissions == 0
