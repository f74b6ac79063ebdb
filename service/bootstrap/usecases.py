"""Use cases that routes, the worker and commands all need."""

from service.bootstrap.installation import Installation
from service.guards.masking import LabelRedactor
from service.ports.bus import Bus
from service.ports.meter import Meter
from service.scoring.openai.question import version_of
from service.usecases.certification.auto_certify import Learner
from service.usecases.certification.certify import CertifyGate
from service.usecases.certification.drift_monitor import Watcher
from service.usecases.data.data_set import DataSet
from service.usecases.gates.change_gate import ChangeGate
from service.usecases.insight.replay import ReplayGate
from service.usecases.shadow.lifecycle import Shadows
from service.usecases.shadow.report import ReportShadow
from service.web.text.certificates import in_english


def build_certifier(installation: Installation, bus: Bus) -> CertifyGate:
    return CertifyGate(
        store=installation.store,
        gates=installation.gates,
        bus=bus,
        clock=installation.clock,
        in_words=in_english,
    )


def build_learner(installation: Installation, bus: Bus) -> Learner:
    language_models, shelf = installation.configuration.language_models, installation.shelf

    def version_in_force(scorer: str) -> str | None:
        if scorer in language_models:
            return version_of(language_models[scorer])
        return shelf.version_of(scorer)

    return Learner(
        store=installation.store,
        gates=installation.gates,
        certify=build_certifier(installation, bus),
        version_of=version_in_force,
    )


def build_watcher(installation: Installation, bus: Bus, meter: Meter) -> Watcher:
    return Watcher(
        store=installation.store,
        gates=installation.gates,
        bus=bus,
        clock=installation.clock,
        meter=meter,
    )


def build_changes(installation: Installation, bus: Bus) -> ChangeGate:
    return ChangeGate(
        store=installation.store, gates=installation.gates, bus=bus, clock=installation.clock
    )


def build_replay(installation: Installation, learner: Learner) -> ReplayGate:
    return ReplayGate(
        store=installation.store,
        gates=installation.gates,
        learner=learner,
        calibrator_of=installation.calibrator_of,
    )


def build_shadows(installation: Installation, replay: ReplayGate, changes: ChangeGate) -> Shadows:
    return Shadows(
        store=installation.store,
        gates=installation.gates,
        replay=replay,
        changes=changes,
        clock=installation.clock,
    )


def build_shadow_report(installation: Installation, shadows: Shadows) -> ReportShadow:
    return ReportShadow(
        store=installation.store,
        gates=installation.gates,
        shadows=shadows,
        calibrator_of=installation.calibrator_of,
        redactor=LabelRedactor(),
    )


def build_data_set(installation: Installation) -> DataSet:
    return DataSet(
        store=installation.store,
        gates=installation.gates,
        redactor=LabelRedactor(),
        clock=installation.clock,
    )
