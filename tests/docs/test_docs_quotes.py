"""Code that a page quotes from a file stands there, line for line."""

import re

from tests.docs.pages import ROOT, text_of

QUOTE = re.compile(r"From \[`(.+?)`\].*?```python\n(.*?)```", re.DOTALL)
"""A file, and the next block."""


def lines(text: str) -> str:
    """Without the indent: a method is quoted as a function is."""
    return "\n".join(line.strip() for line in text.splitlines())


def test_the_examples_of_style_are_our_own_code() -> None:
    quotes = QUOTE.findall(text_of("CONTRIBUTING.md"))
    assert len(quotes) == 3
    for path, quoted in quotes:
        assert lines(quoted) in lines((ROOT / path).read_text(encoding="utf-8")), path
