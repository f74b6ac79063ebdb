"""A variable that was not filled in, or was filled with nothing, is no text to judge."""

import asyncio

import pytest

from service.domain.decision import Item, Reads
from service.domain.guard import GuardRules
from service.domain.values import Json
from service.guards.text_guard import TextGuard

RULES = GuardRules()

NOT_THERE = [
    "conversation.draft",
    "  conversation.draft\n",
    "1719356422842.text",
    "sys.query",
    "llm.structured_output.reply",
    "{{#conversation.draft#}}",
    "{{#1719356422842.text#}}",
    "{{ draft }}",
    "{{user.name | default('')}}",
    "${draft}",
    "${{ steps.draft }}",
    "{draft}",
    "{% draft %}",
    "<%= draft %>",
    "{{{draft}}}",
    "#{draft}",
    "[[draft]]",
    "<draft>",
    "%draft%",
    "$draft",
    "**llm.text**",
    "“llm.text”",
    "conversation．draft",
    "%(draft)s",
    "undefined",
    "None",
    "NaN",
    "nan",
    "null",
    "[object Object]",
    "[object Promise]",
    "<Draft object at 0x7f12ab34cd56>",
    "undefined undefined",
    "llm.text\nretriever.result",
    '"conversation.draft"',
    "'undefined'",
    "conversation.draft\u200b",
    "Dear customer, {{#llm.text#}}",
    "{}",
    "[]",
    '""',
]
THERE = [
    "Nothing is undefined here.",
    "None of them came.",
    "none",
    "undefined behaviour",
    "What does None mean in Python?",
    "3.14",
    "10.0.0.1",
    "Thanks. Bye.",
    "Look at example.com, it is good",
    "me@example.com",
    "a-b.c-d",
    "很好.不错",
    "好评。",
    "The set {1, 2} has two members.",
    "Hello {name}, welcome",
    "$5",
    "$TSLA",
    "#hashtag",
    "<3",
    "100%",
    "()",
]


def notes(
    item: Item, ai_result: Json = None, rules: GuardRules = RULES, reads: Reads | None = None
) -> list[str]:
    return [str(note) for note in asyncio.run(TextGuard().inspect(item, ai_result, rules, reads))]


@pytest.mark.parametrize("text", NOT_THERE)
def test_a_text_that_is_but_a_name_is_found_wherever_it_stands(text: str) -> None:
    assert "unresolved_variable" in notes(Item(text=text))
    assert notes(Item(text="A good book."), text) == ["unresolved_variable@ai_result"]
    assert notes(Item(fields={"draft": text})) == ["unresolved_variable@fields"]


@pytest.mark.parametrize("text", THERE)
def test_a_text_that_says_something_is_left_alone(text: str) -> None:
    assert "unresolved_variable" not in notes(Item(text=text))
    assert notes(Item(text="A good book."), text) == []
    assert notes(Item(fields={"draft": text})) == []


@pytest.mark.parametrize(
    "result",
    [
        {"reply": "conversation.draft"},
        '{"reply": "conversation.draft"}',
        '[""]',
        {"reply": "conversation.draft", "sure": 0.9},
        {"reply": "{{ draft }}", "language": "en"},
        {"reply": "undefined", "language": "en"},
        [{"reply": "llm.text"}, {"reply": "None"}],
        {},
        [],
        "",
        " \u200b\u2800",
        [{}],
        {"reply": ""},
        {"reply": {"text": " "}},
    ],
    ids=repr,
)
def test_a_result_in_which_the_text_is_missing_is_found(result: Json) -> None:
    assert notes(Item(text="A good book."), result) == ["unresolved_variable@ai_result"]


@pytest.mark.parametrize(
    "result",
    [
        None,
        0,
        False,
        {"reply": None},
        {"violations": []},
        {"model": "qwen2.5", "reply": "A good book."},
        {"allergies": "None", "diet": "vegetarian"},
        {"domain": "example.com", "count": 3},
        ["publish"],
    ],
    ids=repr,
)
def test_a_result_that_says_something_is_left_alone(result: Json) -> None:
    assert notes(Item(text="A good book."), result) == []


def test_fields_beside_a_text_count_only_where_the_gate_scores_fields() -> None:
    item = Item(text="A good book.", fields={"shop": "example.com", "tags": []})
    assert notes(item) == []
    assert notes(item, reads=Reads.TEXT) == []
    assert notes(item, reads=Reads.FIELDS) == ["unresolved_variable@fields"]
    assert notes(item, reads=Reads.EITHER) == ["unresolved_variable@fields"]


def test_a_policy_declares_what_is_lawful_or_looks_for_none() -> None:
    rules = GuardRules(lawful=("{}", "", "None"))
    lawful: list[Json] = [{}, "{}", "", " ", "None"]
    for result in lawful:
        assert notes(Item(text="A good book."), result, rules) == []
    assert notes(Item(fields={"a": {}, "b": "None"}), None, rules) == []
    assert notes(Item(text="None"), None, rules) == []
    assert notes(Item(text="A good book."), [], rules) == ["unresolved_variable@ai_result"]
    assert notes(Item(text="example.com"), {}, GuardRules(unresolved=False)) == []


@pytest.mark.parametrize(
    "text", ["👍", "😀😀", "?!?", "...", "★★★★★", "1️⃣2️⃣", "\u3164!", "—", "❤️", "{}"]
)
def test_a_model_that_reads_words_is_not_asked_about_none(text: str) -> None:
    for reads in (Reads.TEXT, Reads.EITHER):
        assert {"no_words", "too_short"} & set(notes(Item(text=text), reads=reads))
    assert "no_words" not in notes(Item(text=text))
    assert "no_words" not in notes(Item(text=text), reads=Reads.FIELDS)


@pytest.mark.parametrize("text", ["k", "好", "5", "👍 ok", "①", "no!", "ñ"])
def test_one_letter_or_digit_is_a_word(text: str) -> None:
    assert notes(Item(text=text), reads=Reads.TEXT) == []


@pytest.mark.parametrize("row", ["sys.a ", "{{x}} ", "undefined ", "a.b", "<x> ", "["])
def test_no_text_can_be_read_in_more_ways_than_there_is_time_for(row: str) -> None:
    """Each is as long as a text may be; with two ways for each word none would ever end."""
    text = (row * 20_000)[:19_990] + "!"
    assert "unresolved_variable@ai_result" not in notes(Item(text="x"), text)
