"""`kill -9` of the service at every point between the decision and its confirmation.

Every delivery is brought to a point of its own and held there; then one kill hits them all.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from lab.process import LabProcess
from tests.installation import DifyCaller, PausedRun, ServiceCaller, Site
from tests.middleman import Middleman, Moment

GATES = """\
apps:
  native: {{url: "{dify}/v1", api_key: app-native, allow_internal: true}}
gates:
  content-moderation:
    scorer: signals
    thresholds: {{low: null, high: null}}
    apps: [native]
    resume: {{mode: native_form, app: native}}
"""

JUST_DECIDED = "the verdict is stored"
RUN, EVENTS = "/workflows/run/{run}", "/workflow/{run}/events"
FORM = "/form/human_input/{token}"
POINTS: Mapping[str, tuple[str, str, Moment]] = {
    "the worker asks how the run stands": ("GET", RUN, Moment.ARRIVED),
    "the worker opens the run's events": ("GET", EVENTS, Moment.ARRIVED),
    "the worker reads the form": ("GET", FORM, Moment.ARRIVED),
    "the answer is under way": ("POST", FORM, Moment.ARRIVED),
    "the answer is stored and the run goes on": ("POST", FORM, Moment.ANSWERED),
    "the answer is stored and the run waits": ("POST", FORM, Moment.ANSWERED),
    "the worker knows that it is stored": ("POST", FORM, Moment.PASSED_ON),
}
DIFY_IS_BUSY = {"the answer is stored and the run waits", "the worker knows that it is stored"}
"""Here the run goes on only after the next worker has looked at it."""
PATIENCE = 60.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One delivery, and what its reviewer was told before the kill."""

    run: PausedRun
    task: Mapping[str, Any]
    told: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """The service after its second start, in front of the same lab."""

    site: Site
    service: ServiceCaller
    middleman: Middleman
    cases: Mapping[str, Case]


@pytest.fixture(scope="module")
def after(
    lab: LabProcess, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Aftermath]:
    with Middleman(lab.url) as middleman:
        site = Site(tmp_path_factory.mktemp("site"), port, GATES.format(dify=middleman.url))
        with site.start() as process:
            cases = decided_and_killed(lab, ServiceCaller(site.url), middleman, process.kill)
        with site.start():
            for run in [cases[point].run for point in DIFY_IS_BUSY]:
                middleman.wait_for("GET", run.token, count=2)
                lab.control("POST", f"/lab/runs/{run.id}/switches", {"hold_resume": False})
            yield Aftermath(
                site=site, service=ServiceCaller(site.url), middleman=middleman, cases=cases
            )


def decided_and_killed(
    lab: LabProcess, service: ServiceCaller, middleman: Middleman, kill: Callable[[], None]
) -> dict[str, Case]:
    """Decide a run for every point, wait until each delivery is where it shall be, and kill."""
    native = DifyCaller(lab, "native")
    points = [*POINTS, JUST_DECIDED]
    runs = {point: native.start_paused(text=point, ai_result="publish") for point in points}
    tasks = {point: service.task_about(point) for point in points}
    there, killed = threading.Semaphore(0), threading.Event()

    def stand_still() -> None:
        there.release()
        killed.wait(PATIENCE)

    for point, (method, path, moment) in POINTS.items():
        where = path.format(run=runs[point].id, token=re.escape(runs[point].token))
        # Who has its answer already cannot be held; its run can.
        held = moment is not Moment.PASSED_ON
        middleman.catch(method, where, moment, stand_still if held else there.release)
    for point in DIFY_IS_BUSY:
        lab.control("POST", f"/lab/runs/{runs[point].id}/switches", {"hold_resume": True})

    def decide(point: str) -> dict[str, Any]:
        said = {"comment": point, "edited_result": f"edited when {point}"}
        answered = service.answer(tasks[point], "approve", **said).raise_for_status()
        return dict(answered.json()["outcome"])

    told = {point: decide(point) for point in POINTS}
    for _ in POINTS:
        assert there.acquire(timeout=PATIENCE), "a delivery never came to its point"
    told[JUST_DECIDED] = decide(JUST_DECIDED)
    kill()
    killed.set()
    return {p: Case(run=runs[p], task=tasks[p], told=told[p]) for p in points}


@pytest.mark.parametrize("point", [*POINTS, JUST_DECIDED])
def test_nothing_is_lost_and_nothing_is_decided_twice(after: Aftermath, point: str) -> None:
    case, service = after.cases[point], after.service
    delivery = service.until_delivery(case.task["decision_id"], "delivered")
    assert delivery["id"] == case.told["delivery"]["id"]

    end = case.run.end()
    assert end["status"] == "succeeded"
    assert end["outputs"] == {
        "verdict": "approve",
        "gate_action": "approve",
        "review_task_id": case.task["task_id"],
        "reviewer": "key:bootstrap",
        "comment": point,
        "result": f"edited when {point}",
    }
    submissions = after.middleman.statuses("POST", case.run.token)
    assert submissions.count(200) == 1

    record = service.decision(case.task["decision_id"])
    assert record["state"] == "resolved"
    assert without_delivery(record["outcome"]) == without_delivery(case.told)


def test_the_audit_chain_holds(after: Aftermath) -> None:
    after.site.verify_audit()


def without_delivery(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome, apart from where its delivery stands."""
    return {name: value for name, value in outcome.items() if name != "delivery"}
