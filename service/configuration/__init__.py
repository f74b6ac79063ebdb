"""`GATE_CONFIG`: apps and gates from YAML. A mistake stops the start, with its line and remedy.

A gate that comes by API or from its page is read by the same rules (`Workshop`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import ValidationError

from service.configuration.building import (
    BundleLabels,
    Complaint,
    LabelsOf,
    build_app,
    build_gate,
    build_language_model,
    steps_of,
)
from service.configuration.reading import ConfigurationError, Lines, Loader, with_secrets
from service.configuration.sections import FileSection, GateSection
from service.configuration.writing import section_of
from service.domain.app import App
from service.domain.errors import BadPolicy
from service.domain.gate import SIGNALS_SCORER, GatePolicy
from service.domain.ids import AppName, GateName
from service.domain.language_model import LanguageModel

__all__ = [
    "BundleLabels",
    "Configuration",
    "ConfigurationError",
    "LabelsOf",
    "Workshop",
    "load",
    "parse",
]

RULES = ("thresholds", "contract")
"""A gate has one of them."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    apps: Mapping[AppName, App]
    language_models: Mapping[str, LanguageModel]
    gates: tuple[GatePolicy, ...]


DEFAULT_DOCUMENT = """\
gates:
  content-moderation:
    scorer: {en: embedded, zh: embedded-zh}
    thresholds: {low: 0.10, high: 0.90}
"""


def load(path: Path | None, labels_of: LabelsOf) -> Configuration:
    """The configuration in the file, or the default one. Raises ConfigurationError."""
    if path is None:
        return parse(DEFAULT_DOCUMENT, labels_of, name="the default configuration")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"GATE_CONFIG names {path}, which cannot be read: {error}.",
            fix="Name a YAML file in UTF-8, or unset GATE_CONFIG for the default gate.",
        ) from error
    return parse(text, labels_of, name=str(path))


def parse(text: str, labels_of: LabelsOf, *, name: str) -> Configuration:
    """Check the YAML `text` (called `name` in messages) and build apps and policies from it."""
    try:
        loader = Loader(text)
        tree = loader.get_single_node()
        raw = None if tree is None else loader.construct_document(tree)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name} cannot be read as YAML: {error}") from error
    lines = Lines(name, tree)
    raw = with_secrets(raw, (), lines)
    try:
        file = FileSection.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(
            "\n".join(lines.say(found["loc"], message_of(found)) for found in error.errors())
        ) from error
    apps = {AppName(app): build_app(AppName(app), section) for app, section in file.apps.items()}
    if SIGNALS_SCORER in file.language_models:
        raise ConfigurationError(
            lines.say(("language_models", SIGNALS_SCORER), "has a name that means another thing")
        )
    models = {name: build_language_model(name, part) for name, part in file.language_models.items()}

    def labels_of_scorer(name: str) -> BundleLabels:
        if name not in models:
            return labels_of(name)
        return BundleLabels(labels=models[name].labels, approve_labels=models[name].approve_labels)

    def complaint_of(gate: str) -> Complaint:
        return lambda key, message: ConfigurationError(
            lines.say(("gates", gate, *steps_of(key)), message)
        )

    gates = tuple(
        build_gate(GateName(gate), section, apps, labels_of_scorer, complaint_of(gate))
        for gate, section in file.gates.items()
    )
    return Configuration(
        apps=MappingProxyType(apps), language_models=MappingProxyType(models), gates=gates
    )


class Workshop:
    """Makes policies of gates that do not come from the file: with the file's apps, which alone
    hold secrets, and the models that are loaded, by name."""

    def __init__(self, apps: Mapping[AppName, App], labels_of: LabelsOf) -> None:
        self._apps = apps
        self._labels_of = labels_of

    def policy(self, gate: GateName, document: Mapping[str, Any]) -> GatePolicy:
        """The policy that the keys of a gate describe. Raises BadPolicy with every mistake."""
        try:
            section = GateSection.model_validate(document)
        except ValidationError as error:
            raise BadPolicy(
                [(".".join(map(str, one["loc"])), message_of(one)) for one in error.errors()]
            ) from error
        return build_gate(
            gate,
            section,
            self._apps,
            self._labels_of,
            lambda key, message: BadPolicy([(".".join(steps_of(key)), message)]),
        )

    def changed(self, known: GatePolicy, changes: Mapping[str, Any]) -> GatePolicy:
        """The policy with some keys set anew. Thresholds take the place of a contract, and a
        contract theirs. Raises BadPolicy."""
        document = section_of(known)
        if any(rule in changes for rule in RULES):
            document = {key: value for key, value in document.items() if key not in RULES}
        return self.policy(known.gate, document | dict(changes))


def message_of(found: Any) -> str:
    match found["type"]:
        case "extra_forbidden":
            return "is not a key that is known here: check its spelling, or take it out"
        case "missing":
            return "is missing: add it"
        case "model_type" | "dict_type":
            return "must be keys with values"
        case "greater_than" if "timedelta" in str(found["ctx"]["gt"]):
            return "must be longer than nothing"
        case _:
            return str(found["msg"]).removeprefix("Value error, ").removeprefix("Input ")
