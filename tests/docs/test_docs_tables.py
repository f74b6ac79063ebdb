"""The tables say what the code says: no more, no less."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from service.confidence.calibrators import Kind
from service.confidence.member_calibrator import MEMBERS
from service.configuration import ConfigurationError, parse
from service.configuration.sections import (
    AppSection,
    GateSection,
    GuardsSection,
    ResumeSection,
    ReviewSection,
)
from service.domain import errors
from service.domain.access import Role, Scope
from service.domain.decision import Reason, ResumeMode
from service.domain.delivery import BACKOFF
from service.domain.guard import Finding, Layer
from service.settings import settings_table
from service.telemetry.metrics import Metrics
from service.web import api, ops
from service.web.problems import slug_of, status_of
from tests.docs.pages import ROOT, first_cells, section, text_of
from tests.shelf import shipped

OPERATIONS = text_of("docs/operations.md")
API = text_of("docs/api.md")
CONFIGURATION = text_of("docs/configuration.md")
GUARDS = text_of("docs/guards.md")


def test_the_settings_are_the_generated_ones() -> None:
    between = re.search(r"<!-- settings:.*?-->\n(.*?)<!-- /settings -->", OPERATIONS, re.DOTALL)
    assert between
    assert between[1].strip() == settings_table(), "python -m service settings --markdown"


def test_every_metric_is_described() -> None:
    told = Metrics().exposition(lambda: {}, lambda: {}).decode()
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(told)
    }
    assert names
    assert set(first_cells(section(OPERATIONS, "## Metrics"))) == names


def test_every_reason_of_a_delivery_is_described() -> None:
    """Each `failed` and `dead` of the resumers, and the worker's own, has its row."""
    source = "\n".join(path.read_text() for path in (ROOT / "service" / "resume").glob("*.py"))
    found = re.findall(r'\b(failed|dead|not_taken|answered_elsewhere)\(\s*"(\w+)"', source)
    at_once = {code for how, code in found if how == "dead"}
    later = {code for how, code in found if how == "failed"} | {"internal_error"}
    assert len(at_once | later) > 30
    rows = re.findall(
        r"^\| `(\w+)` \| (at once|after the tries|never) \|", OPERATIONS, flags=re.MULTILINE
    )
    assert {code for code, how in rows if how == "at once"} == at_once
    assert {code for code, how in rows if how == "never"} == {"stopping"}  # not held against it
    assert {code for code, how in rows if how == "after the tries"} == later - {"stopping"}


def test_the_tries_are_told_as_they_are() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    told = re.search(r"tried ten times: after (.+?) \(each", OPERATIONS, re.DOTALL)
    assert told
    waits = re.findall(r"(\d+) (s|min|h)", told[1])
    assert [int(n) * units[u] for n, u in waits] == [wait.total_seconds() for wait in BACKOFF]
    assert len(BACKOFF) + 1 == 10


def test_every_role_and_scope_is_described() -> None:
    people = section(OPERATIONS, "## People and keys")
    assert set(first_cells(people)) == {role.value for role in Role}
    assert {scope.value for scope in Scope} <= set(re.findall(r"`(\w+)`", people))


def test_every_route_is_described() -> None:
    described = FastAPI()
    api.install(described)
    described.include_router(ops.router)
    routes = {
        f"{method.upper()} {path}"
        for path, methods in described.openapi()["paths"].items()
        for method in methods
    }
    assert set(first_cells(section(API, "## Routes"))) == routes


def test_every_reason_of_a_decision_is_described() -> None:
    assert {reason.value for reason in Reason} <= set(first_cells(API))


def test_every_finding_of_a_guard_is_described() -> None:
    cells = re.findall(r"^\| (`.+?) \|", section(GUARDS, "## What is found"), re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert told == {*Finding, *Layer}


def test_every_kind_of_calibrator_is_named() -> None:
    told = section(text_of("docs/bundles.md"), "## Calibrators")
    assert {*Kind, MEMBERS} <= set(re.findall(r"`(\w+)`", told))


def all_errors(kind: type[errors.GateError] = errors.GateError) -> set[type[errors.GateError]]:
    return {kind}.union(*(all_errors(below) for below in kind.__subclasses__()))


def test_every_problem_that_a_caller_may_meet_is_described_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.+?) \|", section(API, "## Errors"), flags=re.MULTILINE)
    told = {
        slug: int(status) for status, slugs in rows for slug in re.findall(r"`([\w-]+)`", slugs)
    }
    own = [kind for kind in all_errors() if kind.__module__ == errors.__name__]
    assert own
    for kind in own:
        status = status_of(kind())
        # Kinds that are never raised themselves, and what stops a start.
        if status == 500 or kind in (errors.NotFound, errors.Conflict, errors.CrossedThresholds):
            continue
        assert told.get(slug_of(kind())) == status, slug_of(kind())


def test_every_key_of_the_configuration_is_described() -> None:
    gates = [set(first_cells(part)) for part in section(CONFIGURATION, "## `gates`").split("\n\n")]
    assert set(first_cells(section(CONFIGURATION, "## `apps`"))) == set(AppSection.model_fields)
    assert set(GateSection.model_fields) in gates
    assert set(GuardsSection.model_fields) in gates
    assert set(ReviewSection.model_fields) in gates
    assert set(ResumeSection.model_fields) in gates
    assert {mode.value for mode in ResumeMode} in gates


REFUNDS = "gates:\n  refunds:\n    scorer: signals\n    thresholds: {low: 0.1, high: 0.9}\n"


@pytest.mark.parametrize(
    "mistaken",
    [
        REFUNDS + "    colour: blue\n",
        REFUNDS.replace("0.1, high: 0.9", "0.9, high: 0.1"),
        REFUNDS + "    apps: [shop]\n",
        REFUNDS.replace("signals", "gone"),
        REFUNDS + "apps:\n  shop: {url: 'https://x.example',\n    api_key: '${SHOP_KEY}'}\n",
        REFUNDS + "    thresholds: {low: 0, high: 1}\n",
    ],
)
def test_the_messages_are_told_as_they_are(mistaken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        parse(mistaken, shipped(Path("models")).labels_of, name="gates.yml")
    assert f"`{caught.value.detail.splitlines()[0]}`" in CONFIGURATION, caught.value.detail
