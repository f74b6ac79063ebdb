"""The use cases that the routes call, feature by feature."""

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import cast

from service.bootstrap.adapters import make_allowance
from service.bootstrap.installation import Installation
from service.bootstrap.models import embedder_among, unreadable_among
from service.bootstrap.runtime import Runtime
from service.bootstrap.usecases import (
    build_changes,
    build_learner,
    build_replay,
    build_shadow_report,
    build_shadows,
    build_watcher,
)
from service.guards.concealed import concealed
from service.guards.text_guard import TextGuard
from service.ports.scorer import Scorer
from service.resume import ResumeMessageWriter
from service.scoring.openai.scorer import LanguageModelScorer
from service.usecases.access.audit_trail import AuditTrail
from service.usecases.access.authentication import Doorkeeper
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.decide import DecideItem
from service.usecases.decisions.explain import Explain
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.decisions.outcomes import Outcomes
from service.usecases.decisions.resumption import Resumptions
from service.usecases.decisions.wait_estimate import Forecast
from service.usecases.insight.gate_charts import ChartGate
from service.usecases.insight.gate_report import GateReport
from service.usecases.review.commands import ReviewTasks
from service.usecases.review.marks import MarkText
from service.usecases.review.queries import Tasks
from service.usecases.review.reviewer_quality import Reviewers
from service.usecases.shadow.scoring import ShadowJudge
from service.web.services import (
    AccessServices,
    DecisionServices,
    GateServices,
    ReviewServices,
    ShadowServices,
)


def build_access_services(installation: Installation, doorkeeper: Doorkeeper) -> AccessServices:
    return AccessServices(
        doorkeeper=doorkeeper,
        allowance=make_allowance(installation.settings),
        audit=AuditTrail(installation.store),
    )


def build_decision_services(
    installation: Installation, runtime: Runtime, judge: ShadowJudge
) -> DecisionServices:
    store, gates, clock = installation.store, installation.gates, installation.clock
    return DecisionServices(
        decide=DecideItem(
            gates=gates,
            assessor=_assessor(runtime, runtime.models),
            recorder=runtime.recorder,
            bus=runtime.bus,
            clock=clock,
            meter=runtime.metrics,
            redactor=runtime.redactor,
            afterwards=judge.offer,
        ),
        outcomes=Outcomes(store=store, bus=runtime.bus, clock=clock),
        resumptions=Resumptions(store),
        explain=Explain(scorers=runtime.models, gates=gates),
        forecast=Forecast(store=store, clock=clock),
    )


def build_review_services(installation: Installation, runtime: Runtime) -> ReviewServices:
    store, gates, clock = installation.store, installation.gates, installation.clock
    reviewers = Reviewers(store=store, gates=gates)
    return ReviewServices(
        queries=Tasks(store=store, gates=gates, clock=clock, redactor=runtime.redactor),
        commands=ReviewTasks(
            store=store,
            gates=gates,
            writer=ResumeMessageWriter(installation.configuration.apps),
            bus=runtime.bus,
            clock=clock,
            meter=runtime.metrics,
            redactor=runtime.redactor,
            sure=reviewers.sure,
        ),
        marks=MarkText(
            gates=gates, concealed=concealed, unreadable=unreadable_among(runtime.models)
        ),
        reviewers=reviewers,
    )


def build_gate_services(installation: Installation, runtime: Runtime) -> GateServices:
    store, gates = installation.store, installation.gates
    learner = build_learner(installation, runtime.bus)
    return GateServices(
        policies=gates,
        workshop=installation.workshop,
        changes=build_changes(installation, runtime.bus),
        replay=build_replay(installation, learner),
        report=GateReport(store=store, gates=gates, learner=learner),
        charts=ChartGate(store=store, gates=gates),
        learner=learner,
        watcher=build_watcher(installation, runtime.bus, runtime.metrics),
    )


def build_shadow_services(installation: Installation, gates: GateServices) -> ShadowServices:
    trials = build_shadows(installation, gates.replay, gates.changes)
    return ShadowServices(trials=trials, report=build_shadow_report(installation, trials))


def build_shadow_judge(installation: Installation, runtime: Runtime) -> ShadowJudge:
    """Scores what candidates would have decided, with connections to language models of its own:
    a connection belongs to one event loop."""
    own: dict[str, Scorer] = {
        name: LanguageModelScorer(model)
        for name, model in installation.configuration.language_models.items()
    }
    only_read = cast("MutableMapping[str, Scorer]", runtime.models)
    return ShadowJudge(
        store=installation.store,
        assessor=_assessor(runtime, ChainMap[str, Scorer](own, only_read)),
        meter=runtime.metrics,
    )


def _assessor(runtime: Runtime, scorers: Mapping[str, Scorer]) -> GuardedAssessor:
    assessor = Assessor(scorers, embedder=lambda: embedder_among(runtime.models))
    return GuardedAssessor(assessor, TextGuard())
