"""`kill -9` of the service at every point between the decision and its confirmation.

Every delivery is brought to a point of its own and held there; then one kill hits them all.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from demo.service_process import ROOT
from lab.process import LabProcess
from service.usecases.deliveries.worker import TRIES_AT_ONCE
from tests.installation import (
    DifyCaller,
    PausedRun,
    ServiceCaller,
    Site,
    free_ports,
    imported,
    start_lab,
    until,
)
from tests.lab_answers import RunAnswer
from tests.middleman import Middleman, Moment

GATES = """\
apps:
  native: {{url: "{dify}/v1", api_key: app-native, allow_internal: true}}
  second: {{url: "{dify}/v1", api_key: app-second, allow_internal: true}}
gates:
  content-moderation: &reviewed
    scorer: signals
    thresholds: {{low: null, high: null}}
    apps: [native, second]
    resume: {{mode: native_form, app: native}}
  goes-on: {{<<: *reviewed, resume: {{mode: continuation, app: second}}}}
  waits: {{<<: *reviewed, resume: {{mode: hold}}}}
"""
PATIENCE = 60.0

type Point = tuple[str, str, Moment]

JUST_DECIDED = "the verdict is stored"
RUN, EVENTS = "/workflows/run/{run}", "/workflow/{run}/events"
FORM = "/form/human_input/{token}"
NATIVE: Mapping[str, Point] = {
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

CONTINUED: Mapping[str, Point] = {
    "the second run has begun": ("POST", "/workflows/run .*{decision}", Moment.ANSWERED),
}
HELD = "the gate's node waits for the verdict"


@dataclass(kw_only=True)
class Story:
    """What happens around the kill, and what is known of each point."""

    lab: LabProcess
    middleman: Middleman
    runs: dict[str, PausedRun] = field(default_factory=dict)
    tasks: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    told: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The outcomes that the reviewer was told before the kill."""
    there: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    killed: threading.Event = field(default_factory=threading.Event)

    def begin(self, service: ServiceCaller) -> None:
        """A run for every point, and its task claimed."""
        native, first = DifyCaller(self.lab, "native"), DifyCaller(self.lab, "first")
        for point in [*NATIVE, JUST_DECIDED]:
            self.runs[point] = native.start_paused(text=point, ai_result="publish")
        for point in CONTINUED:
            first.start(text=point, ai_result="publish")
        self.tasks = {p: service.task_about(p) for p in [*self.runs, *CONTINUED, HELD]}

    def set_traps(self) -> None:
        """Each delivery will stop where its point says."""
        for point, (method, pattern, moment) in {**NATIVE, **CONTINUED}.items():
            run = self.runs.get(point)
            where = pattern.format(
                run=run and run.id,
                token=run and re.escape(run.token),
                decision=self.tasks[point]["decision_id"],
            )
            # Who has its answer already cannot be held; its run can.
            held = moment is not Moment.PASSED_ON
            spring = self._stand_still if held else self.there.release
            self.middleman.catch(method, where, moment, spring)
        self.keep_dify_busy(True)

    def decide_and_kill(self, service: ServiceCaller, kill: Callable[[], None]) -> None:
        """Kill when each delivery is where it shall be, and one verdict is as fresh as can be."""
        assert len(NATIVE) + len(CONTINUED) <= TRIES_AT_ONCE
        for point in [*NATIVE, *CONTINUED]:
            self._decide(service, point)
        for _ in [*NATIVE, *CONTINUED]:
            assert self.there.acquire(timeout=PATIENCE), "a delivery never came to its point"
        self._decide(service, JUST_DECIDED)
        kill()
        self.killed.set()

    def keep_dify_busy(self, busy: bool) -> None:
        for point in DIFY_IS_BUSY:
            path = f"/lab/runs/{self.runs[point].id}/switches"
            self.lab.control("POST", path, {"hold_resume": busy})

    def _decide(self, service: ServiceCaller, point: str) -> None:
        said = {"comment": point, "edited_result": f"edited when {point}"}
        answered = service.answer(self.tasks[point], "approve", **said).raise_for_status()
        self.told[point] = answered.json()["outcome"]

    def _stand_still(self) -> None:
        self.there.release()
        self.killed.wait(PATIENCE)


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """The service after its second start, in front of the same lab."""

    site: Site
    service: ServiceCaller
    story: Story
    held_run: Future[RunAnswer]
    """A run whose gate has waited all the time."""


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    folder = tmp_path_factory.mktemp("kill")
    apps = {
        "native": ROOT / "workflows" / "content-review-native.yml",
        "first": imported("content-review-continuation", folder, gate="goes-on"),
        "second": ROOT / "workflows" / "content-review-continued.yml",
        "waits": imported("content-review-hold", folder, gate="waits", max_wait_seconds=540),
    }
    [port] = free_ports(1)
    with ExitStack() as stack:
        lab = stack.enter_context(start_lab(apps, folder / "lab", f"http://127.0.0.1:{port}"))
        middleman = stack.enter_context(Middleman(lab.url))
        pool = stack.enter_context(ThreadPoolExecutor(1))
        site = Site(folder / "site", port, GATES.format(dify=middleman.url))
        story = Story(lab=lab, middleman=middleman)
        with site.start() as process:
            held_run = pool.submit(DifyCaller(lab, "waits").start, text=HELD, ai_result="publish")
            service = ServiceCaller(site.url)
            story.begin(service)
            story.set_traps()
            story.decide_and_kill(service, process.kill)
        with site.start():
            for point in DIFY_IS_BUSY:
                middleman.wait_for("GET", story.runs[point].token, count=2)
            story.keep_dify_busy(False)
            yield Aftermath(
                site=site, service=ServiceCaller(site.url), story=story, held_run=held_run
            )


