"""Both languages say everything, and nothing else."""

import re
import string
from pathlib import Path

import pytest

import service
from service.domain.adaptation import Mode
from service.domain.category import UnknownCategory
from service.domain.certificate import Promise, Target
from service.domain.change import Cause
from service.domain.decision import Reason, RiskLevel, Zone
from service.domain.gate import Stand
from service.domain.guard import Finding, Layer, Place
from service.domain.outcome import Verdict
from service.domain.review import Answer, TaskState
from service.domain.shadow import ShadowState
from service.thresholds.charts import Indicator
from service.thresholds.quality import Agreement
from service.web.pages.cards import Hand
from service.web.pages.errors import TOLD
from service.web.pages.gate_categories import Own
from service.web.pages.gate_form import OF_THE_FORM
from service.web.pages.gate_shadow import NOTICES as OF_A_SHADOW
from service.web.pages.gate_views import TROUBLED
from service.web.pages.gates import NOTICES as OF_A_GATE
from service.web.pages.language import Language, texts_of
from service.web.pages.queue import NOTICES
from service.web.pages.standing import Step
from service.web.pages.suggestion import Caveat

SERVICE = Path(service.__file__).parent
TEMPLATES = "\n".join(
    path.read_text(encoding="utf-8") for path in (SERVICE / "web/templates").glob("*.html")
)
SOURCES = TEMPLATES + "\n".join(
    path.read_text(encoding="utf-8") for path in (SERVICE / "web/pages").glob("*.py")
)

CLOSED_SETS = {
    "reason": {reason.value for reason in Reason},
    "risk": {risk.value for risk in RiskLevel},
    "state": {state.value for state in TaskState},
    "hand": {hand.value for hand in Hand} - {Hand.MINE.value} | {"lost"},
    "answered": {answer.value for answer in Answer} | {"line"},
    "verdict": {verdict.value for verdict in Verdict},
    "suggested": {verdict.value for verdict in Verdict} | {"nothing"},
    "sure": {verdict.value for verdict in Verdict},
    "caveat": {caveat.value for caveat in Caveat},
    "caveat_short": {caveat.value for caveat in Caveat},
    "bar": {step.value for step in Step} | {"undo"},
    "notice": set(NOTICES) | set(OF_A_GATE) | set(OF_A_SHADOW),
    "stand": {stand.value for stand in Stand},
    "own": {own.value for own in Own},
    "unknown_category": {word.value for word in UnknownCategory},
    "mode": {mode.value for mode in Mode},
    "mode_title": {mode.value for mode in TROUBLED},
    "mode_told": {mode.value for mode in Mode},
    "indicator": {one.value for one in Indicator},
    "indicator_told": {one.value for one in Indicator},
    "mode_way": {"error", "review", "model", "labels"},
    "shadow_state": {state.value for state in ShadowState},
    "agreement": {word.value for word in Agreement},
    "cause": {cause.value for cause in Cause},
    "promise": {promise.value for promise in Promise},
    "target": {target.value for target in Target},
    "zone": {zone.value for zone in Zone},
    "finding": {finding.value for finding in Finding},
    "finding_in": {place.value for place in Place},
    "layer": {layer.value for layer in Layer},
    "finding_told": {"plain", "hidden", "within"},
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_keys() -> None:
    english, chinese = (set(texts_of(language)) for language in Language)
    assert english == chinese


def test_every_language_fills_in_the_same_names() -> None:
    either = {"month", "month_name"}  # a month's name and its number stand for each other
    for key, english in texts_of(Language.ENGLISH).items():
        chinese = texts_of(Language.CHINESE)[key]
        assert placeholders(english) - either == placeholders(chinese) - either, key


def test_every_text_that_a_template_names_is_there() -> None:
    named = set(re.findall(r'\bt\(\s*"([\w.]+)"\s*[,)]', TEMPLATES))
    counted = set(re.findall(r't\.count\("([\w.]+)"', TEMPLATES))
    wanted = named | {f"{key}.{form}" for key in counted for form in ("one", "other")}
    assert wanted
    assert wanted <= set(texts_of(Language.ENGLISH))


@pytest.mark.parametrize("group", CLOSED_SETS)
def test_every_value_of_a_closed_set_has_its_word(group: str) -> None:
    words = {
        key.removeprefix(f"{group}.")
        for key in texts_of(Language.ENGLISH)
        if key.startswith(f"{group}.")
    }
    assert words == CLOSED_SETS[group]


def test_every_error_that_is_told_apart_has_a_page() -> None:
    for status in (*TOLD, 400, 500):
        assert f"error.{status}.title" in texts_of(Language.ENGLISH)
        assert f"error.{status}.hint" in texts_of(Language.ENGLISH)


def test_every_reason_of_a_failed_delivery_has_its_words() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (SERVICE / "resume").glob("*.py")
    )
    codes = set(re.findall(r'\b(?:failed|dead)\(\s*"(\w+)"', sources)) | {"internal_error"}
    words = {
        key.removeprefix("failure.")
        for key in texts_of(Language.ENGLISH)
        if key.startswith("failure.")
    }
    assert words == codes


def test_every_field_and_mistake_of_a_gate_has_its_words() -> None:
    english = set(texts_of(Language.ENGLISH))
    assert {f"field.{name}" for name in OF_THE_FORM.values()} <= english
    said = set(re.findall(r'said="(\w+)"', SOURCES))
    assert {f"mistake.{code}" for code in said} == {k for k in english if k.startswith("mistake.")}
    wanted = {*Promise, "auto_error", "system_error"} - {Promise.WRONG_ANSWERS}
    assert {f"gates.wants.{name}" for name in wanted} <= english


def test_no_text_is_left_over() -> None:
    """Every key is named somewhere, whole or by its group."""
    groups = {*CLOSED_SETS, "failure", "error", "detail", "keys", "sign_in", "mistake", "field"}
    groups_within = ("gates.wants.",)
    left_over = {
        key
        for key in texts_of(Language.ENGLISH)
        if key.split(".")[0] not in groups
        and not key.startswith(groups_within)
        and not re.search(
            rf"""["']{key.removesuffix(".one").removesuffix(".other")}["']""", SOURCES
        )
    }
    assert not left_over
