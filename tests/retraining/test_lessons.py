"""No label of the panel ever trains, and nothing trains on what came after."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.decision import Item, Reads, Zone
from service.domain.errors import TooFewLabels
from service.domain.ids import DecisionId
from service.domain.labelled import LabelledItem, Said
from service.domain.outcome import Truth, Verdict
from service.retraining.lessons import Lesson, Lessons, Parts
from service.thresholds.quality import JudgedLabel
from tests.examples import GATE, MINUTE, NOW, a_decision


def an_item(place: int, *, panel: bool, right: bool, text: str | None = None) -> LabelledItem:
    at = NOW + place * MINUTE
    verdict = Verdict.APPROVE if right else Verdict.REJECT
    return LabelledItem(
        decision_id=DecisionId(f"dec_{place:06}"),
        task_id=None,
        gate=GATE,
        policy_version=1,
        decided_at=at,
        item=Item(text=text or f"text {place}"),
        ai_result=None,
        category=None,
        source="m@1",
        raw_score=0.5,
        confidence=0.5,
        zone=Zone.HUMAN_REVIEW,
        panel=panel,
        audit_probability=None,
        guarded=False,
        said=Said(verdict=verdict, edited_result=None, reviewer="person:lin", at=at + MINUTE),
        truth=None,
    )


def parts_of(items: list[LabelledItem], *, certify: bool = False) -> Parts:
    lessons = Lessons(reads=Reads.TEXT)
    for item in items:
        lessons.add(item)
    return lessons.parts(certify=certify)


def ids(lessons: object) -> set[str]:
    assert isinstance(lessons, list | tuple)
    return {one.decision_id for one in lessons if isinstance(one, Lesson)}


@given(
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.integers(0, 400)), min_size=600, max_size=900
    ),
    st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_the_panel_only_judges_what_came_before_it(
    drawn: list[tuple[bool, bool, int]], certify: bool
) -> None:
    items = [
        an_item(place, panel=panel, right=right, text=f"text {text}" if text < 40 else None)
        for place, (panel, right, text) in enumerate(drawn)
    ]
    panel = {item.decision_id for item in items if item.panel}
    try:
        parts = parts_of(items, certify=certify)
    except TooFewLabels:
        return
    learned = [*parts.train, *parts.tune]
    judging = [*parts.judge, *parts.certify]
    assert not ids(learned) & panel
    assert ids(judging) <= panel
    assert not ids(parts.judge) & ids(parts.certify)
    assert bool(parts.certify) is certify
    assert max(one.decided_at for one in learned) < parts.cut
    assert min(one.decided_at for one in judging) >= parts.cut
    assert not {one.item.text for one in learned} & {one.item.text for one in judging}
    assert max(one.decided_at for one in parts.train) <= min(o.decided_at for o in parts.tune)


def usual(count: int = 1200) -> list[LabelledItem]:
    return [an_item(n, panel=n % 4 == 0, right=n % 3 == 0) for n in range(count)]


def test_a_truth_corrects_a_lesson_but_not_the_panel() -> None:
    told = Truth(verdict=Verdict.APPROVE, note="", reported_by="key:shop", reported_at=NOW)
    items = usual()
    for place in (1, 1000):
        items[place] = replace(items[place], truth=told)
    items[1004] = replace(items[1004], truth=told, said=None)  # known by a complaint alone
    assert [items[place].panel for place in (1, 1000, 1004)] == [False, True, True]
    parts = parts_of(items)
    learned = {one.decision_id: one.right for one in parts.train}
    judged = {one.decision_id: one.right for one in parts.judge}
    assert learned[DecisionId("dec_000001")] is True
    assert judged[DecisionId("dec_001000")] is False
    assert DecisionId("dec_001004") not in judged


def test_what_the_panel_said_before_an_alarm_no_longer_counts() -> None:
    alarm = NOW + 800 * MINUTE
    lessons = Lessons(reads=Reads.TEXT, since=alarm)
    for item in usual(1600):
        lessons.add(item)
    parts = lessons.parts(certify=True)
    learned = [*parts.train, *parts.tune]
    assert min(one.decided_at for one in learned) < alarm
    assert parts.cut > alarm
    assert len(parts.judge) + len(parts.certify) == 100, "half of those since"


def test_what_people_disagree_about_is_in_the_certificate_while_its_task_is_open() -> None:
    items = usual(1600)
    open_ones = [
        a_decision(
            id=DecisionId(f"dec_{place:06}x"),
            created_at=NOW + place * MINUTE,
            item=Item(text=f"open {place}"),
            panel=True,
        )
        for place in range(1400, 1600, 5)
    ]
    doubts = {
        one.id: JudgedLabel(
            decision_id=one.id,
            gate=GATE,
            raw_score=0.5,
            source="m@1",
            category=None,
            right=True,
            panel=True,
            reviewer="person:lin",
            at=one.created_at,
            doubted=True,
        )
        for one in open_ones
    }
    lessons = Lessons(reads=Reads.TEXT, borne_out=doubts)
    for item in items:
        lessons.add(item)
    assert lessons.missing == [one.id for one in open_ones]
    for one in open_ones:
        lessons.add_unsettled(one)
    parts = lessons.parts(certify=True)
    certified = {one.decision_id for one in parts.certify if one.doubted}
    assert 5 < len(certified) < 35, "by lot, as the others"
    assert certified <= set(doubts)
    assert not ids(parts.judge) & set(doubts)


def test_what_a_guard_noted_or_the_model_does_not_read_is_left_out() -> None:
    guarded = [replace(item, guarded=True) for item in usual()]
    with pytest.raises(TooFewLabels, match="There are 0 labels outside the panel"):
        parts_of(guarded)
    with pytest.raises(TooFewLabels):
        parts_of([replace(item, item=Item(fields={"a": 1})) for item in usual()])


def test_what_is_lacking_is_said() -> None:
    with pytest.raises(TooFewLabels, match="of the panel since the first other label"):
        parts_of([an_item(n, panel=False, right=n % 2 == 0) for n in range(900)])
    with pytest.raises(TooFewLabels, match="rarer kind"):
        parts_of([an_item(n, panel=n % 4 == 0, right=n < 5) for n in range(1200)])


def test_the_cold_start_of_a_gate_does_not_push_the_judges_before_the_lessons() -> None:
    cold = [an_item(n, panel=True, right=n % 3 == 0) for n in range(3000)]
    warm = [an_item(3000 + n, panel=n % 4 == 0, right=n % 3 == 0) for n in range(1200)]
    parts = parts_of(cold + warm)
    assert parts.cut > warm[0].decided_at
    assert len(parts.train) + len(parts.tune) > 400


def test_what_people_disagree_about_judges_nothing_and_certifies_with_its_doubt() -> None:
    items = usual(2000)
    panel = [item for item in items if item.panel]
    labels = {
        item.decision_id: JudgedLabel(
            decision_id=item.decision_id,
            gate=GATE,
            raw_score=0.5,
            source="m@1",
            category=None,
            right=not item.right,
            panel=True,
            reviewer="person:lin",
            at=item.decided_at,
            weight=0.5,
            doubted=place % 2 == 0,
        )
        for place, item in enumerate(panel)
    }
    lessons = Lessons(reads=Reads.TEXT, borne_out=labels)
    for item in items:
        lessons.add(item)
    parts = lessons.parts(certify=True)
    said = {item.decision_id: item.right for item in panel}
    assert parts.judge
    assert not any(one.doubted for one in parts.judge)
    assert all(one.right is not said[one.decision_id] for one in parts.judge)
    assert any(one.doubted for one in parts.certify)
    assert {one.weight for one in parts.certify} == {0.5}
