"""The scorers of a running service."""

from collections.abc import Mapping

from service.bootstrap.adapters import make_scorer
from service.bootstrap.shelf import Shelf
from service.configuration.sections import EMBEDDED_SCORER
from service.ports.clock import Clock
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.openai.scorer import LanguageModelScorer
from service.settings import Settings
from service.telemetry.metrics import Metrics
from service.usecases.gates.policy_cache import GateBook
from service.usecases.models.activate_model import demand_fit, users_of
from service.usecases.models.live_models import LiveModels


def open_models(
    settings: Settings,
    shelf: Shelf,
    gates: GateBook,
    clock: Clock,
    metrics: Metrics,
    beside: Mapping[str, LanguageModelScorer],
) -> LiveModels[OnnxScorer | LanguageModelScorer]:
    """The scorers of every bundle that a gate names, following their models' activations, and
    those that are no bundles."""

    def open_model(model: str, version: str | None) -> OnnxScorer:
        bundle = shelf.load(model, version)
        users = users_of(gates.offered(), model)
        demand_fit(users, bundle.version, bundle.labels, bundle.approve_labels)
        scorer = make_scorer(settings, bundle, metrics)
        shelf.bundles[model] = bundle
        return scorer

    models: LiveModels[OnnxScorer | LanguageModelScorer] = LiveModels(
        book=shelf.book, open_model=open_model, clock=clock, meter=metrics, beside=beside
    )
    for model in list(shelf.bundles):
        models.start(model)
    return models


def embedder_among(models: Mapping[str, OnnxScorer | LanguageModelScorer]) -> OnnxScorer | None:
    """The embedded model, in whichever version now scores."""
    model = models.get(EMBEDDED_SCORER)
    return model if isinstance(model, OnnxScorer) else None