@pytest.mark.parametrize("point", [*NATIVE, JUST_DECIDED])
def test_nothing_is_lost_and_nothing_is_decided_twice(after: Aftermath, point: str) -> None:
    end = after.story.runs[point].end()
    assert end["status"] == "succeeded"
    assert end["outputs"] == {
        "verdict": "approve",
        "gate_action": "approve",
        "review_task_id": after.story.tasks[point]["task_id"],
        "reviewer": "key:bootstrap",
        "comment": point,
        "result": f"edited when {point}",
    }
    submissions = after.story.middleman.statuses("POST", after.story.runs[point].token)
    assert submissions.count(200) == 1
    assert_delivered_as_told(after, point)


@pytest.mark.parametrize("point", CONTINUED)
def test_of_all_second_runs_one_gets_the_verdict(after: Aftermath, point: str) -> None:
    assert_delivered_as_told(after, point)
    decision_id = after.story.tasks[point]["decision_id"]

    def told() -> list[str | None]:
        runs = after.story.lab.control("GET", "/lab/runs")
        own = [r for r in runs if r["app"] == "second" and decision_id in str(r["inputs"])]
        return [run["outputs"].get("verdict") for run in own if run["status"] != "running"]

    until(lambda: "approve" in told(), "a run to end with the verdict")
    assert told().count("approve") == 1
    assert set(told()) <= {"approve", "duplicate", None}  # None: it found no service, and failed


def test_a_node_that_waited_through_it_gets_the_verdict(after: Aftermath) -> None:
    lease = after.story.tasks[HELD]
    after.service.answer(lease, "approve", comment="at last").raise_for_status()
    outputs = after.held_run.result(PATIENCE)["data"]["outputs"]
    assert (outputs["verdict"], outputs["comment"]) == ("approve", "at last")


def test_the_audit_chain_holds(after: Aftermath) -> None:
    after.site.verify_audit()


def assert_delivered_as_told(after: Aftermath, point: str) -> None:
    """One delivery, the one that the reviewer was told of; and the outcome is what it was."""
    told, decision_id = after.story.told[point], after.story.tasks[point]["decision_id"]
    delivery = after.service.until_delivery(decision_id, "delivered")
    assert delivery["id"] == told["delivery"]["id"]
    record = after.service.decision(decision_id)
    assert record["state"] == "resolved"
    assert without_delivery(record["outcome"]) == without_delivery(told)


def without_delivery(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome, apart from where its delivery stands."""
    return {name: value for name, value in outcome.items() if name != "delivery"}
