"""The use cases that commands call, on an opened installation.

Their bus reaches nobody: running services notice in the store what a command has changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.bootstrap.adapters import make_scorer
from service.bootstrap.installation import Installation
from service.bootstrap.learning import build_learner, certifier
from service.bootstrap.shelf import calibrators_among, labels_among
from service.bus.memory import InProcessBus
from service.configuration import Workshop
from service.guards.masking import LabelRedactor
from service.ports.scorer import Scorer
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.certify import CertifyGate
from service.usecases.data.data_set import DataSet
from service.usecases.gates.change_gate import ChangeGate
from service.usecases.gates.policy_cache import GateBook
from service.usecases.insight.replay import ReplayGate
from service.usecases.shadow.lifecycle import Shadows
from service.usecases.shadow.report import ReportShadow


@dataclass(frozen=True, kw_only=True)
class ShadowCommands:
    """What `gate shadow` works with."""

    gates: GateBook
    workshop: Workshop
    shadows: Shadows
    report: ReportShadow


def certify_gate(installation: Installation) -> CertifyGate:
    return certifier(installation.store, installation.gates, installation.clock)


def learner(installation: Installation) -> Learner:
    return build_learner(
        installation.store,
        InProcessBus(),
        installation.gates,
        installation.clock,
        installation.shelf,
        installation.configuration.language_models,
    )


def data_set(installation: Installation) -> DataSet:
    return DataSet(
        store=installation.store,
        gates=installation.gates,
        redactor=LabelRedactor(),
        clock=installation.clock,
    )


@contextmanager
def open_scorer(installation: Installation, name: str) -> Iterator[Scorer | None]:
    """The bundle of that name, ready to score; None where the name is no bundle's."""
    bundle = installation.shelf.bundles.get(name)
    if bundle is None:
        yield None
        return
    scorer = make_scorer(installation.settings, bundle)
    try:
        yield scorer
    finally:
        scorer.close()


def shadow_commands(installation: Installation) -> ShadowCommands:
    store, gates, clock = installation.store, installation.gates, installation.clock
    configuration, bundles = installation.configuration, installation.shelf.bundles
    calibrator_of = calibrators_among(bundles, configuration.language_models)
    replay = ReplayGate(
        store=store, gates=gates, learner=learner(installation), calibrator_of=calibrator_of
    )
    changes = ChangeGate(store=store, gates=gates, bus=InProcessBus(), clock=clock)
    shadows = Shadows(store=store, gates=gates, replay=replay, changes=changes, clock=clock)
    return ShadowCommands(
        gates=gates,
        workshop=Workshop(configuration.apps, labels_among(bundles, configuration.language_models)),
        shadows=shadows,
        report=ReportShadow(
            store=store,
            gates=gates,
            shadows=shadows,
            calibrator_of=calibrator_of,
            redactor=LabelRedactor(),
        ),
    )
