"""Text that does not show is told, and its stretches are known."""

import asyncio
import codecs

import pytest

from service.domain.decision import Item
from service.domain.guard import GuardRules
from service.domain.marking import Mark
from service.domain.values import Json
from service.guards.concealed import concealed
from service.guards.text_guard import TextGuard

POLITE = "Thank you for the quick delivery, we will order here again, and so will all our friends."
THREAT = "I will find you"
TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in THREAT)
SELECTORS = "".join(chr(0xE0100 + byte - 16) for byte in THREAT.encode())
BITS = "".join("\u200b\u200c"[byte >> bit & 1] for byte in THREAT.encode() for bit in range(8))


def notes(item: Item, ai_result: Json = None) -> list[str]:
    return [str(note) for note in asyncio.run(TextGuard().inspect(item, ai_result, GuardRules()))]


HIDDEN = {
    "blank lines": POLITE + "\n" * 61 + THREAT,
    "a dozen blank lines": POLITE + "\n" * 13 + THREAT,
    "lines of blanks": POLITE + "\n \t\u3000\u2800" * 60 + "\n" + THREAT,
    "lines of fillers": POLITE + "\n\u3164" * 60 + "\n" + THREAT,
    "lines of dots": POLITE + "\n." * 60 + "\n" + THREAT,
    "carriage returns": POLITE + "\r\n" * 60 + THREAT,
    "other line ends": POLITE + "\u2028" * 60 + THREAT,
    "a wide blank": POLITE + " " * 2000 + THREAT,
    "tags": POLITE + TAGS,
    "one tag": POLITE + "\U000e0041",
    "selectors": POLITE + SELECTORS,
    "a selector behind each letter": "".join(
        letter + chr(0xFE00 + place % 8) for place, letter in enumerate(THREAT.replace(" ", ""))
    ),
    "bits": POLITE * 30 + BITS,
}
SHOWN = [
    POLITE,
    POLITE + "\n\n\n" + THREAT,
    "Dear all,\n\n\n\n\n\nyours",
    "\n" * 80 + POLITE,
    POLITE + "\n" * 80,
    "❤️ 👩‍👩‍👧‍👦 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f ☺︎ 1️⃣",
    "葛\U000e0100城市",
    "می‌خواهم کتاب‌ها را",
    "क्‍ष",
    "a\u200bb",
    "x = 1\n" + "# ----\n" * 5 + "y = 2",
]


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_hidden_part_is_told_wherever_it_is(kind: str) -> None:
    text = HIDDEN[kind]
    assert "hidden_text" in notes(Item(text=text))
    assert "hidden_text@fields" in notes(Item(fields={"a": [text]}))
    assert "hidden_text@ai_result" in notes(Item(text=POLITE), {"reply": text})


@pytest.mark.parametrize("text", SHOWN, ids=ascii)
def test_what_shows_is_left_alone(text: str) -> None:
    assert "hidden_text" not in notes(Item(text=text))
    assert all(stretch.mark is Mark.REORDERED for stretch in concealed(text))


def test_a_result_of_many_empty_texts_hides_nothing() -> None:
    assert notes(Item(text=POLITE), ["a", *[""] * 60, "b"]) == []


def test_what_invisible_characters_spell_is_told() -> None:
    assert [(stretch.mark, stretch.says) for stretch in concealed(POLITE + TAGS)] == [
        (Mark.INVISIBLE, THREAT)
    ]
    assert [stretch.says for stretch in concealed(POLITE + SELECTORS)] == [THREAT]


def test_a_character_that_reorders_is_marked_where_it_stands() -> None:
    text = "see " + "\u202e" + codecs.encode("abc", "rot13") + "\u202c"
    assert [(s.mark, s.start, s.end) for s in concealed(text)] == [
        (Mark.REORDERED, 4, 5),
        (Mark.REORDERED, 8, 9),
    ]
    assert "bidi_override" in notes(Item(text=text))


def test_the_gap_and_nothing_else_is_marked() -> None:
    [gap] = concealed(HIDDEN["blank lines"])
    assert (gap.mark, gap.end) == (Mark.GAP, len(POLITE) + 61)
