"""What commands call, on an opened installation.

Their bus reaches nobody: running services notice in the store what a command has changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.bootstrap.adapters import make_scorer
from service.bootstrap.installation import Installation
from service.bootstrap.usecases import (
    build_certifier,
    build_changes,
    build_learner,
    build_replay,
    build_shadow_report,
    build_shadows,
)
from service.bus.memory import InProcessBus
from service.configuration import Workshop
from service.ports.scorer import Scorer
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.certify import CertifyGate
from service.usecases.gates.policy_cache import GateBook
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
    return build_certifier(installation, InProcessBus())


def learner(installation: Installation) -> Learner:
    return build_learner(installation, InProcessBus())


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
    replay = build_replay(installation, learner(installation))
    shadows = build_shadows(installation, replay, build_changes(installation, InProcessBus()))
    return ShadowCommands(
        gates=installation.gates,
        workshop=installation.workshop,
        shadows=shadows,
        report=build_shadow_report(installation, shadows),
    )
