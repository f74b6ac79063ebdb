"""Signals as workflows send them: read where they are unambiguous, never guessed."""

import json
import random
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.plugin.conftest import LAB_PYTHON, ROOT, demand_lab_environment

HIGH = 0.9
MUTATIONS = 10_000

READER = """
import json, sys
from plugin.signal_reader import Unreadable, read_signals
for line in sys.stdin:
    match read_signals(json.loads(line)):
        case None: told = None
        case Unreadable(shown=shown): told = {"unreadable": shown}
        case signals: told = signals.model_dump(exclude_unset=True)
    print(json.dumps(told), flush=True)
"""


class Reader:
    """The reader in the plugin's own environment, which has its libraries."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, value: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(value), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="module")
def read() -> Iterator[Reader]:
    demand_lab_environment()
    command = [str(LAB_PYTHON), "-c", READER]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Reader(process)
        process.communicate()


@pytest.mark.parametrize(
    "written",
    [
        '{"score": 0.93}',
        '```json\n{"score": 0.93}\n```',
        '```\n{"score": 0.93}```',
        "{'score': 0.93}",
        '{"score": "0.93"}',
        '{"score": "93%"}',
        '{"score": 93%}',
        '{"score": .93}',
        "{score: 0.93}",
        '{"score": 0.93,}',
        '{"score": 0.93, "reason": "20 % off is fine"}',
        "{'score': 0.93, 'reason': None}",
        '{"score": 0.93\n "reason": "a comma is missing"}',
        '<think>At first I thought 0.2.</think>{"score": 0.93}',
        '<think>\n{"score": 0.2}\n</think>\n\n```json\n{"score": 0.93}\n```',
        'a template ate the opening tag</think>{"score": 0.93}',
        "｛“score”：０．９３｝",
        "{“confidence”： “93％”，}",
        '{"confidence": 0.93}',
        '{"Probability": 0.93}',
        "0.93",
        ".93",
        "93%",
        "93 %",
        "９３％",
        '"0.93"',
        "score: 0.93",
        "Confidence = 93%",
        '\ufeff{"score": 0.93}',
        {"score": 0.93},
        {"score": "93%"},
        0.93,
    ],
)
def test_what_is_unambiguous_is_read(read: Reader, written: Any) -> None:
    assert read(written) == {"score": 0.93}


@pytest.mark.parametrize(
    "written",
    [
        *("93", "1", '{"score": 93}', '{"score": "93"}', '{"confidence": 1}', 93, 1, True),
        *("0.5%", "193%", "1.7", "-0.93", '{"score": -0.93}', "9.5/10", "½", "0.9³", "٠.٩"),
        *(
            "High",
            "N/A",
            "null",
            '{"score": "High"}',
            "about 0.93",
            "0.93 (high)",
            "conversation.score",
        ),
        *("{{#llm.text#}}", "[]", "[0.93]", "{}", '{"score": null}', '{"score": true}'),
        *('{"score": 0.9, "confidence": 0.9}', '{"score": 0.9, "p": 0.1}', "0.9 0.1", "0.9, 0.1"),
        *(
            '{"score": 0.9} {"score": 0.1}',
            '{"score": 0.9, "reason": "0.2"}',
            '{"score": 0.9, "logits": [1]}',
        ),
        *('{"score": 0.9, "label": "toxic"}', '{"confidence": 0.9, "verdict": "reject"}'),
        *(
            '{"score": 0.1, "score": 0.9}',
            r'{"sc\u006fre": 0.1, "score": 0.9}',
            "{'score': 0.1, 'score': 0.9}",
            '{"score": 0.1, "Score": 0.9}',
        ),
        *('{"score": 0.9', '{"score": 0.9"}', '{"score: 0.9}', '{"score": "0.9', '{"score": 1e}'),
        *(
            '{"score": <0.9}',
            '{"score": ~0.9}',
            '{"score": >0.9}',
            '{"score": 1/20}',
            '{"score": 0,95}',
        ),
        *(
            '{"score": 0.05 0.9}',
            '{"score": 0.0 5}',
            '{"score": 1_0}',
            '{"score": 00.9}',
            '{"score": +0.9}',
        ),
        *('{"score": 0.9 // 0.1\n}', '{"reason": "not "score": 0.9, but less"}', '{"score": NaN}'),
        *(
            "<think>0.9",
            '<think>{"score": 0.9}',
            'Here it is: {"score": 0.9}',
            "```0.9```",
            "x" * 30_000,
        ),
        *(
            '{"score": {"value": 0.9}}',
            '{"signals": {"score": 0.9}}',
            '{"probabilities": {"a": 0.9}}',
        ),
        *("[" * 5000, '{"a":' * 5000, "a\0b", "\ud800"),
    ],
)
def test_what_is_ambiguous_is_unreadable_and_shown(read: Reader, written: Any) -> None:
    found = read(written)
    assert [*found] == ["unreadable"]
    assert 0 < len(found["unreadable"]) <= 2000
    assert "\0" not in found["unreadable"]
    assert found["unreadable"].encode()


@pytest.mark.parametrize("written", [None, "", " \n", "\u200b"])
def test_nothing_is_no_signal(read: Reader, written: str | None) -> None:
    assert read(written) is None


@pytest.mark.parametrize(
    ("written", "signals"),
    [
        ('```json\n{"logits": [1.5, -2]}\n```', {"logits": [1.5, -2.0]}),
        (
            "{'probabilities': {'good': 0.9, 'bad': 0.1},}",
            {"probabilities": {"good": 0.9, "bad": 0.1}},
        ),
        ('{"samples": ["yes", "no"], "notes": "two"}', {"samples": ["yes", "no"]}),
        ('{"score": 1}', {"score": 1.0}),
        ('{"score": 0, "reason": "surely not"}', {"score": 0.0}),
    ],
)
def test_other_signals_and_whole_numbers_by_the_contracts_name(
    read: Reader, written: str, signals: dict[str, Any]
) -> None:
    assert read(written) == signals


FORMS = [
    '{{"score": {0}}}',
    '{{"score": "{0}"}}',
    '{{"score": "{1}"}}',
    '{{"score": {1}}}',
    '{{"confidence": {0}, "reason": "it is what it is"}}',
    "{{'probability': {0}, 'reason': 'because'}}",
    "｛“score”：{0}，｝",
    '```json\n{{"score": {0}}}\n```',
    '<think>Is it {1}?</think>{{"score": {0}}}',
    "{0}",
    "{1}",
    "score: {0}",
    '{{"reason": "none", "score": {0}}}',
]
SYNTAX = [
    *"{}[]\",:;'`<>/\\~-+*=()|&%．％，：｛｝“”e_ \n\t\0\u200b",
    "//",
    "/*",
    "null",
    "not ",
    "</think>",
    "```",
    "NaN",
]
DIGITS = {*"0123456789."}


def mutated(text: str, lot: random.Random) -> str:
    """The text with something done to its syntax. Its digits stay as they are: nobody can see that
    another figure was meant. But it may lose its end, or get a second number."""
    at = lot.randrange(len(text) + 1)
    syntax: str = lot.choice(SYNTAX)
    match lot.choice(["insert", "delete", "replace", "double", "cut", "number", "repeat"]):
        case "insert":
            return text[:at] + syntax + text[at:]
        case "cut" if "{" in text[:at]:  # a bare number that lost its end is another number
            return text[:at]
        case "number":
            another: str = lot.choice(
                [", 0.99 ", " 0.99 ", ' "score": 0.99, ', ' {"score": 0.99} ', " 99% "]
            )
            return text[:at] + another + text[at:]
        case "repeat":
            return f"{text}{lot.choice(SYNTAX)}{text}"
        case kind if text[at : at + 1] not in DIGITS | {""}:
            there = {"delete": "", "double": 2 * text[at]}.get(kind, syntax)
            return text[:at] + there + text[at + 1 :]
        case _:
            return text


@pytest.mark.parametrize("seed", range(4))
def test_no_mutation_is_approved_that_the_clean_signal_is_not(read: Reader, seed: int) -> None:
    lot = random.Random(seed)
    read_at_all = 0
    for _ in range(MUTATIONS // 4):
        score = lot.choice([0.0, 0.02, 0.05, 0.09, 0.5, 0.55, 0.89, 0.9, 0.91, 0.93, 0.99])
        clean = json.dumps(score)
        text = lot.choice(FORMS).format(clean, f"{100 * score:.0f}%")
        for _ in range(lot.randint(1, 3)):
            text = mutated(text, lot)
        found = read(text)
        if found is not None and "score" in found:
            read_at_all += 1
            assert not (found["score"] > HIGH >= score), text
            assert found["score"] <= score, text
    assert read_at_all > 100, "the mutations are so wild that they test nothing"
