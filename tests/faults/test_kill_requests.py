"""`kill -9` of the service in the middle of requests: who repeats one with its Idempotency-Key gets
one effect, and what was acknowledged is there."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest

from tests.installation import ServiceCaller, Site, free_ports
from tests.middleman import Middleman, Moment

GATE = "content-moderation"
GATES = f"""\
apps:
  nowhere: {{url: "http://127.0.0.1:9/", secrets: [whsec_bm9ib2R5IGxpc3RlbnMgdGhlcmU=]}}
gates:
  {GATE}:
    scorer: signals
    thresholds: {{low: null, high: null}}
    apps: [nowhere]
    resume: {{mode: webhook, app: nowhere}}
"""
CALLERS = 50
PATIENCE = 60.0

TO_DECIDE, TO_CLAIM = "a text whose verdict's answer is lost", "a text whose claim's answer is lost"
LOST_DECISION, LOST_VERDICT, LOST_CLAIM = "lost-decision", "lost-verdict", "lost-claim"


@dataclass(kw_only=True)
class Crowd:
    """Callers that ask with a new key each time, until the service is gone."""

    service: ServiceCaller
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    enough: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def ask_on(self, caller: int) -> None:
        for number in count():
            key = f"caller-{caller}-{number}"
            try:
                answer = self.service.ask(GATE, key, key=key).raise_for_status()
            except httpx.TransportError:
                self.unanswered.append(key)
                return
            self.acknowledged[key] = answer.json()
            self.enough.release()


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """The service after its second start, and what is known of its first life."""

    site: Site
    service: ServiceCaller
    crowd: Crowd
    before: list[str]
    """Decisions made without a key."""
    to_decide: dict[str, Any]
    """The claimed task whose verdict's answer was lost."""


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    [port] = free_ports(1)
    site = Site(tmp_path_factory.mktemp("site"), port, GATES)
    with site.start() as process, Middleman(site.url) as middleman:
        service, through = ServiceCaller(site.url), ServiceCaller(middleman.url)
        before = [service.ask(GATE, TO_DECIDE).raise_for_status().json()["decision_id"]]
        to_decide = service.task_about(TO_DECIDE)
        before += [service.ask(GATE, TO_CLAIM).raise_for_status().json()["decision_id"]]
        lost: list[Callable[[], Any]] = [
            lambda: through.ask(GATE, LOST_DECISION, key=LOST_DECISION),
            lambda: through.answer(to_decide, "approve", key=LOST_VERDICT, comment="fine"),
            lambda: claim_one(through, key=LOST_CLAIM),
        ]
        crowd = killed_among(lost, Crowd(service=service), middleman, process.kill)
    with site.start():
        yield Aftermath(
            site=site,
            service=ServiceCaller(site.url),
            crowd=crowd,
            before=before,
            to_decide=to_decide,
        )


def killed_among(
    lost: list[Callable[[], Any]], crowd: Crowd, middleman: Middleman, kill: Callable[[], None]
) -> Crowd:
    """Kill the service when the lost requests have been answered, but not heard, and the crowd is
    in full swing."""
    answered, killed = threading.Semaphore(0), threading.Event()

    def stand_still() -> None:
        answered.release()
        killed.wait(PATIENCE)

    for path in ("/decisions ", "/decision ", "/claim "):
        middleman.catch("POST", path, Moment.ANSWERED, stand_still)
    with ThreadPoolExecutor(CALLERS + len(lost)) as pool:
        unheard = [pool.submit(request) for request in lost]
        for _ in lost:
            assert answered.acquire(timeout=PATIENCE)
        asking = [pool.submit(crowd.ask_on, caller) for caller in range(CALLERS)]
        for _ in range(2 * CALLERS):
            assert crowd.enough.acquire(timeout=PATIENCE)
        kill()
        killed.set()
        for request in unheard:
            assert isinstance(request.exception(), httpx.TransportError)
        for asked in asking:
            asked.result()
    return crowd


def claim_one(service: ServiceCaller, key: str) -> httpx.Response:
    return service.http.post("/tasks/claim", json={"limit": 1}, headers={"Idempotency-Key": key})


def test_every_acknowledged_decision_is_there(after: Aftermath) -> None:
    assert len(after.crowd.unanswered) == CALLERS
    for key, answer in after.crowd.acknowledged.items():
        record = after.service.decision(answer["decision_id"])
        assert record["review_task_id"] == answer["review_task_id"]
        assert after.service.ask(GATE, key, key=key).json() == answer


def test_no_key_makes_more_than_one_decision(after: Aftermath) -> None:
    keys = [*after.crowd.acknowledged, *after.crowd.unanswered, LOST_DECISION]
    for _ in range(2):
        answers = [after.service.ask(GATE, key, key=key).raise_for_status().json() for key in keys]
        decisions = {answer["decision_id"] for answer in answers}
        assert len(decisions) == len(keys)
        found = [task["decision_id"] for task in after.service.tasks()]
        assert sorted(found) == sorted([*decisions, *after.before])


def test_a_verdict_whose_answer_was_lost_is_given_once(after: Aftermath) -> None:
    for _ in range(2):
        again = after.service.answer(after.to_decide, "approve", key=LOST_VERDICT, comment="fine")
        assert (again.status_code, again.json()["state"]) == (200, "resolved")
    changed = after.service.answer(after.to_decide, "reject", key="changed my mind")
    assert changed.status_code == 409
    outcome = after.service.decision(after.to_decide["decision_id"])["outcome"]
    assert (outcome["verdict"], outcome["comment"]) == ("approve", "fine")
    [delivery] = after.service.deliveries(after.to_decide["decision_id"])
    assert delivery["id"] == outcome["delivery"]["id"]


def test_a_claim_whose_answer_was_lost_claims_one_task(after: Aftermath) -> None:
    first, second = (claim_one(after.service, key=LOST_CLAIM).json() for _ in range(2))
    assert first == second
    [task] = first["tasks"]
    claimed = after.service.tasks(state="claimed")
    assert [c["task_id"] for c in claimed] == [task["task_id"]]
    after.service.answer(task, "reject").raise_for_status()


def test_the_audit_chain_holds(after: Aftermath) -> None:
    after.site.verify_audit()
