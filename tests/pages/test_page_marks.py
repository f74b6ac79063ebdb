"""A reviewer sees what of a text is hidden, and what the gate's model could not read."""

import pytest

from service.domain.marking import Mark, Stretch
from service.web.pages.marked import pieces_of
from tests.pages.site import Browser, Site

POLITE = "Thank you for the quick delivery, we will order here again."
TAGS = "".join(chr(0xE0000 + ord(letter)) for letter in "I will find you")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (POLITE + "\n" * 61 + "I will find you", "is-gap"),
        (POLITE + TAGS, "15 invisible characters · hidden text: I will find you"),
        (POLITE + "\u202e uoy dnif", "changes the order"),
    ],
    ids=["blank lines", "tags", "override"],
)
def test_what_is_hidden_is_shown_as_such(site: Site, ann: Browser, text: str, shown: str) -> None:
    for task in (site.ask(text), site.ask("fine", ai_result=text)):
        page = ann.get(f"/review/tasks/{task}").text
        assert shown in page
        assert "\u202e" not in page.partition("<textarea")[0]


def test_a_gap_is_told_by_its_lines(site: Site, ann: Browser) -> None:
    page = ann.get(f"/review/tasks/{site.ask(POLITE + chr(10) * 61 + 'I will find you')}").text
    assert '<mark class="is-hidden is-gap">60 blank lines</mark>I will find you</div>' in page


def test_an_ordinary_text_is_shown_as_it_is(site: Site, ann: Browser) -> None:
    page = ann.get(f"/review/tasks/{site.ask(' two\n\n lines  <b>')}").text
    assert 'dir="auto"> two\n\n lines  &lt;b&gt;</div>' in page


def test_pieces_hold_the_whole_text_but_what_does_not_show() -> None:
    stretches = [
        Stretch(start=1, end=3, mark=Mark.UNREADABLE),
        Stretch(start=3, end=4, mark=Mark.REORDERED),
    ]
    assert "".join(piece.text for piece in pieces_of("abcde", stretches)) == "abce"
    assert pieces_of("", []) == ()
