"""The data set: the same state has the same version, and nothing personal leaves."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from service.domain.access import Principal, Scope
from service.domain.decision import Item
from service.domain.errors import Forbidden, UnknownGate
from service.domain.guard import GuardRules, Redaction
from service.domain.labelled import Case, LabelledItem
from service.domain.outcome import Verdict
from service.domain.review import Answer
from service.guards.masking import LabelRedactor
from service.usecases.data import data_set
from service.usecases.data.data_set import Card, DataSet
from tests.usecases.acting import answer, ask, claim, decided
from tests.usecases.conftest import ANN, POLICY, House


@pytest.fixture
def data(house: House) -> DataSet:
    return DataSet(
        store=house.store, gates=house.gates, redactor=LabelRedactor(), clock=house.clock
    )


def export(house: House, data: DataSet, case: Case | None = None) -> tuple[Card, list[Any]]:
    lines: list[bytes] = []
    card = data.export(house.gates.of("gate"), case, lines.append, actor="test")
    assert hashlib.sha256(b"".join(lines)).hexdigest() == card.document()["sha256"]
    return card, [json.loads(line) for line in lines]


def test_the_same_state_has_the_same_version(house: House, data: DataSet) -> None:
    decided(house)
    first, rows = export(house, data)
    house.clock.forward(days=3)
    again, _ = export(house, data)
    assert first.document() == again.document()
    assert len(rows) == 1
    decided(house, Answer.REJECT)
    assert export(house, data)[0].version != first.version


def test_a_row_says_who_said_it_and_a_card_how_rows_were_chosen(
    house: House, data: DataSet
) -> None:
    decision_id, task_id = decided(house)
    late = ask(house, 0.95)["decision"]
    house.outcomes.report(late, Verdict.REJECT, "", ANN)
    card, (reviewed, reported) = export(house, data)
    assert (reviewed["decision_id"], reviewed["review_task_id"]) == (decision_id, task_id)
    assert (reviewed["by"], reviewed["right"], reviewed["panel"]) == ("review", True, False)
    assert reviewed["review"]["reviewer"] == ANN.name
    assert (reported["by"], reported["case"], reported["review"]) == ("truth", "failure", None)
    document = card.document()
    assert document["by"] == {"review": 1, "truth": 1}
    assert document["cases"] == {"success": 1, "failure": 1}
    assert document["sources"] == {"signal:score": 2}
    assert "panel items alone" in document["chosen"]
    _, failures = export(house, data, Case.FAILURE)
    assert [row["decision_id"] for row in failures] == [late]


def test_that_it_was_exported_is_in_the_audit_trail(house: House, data: DataSet) -> None:
    card, _ = export(house, data)
    with house.store.reading() as tx:
        *_, (entry, stored) = tx.audit.entries()
    assert (entry.kind, entry.actor) == ("data.exported", "test")
    assert stored
    assert stored.payload["version"] == card.version


@pytest.mark.parametrize("redaction", [Redaction.REVIEWERS, Redaction.STORAGE])
def test_what_the_gate_redacts_now_is_redacted_in_the_file(
    house: House, data: DataSet, redaction: Redaction
) -> None:
    ask(house, item=Item(text="Write to ann@mail.example."))  # stored whole: nothing forbade it
    answer(house, claim(house))
    house.adopt(replace(POLICY, guards=GuardRules(redaction=redaction)))
    card, [row] = export(house, data)
    assert row["item"]["text"] == "Write to [email 1]."
    assert card.document()["redaction"] == redaction.value


def test_a_page_of_one_case_looks_at_so_many_items_and_tells_where_to_go_on(
    house: House, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_set, "MOST_LOOKED_AT", 2)
    seen = [decided(house, said)[0] for said in (Answer.APPROVE, Answer.APPROVE, Answer.REJECT)]
    items, reached = data.page("gate", ANN, case=Case.FAILURE, after=None, limit=9)
    assert (items, reached) == ([], seen[1])
    [item], reached = data.page("gate", ANN, case=Case.FAILURE, after=reached, limit=9)
    assert (item.decision_id, reached) == (seen[2], None)


def test_pages_are_for_managers_of_the_gate(house: House, data: DataSet) -> None:
    first, _ = decided(house)
    decided(house)

    def page(principal: Principal, **more: Any) -> list[LabelledItem]:
        asked = {"case": None, "after": None, "limit": 1} | more
        return data.page("gate", principal, **asked)[0]

    [item] = page(ANN)
    assert item.decision_id == first
    assert len(page(ANN, after=first, limit=9)) == 1
    assert page(ANN, case=Case.FAILURE, limit=9) == []
    with pytest.raises(Forbidden):
        page(Principal(name="person:lin", scopes=frozenset({Scope.REVIEW, Scope.READ})))
    with pytest.raises(UnknownGate):
        page(replace(ANN, gates=frozenset({"other"})))
