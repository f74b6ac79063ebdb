"""`GATE_CONFIG`: apps and gates from YAML. A mistake stops the start, with its line and remedy."""

import os
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from service.domain.app import App
from service.domain.decision import ResumeMode, Thresholds
from service.domain.errors import GateError
from service.domain.gate import SIGNALS_SCORER, GatePolicy, ResumeRules, ReviewRules
from service.domain.ids import AppName, GateName
from service.domain.outcome import Verdict

EMBEDDED_SCORER = "embedded"
_SIGNAL_LABELS = ("approve", "reject")
_NEEDS_APP = {ResumeMode.NATIVE_FORM, ResumeMode.CONTINUATION, ResumeMode.WEBHOOK}


class ConfigurationError(GateError):
    """The configuration cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    apps: Mapping[AppName, App]
    gates: tuple[GatePolicy, ...]


@dataclass(frozen=True, kw_only=True)
class BundleLabels:
    """What a bundle tells apart, and which of it its calibrator counts as approving."""

    labels: tuple[str, ...]
    approve_labels: tuple[str, ...]


type LabelsOf = Callable[[str], BundleLabels]
"""The labels of a bundle by name. Raises GateError where there is no such bundle."""


def _duration(value: object) -> object:
    # Six digits of days stay within what a calendar can hold.
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,6}(?:\.\d+)?)\s*([smhd])", value)):
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
        return timedelta(**{unit: float(match[1])})
    raise ValueError("write a duration as a number and a unit, such as 5s, 5m, 24h or 3d")


Duration = Annotated[timedelta, BeforeValidator(_duration)]
SomeTime = Annotated[Duration, Field(gt=timedelta(0))]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Border = Annotated[float, Field(ge=0, le=1, strict=True)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Thresholds(_Section):
    low: Border | None
    high: Border | None

    @model_validator(mode="after")
    def _not_crossed(self) -> Self:
        self.value()
        return self

    def value(self) -> Thresholds:
        try:
            return Thresholds(low=self.low, high=self.high)
        except GateError as error:
            raise ValueError(f"{error.detail} {error.fix}".removesuffix(".")) from error


class _Category(_Section):
    thresholds: _Thresholds


class _Review(_Section):
    deadline: SomeTime = timedelta(hours=24)
    on_deadline: Verdict = Verdict.REJECT
    lease: SomeTime = timedelta(minutes=5)
    undo: Duration = timedelta(seconds=5)
    quorum: Annotated[int, Field(ge=1, le=9)] = 1


class _Resume(_Section):
    mode: ResumeMode = ResumeMode.NONE
    app: Name | None = None


class _App(_Section):
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/]+.*$")]
    api_key: str | None = None
    secrets: list[Annotated[str, StringConstraints(pattern=r"^whsec_\S+$")]] = []
    allow_internal: bool = False
    actions: dict[Verdict, Annotated[str, StringConstraints(min_length=1, max_length=20)]] = {}


class _Gate(_Section):
    scorer: str = EMBEDDED_SCORER
    labels: list[Label] | None = None
    approve_labels: list[Label] | None = None
    thresholds: _Thresholds
    categories: dict[Label, _Category] = {}
    panel_share: Literal[0] = 0
    review: _Review = _Review()
    resume: _Resume = _Resume()
    apps: list[Name] = []


class _File(_Section):
    apps: dict[Name, _App] = {}
    gates: dict[Name, _Gate]


DEFAULT_DOCUMENT = """\
gates:
  content-moderation:
    scorer: embedded
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
        loader = _Loader(text)
        tree = loader.get_single_node()
        raw = None if tree is None else loader.construct_document(tree)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name} cannot be read as YAML: {error}") from error
    lines = _Lines(name, tree)
    raw = _with_secrets(raw, (), lines)
    try:
        file = _File.model_validate(raw)
    except ValidationError as error:
        raise ConfigurationError(
            "\n".join(lines.say(found["loc"], _message(found)) for found in error.errors())
        ) from error
    apps = {AppName(app): _app(AppName(app), section) for app, section in file.apps.items()}
    gates = tuple(
        _gate(GateName(gate), section, apps, labels_of, lines)
        for gate, section in file.gates.items()
    )
    return Configuration(apps=MappingProxyType(apps), gates=gates)


