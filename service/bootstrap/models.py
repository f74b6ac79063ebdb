"""The scorers of a running service."""

from collections.abc import Mapping, Sequence

from service.bootstrap.adapters import make_scorer
from service.bootstrap.installation import Installation
from service.configuration.sections import EMBEDDED_SCORER
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.openai.scorer import LanguageModelScorer
from service.telemetry.metrics import Metrics
from service.usecases.models.activate_model import demand_fit, users_of
from service.usecases.models.live_models import LiveModels
from service.usecases.review.marks import Unreadable


def open_models(
    installation: Installation, metrics: Metrics
) -> LiveModels[OnnxScorer | LanguageModelScorer]:
    """The scorers of every bundle that a gate names, following their models' activations, and
    the language models, which are no bundles."""
    shelf = installation.shelf

    def open_model(model: str, version: str | None) -> OnnxScorer:
        bundle = shelf.load(model, version)
        users = users_of(installation.gates.offered(), model)
        demand_fit(users, bundle.version, bundle.labels, bundle.approve_labels)
        scorer = make_scorer(installation.settings, bundle, metrics)
        shelf.bundles[model] = bundle
        return scorer

    language_models = installation.configuration.language_models
    models: LiveModels[OnnxScorer | LanguageModelScorer] = LiveModels(
        book=shelf.book,
        open_model=open_model,
        clock=installation.clock,
        meter=metrics,
        beside={name: LanguageModelScorer(model) for name, model in language_models.items()},
    )
    for model in list(shelf.bundles):
        models.start(model)
    return models


def unreadable_among(models: Mapping[str, OnnxScorer | LanguageModelScorer]) -> Unreadable:
    """What a scorer cannot read of a text. Of a language model behind an API nobody can tell."""

    def unreadable(scorer: str, text: str) -> Sequence[tuple[int, int]]:
        model = models.get(scorer)
        return model.unreadable(text) if isinstance(model, OnnxScorer) else ()

    return unreadable


def embedder_among(models: Mapping[str, OnnxScorer | LanguageModelScorer]) -> OnnxScorer | None:
    """The embedded model, in whichever version now scores."""
    model = models.get(EMBEDDED_SCORER)
    return model if isinstance(model, OnnxScorer) else None
