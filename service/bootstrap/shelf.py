"""The bundles that gates name, and what they say of labels and confidence."""

from collections.abc import Mapping

import structlog

from service.configuration import BundleLabels, LabelsOf
from service.domain.errors import BrokenBundle
from service.domain.gate import SIGNALS_SCORER
from service.domain.language_model import LanguageModel
from service.registry.versions import Registry
from service.scoring.bundle import Bundle
from service.scoring.openai.question import version_of
from service.thresholds.replay import Calibrate, CalibratorOf
from service.usecases.models.activation_cache import ModelBook

log = structlog.get_logger()


class Shelf:
    """The bundles that gates name: the version in force, or the newest before it that is whole.
    Each is loaded once, and again when another one takes over."""

    def __init__(self, registry: Registry, book: ModelBook) -> None:
        self._registry = registry
        self.book = book
        self.bundles: dict[str, Bundle] = {}

    def labels_of(self, name: str) -> BundleLabels:
        """Raises BrokenBundle where there is no whole bundle of that name."""
        if name not in self.bundles:
            self.bundles[name] = self._newest_whole(name)
        bundle = self.bundles[name]
        return BundleLabels(
            labels=bundle.labels,
            approve_labels=bundle.approve_labels,
            languages=bundle.languages,
        )

    def version_of(self, name: str) -> str | None:
        """The version that is in force, even where this machine does not have it."""
        if wanted := self.book.wanted(name):
            return wanted.version
        return self.bundles[name].version if name in self.bundles else None

    def load(self, name: str, version: str | None) -> Bundle:
        """A version's bundle, read again only where it is not the one at hand."""
        known, wanted = self.bundles.get(name), version or self._registry.shipped_version(name)
        return known if known and known.version == wanted else self._registry.load(name, version)

    def _newest_whole(self, name: str) -> Bundle:
        for version in self.book.fallbacks(name)[:-1]:
            try:
                return self._registry.load(name, version)
            except BrokenBundle as broken:
                log.error("model.not_loaded", version=version, reason=broken.detail)
        return self._registry.load(name)


def labels_among(*shelves: Mapping[str, Bundle] | Mapping[str, LanguageModel]) -> LabelsOf:
    """The labels of the models that were made ready: a running service scores with no others."""

    def labels_of(name: str) -> BundleLabels:
        for shelf in shelves:
            if name in shelf:
                model = shelf[name]
                return BundleLabels(labels=model.labels, approve_labels=model.approve_labels)
        known = ", ".join([SIGNALS_SCORER, *sorted(name for shelf in shelves for name in shelf)])
        raise BrokenBundle(
            f"There is no model {name!r} in this service.", fix=f"The scorers are: {known}."
        )

    return labels_of


def calibrators_among(
    bundles: Mapping[str, Bundle], language_models: Mapping[str, LanguageModel]
) -> CalibratorOf:
    """The calibrator that comes with the scores of a model which is loaded now."""
    as_it_stands = {version_of(model) for model in language_models.values()}

    def calibrator_of(source: str) -> Calibrate | None:
        if source in as_it_stands:
            return lambda raw, _: raw
        found = (one.calibrator for one in list(bundles.values()) if one.version == source)
        calibrator = next(found, None)
        return calibrator.many if calibrator else None

    return calibrator_of
