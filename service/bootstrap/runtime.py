"""What the use cases of a serving process share beside the installation, and how it ends."""

from dataclasses import dataclass
from pathlib import Path

from service.bootstrap.adapters import open_bus
from service.bootstrap.installation import Installation
from service.bootstrap.models import open_models
from service.guards.masking import LabelRedactor
from service.ports.bus import Bus
from service.ports.guard import Redactor
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.openai.scorer import LanguageModelScorer
from service.telemetry.metrics import Metrics
from service.usecases.decisions.group_commit import Recorder
from service.usecases.models.live_models import LiveModels


@dataclass(frozen=True, kw_only=True)
class Runtime:
    bus: Bus
    metrics: Metrics
    models: LiveModels[OnnxScorer | LanguageModelScorer]
    recorder: Recorder
    redactor: Redactor

    def close(self) -> None:
        """Write what waits, then let everything go."""
        self.recorder.close()
        self.models.close()
        self.bus.close()


def open_runtime(installation: Installation, shared: Path | None) -> Runtime:
    """`shared` is the folder of the processes that serve together, if there are several."""
    bus, metrics = open_bus(installation.settings, shared), Metrics(shared)
    return Runtime(
        bus=bus,
        metrics=metrics,
        models=open_models(installation, metrics),
        recorder=Recorder(installation.store),
        redactor=LabelRedactor(),
    )