class _Loader(yaml.SafeLoader):
    """YAML lets a later key replace an earlier one, a whole gate even, in silence. Not here."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if key.value in keys:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key.value} is there twice: keep one",
                    problem_mark=key.start_mark,
                )
            keys.add(key.value)
        return super().construct_mapping(node, deep)


def _message(found: Any) -> str:
    match found["type"]:
        case "extra_forbidden":
            return "is not a key that is known here: check its spelling, or take it out"
        case "missing":
            return "is missing: add it"
        case "model_type" | "dict_type":
            return "must be keys with values"
        case "greater_than":
            return "must be longer than nothing"
        case _:
            return str(found["msg"]).removeprefix("Value error, ").removeprefix("Input ")


class _Lines:
    """Where in the file a setting stands."""

    def __init__(self, name: str, tree: yaml.Node | None) -> None:
        self._name = name
        self._tree = tree

    def say(self, path: tuple[int | str, ...], message: str) -> str:
        what = ".".join(map(str, path)) or "the whole"
        return f"{self._name}, line {self._line(path)}: {what} {message}."

    def _line(self, path: tuple[int | str, ...]) -> int:
        node, line = self._tree, 1
        for step in path:
            match node:
                case yaml.MappingNode():
                    pair = next((p for p in node.value if p[0].value == str(step)), None)
                    if pair is None:
                        return line
                    line, node = pair[0].start_mark.line + 1, pair[1]
                case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                    node = node.value[step]
                    line = node.start_mark.line + 1
                case _:
                    return line
        return line


def _with_secrets(node: Any, path: tuple[int | str, ...], lines: _Lines) -> Any:
    """`${NAME}` becomes the environment variable's value: secrets never stand in the file."""
    match node:
        case dict():
            return {k: _with_secrets(v, (*path, k), lines) for k, v in node.items()}
        case list():
            return [_with_secrets(v, (*path, i), lines) for i, v in enumerate(node)]
        case str():
            return re.sub(r"\$\{([^}]*)\}", lambda m: _secret(m[1], path, lines), node)
        case _:
            return node


def _secret(variable: str, path: tuple[int | str, ...], lines: _Lines) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ConfigurationError(
            lines.say(path, f"names ${{{variable}}}, which is not set: set it in the environment")
        )
    return value


def _app(name: AppName, section: _App) -> App:
    return App(
        name=name,
        url=section.url.rstrip("/"),
        api_key=section.api_key,
        secrets=tuple(section.secrets),
        allow_internal=section.allow_internal,
        actions=MappingProxyType({v: section.actions.get(v, v.value) for v in Verdict}),
    )


def _gate(
    gate: GateName,
    section: _Gate,
    apps: Mapping[AppName, App],
    labels_of: LabelsOf,
    lines: _Lines,
) -> GatePolicy:
    def demand(holds: bool, key: str, message: str) -> None:
        if not holds:
            raise ConfigurationError(lines.say(("gates", gate, *key.split(".")), message))

    labels, approve = _labels(section, labels_of, demand)
    for key, names in (("labels", labels), ("approve_labels", approve)):
        demand(len(set(names)) == len(names), key, "names a label twice: keep one")
    demand(
        set(approve) < set(labels),
        "approve_labels",
        f"must be some, not all, of the labels ({', '.join(labels)})",
    )
    for app in section.apps:
        demand(app in apps, "apps", f"names {app!r}, which is not under apps: add it there")
    mode, app_name = section.resume.mode, section.resume.app
    if mode in _NEEDS_APP:
        demand(app_name is not None, "resume", f"has mode {mode} and no app: name one")
    if app_name is not None:
        demand(
            app_name in section.apps,
            "resume.app",
            f"is {app_name!r}, which is not among the gate's apps: add it to the gate's apps list",
        )
        if mode is ResumeMode.NATIVE_FORM:
            demand(
                bool(apps[AppName(app_name)].api_key),
                "resume.app",
                f"is {app_name!r}, which has no api_key: native_form needs the app's API key",
            )
    return GatePolicy(
        gate=gate,
        version=0,
        scorer=section.scorer,
        labels=labels,
        approve_labels=approve,
        thresholds=section.thresholds.value(),
        categories=MappingProxyType(
            {name: category.thresholds.value() for name, category in section.categories.items()}
        ),
        review=ReviewRules(**dict(section.review)),
        resume=ResumeRules(mode=mode, app=AppName(app_name) if app_name else None),
        apps=tuple(AppName(app) for app in section.apps),
    )


def _labels(
    section: _Gate, labels_of: LabelsOf, demand: Callable[[bool, str, str], None]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The gate's labels and its approve_labels; what is not said is taken from the bundle."""
    if section.scorer == SIGNALS_SCORER:
        bundle = BundleLabels(labels=_SIGNAL_LABELS, approve_labels=_SIGNAL_LABELS[:1])
        labels = tuple(section.labels or bundle.labels)
        approve = tuple(section.approve_labels or bundle.approve_labels)
        return labels, approve
    try:
        bundle = labels_of(section.scorer)
    except GateError as error:
        demand(False, "scorer", f"is {section.scorer!r}: {error.detail} {error.fix}")
        raise
    labels = tuple(section.labels or bundle.labels)
    approve = tuple(section.approve_labels or bundle.approve_labels)
    demand(
        set(labels) == set(bundle.labels),
        "labels",
        f"must be the labels of bundle {section.scorer!r}: {', '.join(bundle.labels)}",
    )
    # The bundle's calibrator gives P(one of its own approve_labels); for others it says nothing.
    demand(
        set(approve) == set(bundle.approve_labels),
        "approve_labels",
        f"must be those that bundle {section.scorer!r} is calibrated for: "
        f"{', '.join(bundle.approve_labels)}",
    )
    return labels, approve
