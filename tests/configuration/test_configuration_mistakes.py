"""GATE_CONFIG: a mistake stops the start, and the message names its line and its remedy."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.configuration import BundleLabels, ConfigurationError, load, parse
from service.domain.errors import BrokenBundle

GOOD = """\
apps:
  moderation:
    url: https://dify.example/v1
    api_key: ${DIFY_APP_KEY}
    actions:
      approve: approve
gates:
  content-moderation:
    scorer: embedded
    thresholds:
      low: 0.10
      high: 0.90
    categories:
      health:
        thresholds:
          low: 0.20
          high: 0.95
    review:
      deadline: 24h
    resume:
      mode: native_form
      app: moderation
    apps:
      - moderation
"""
LINES = GOOD.splitlines()
SECTIONS = [
    number
    for number, line in enumerate(LINES, 1)
    if line.endswith(":") and line.strip() not in ("apps:", "gates:", "categories:", "actions:")
]
"""The lines that open a section of fixed keys; under the others stand names, or verdicts."""


def labels_of(bundle: str) -> BundleLabels:
    if bundle != "embedded":
        raise BrokenBundle(f"There is no bundle {bundle!r}.", fix="Use `signals`, or another.")
    labels = ("acceptable", "offensive")
    return BundleLabels(labels=labels, approve_labels=labels[:1], languages=("en",))


@pytest.fixture(autouse=True)
def _app_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_APP_KEY", "app-key")


def complaint(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, labels_of, name="gates.yml")
    return caught.value.detail


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def line_of(text: str, what: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if what in line)


def test_the_good_file_is_good() -> None:
    assert len(parse(GOOD, labels_of, name="gates.yml").gates) == 1


@pytest.mark.parametrize("section", SECTIONS, ids=lambda number: LINES[number - 1].strip())
@given(padding=st.integers(0, 5))
def test_an_unknown_key_is_told_with_its_line(section: int, padding: int) -> None:
    header = LINES[section - 1]
    indent = " " * (len(header) - len(header.lstrip()) + 2)
    lines = [*LINES[:section], f"{indent}colour: blue", *LINES[section:]]
    text = "# a comment\n" * padding + "\n".join(lines)
    said = complaint(text)
    where = line_of(text, "colour")
    assert re.search(rf"gates\.yml, line {where}: \S+colour\b.* is not a key that is known", said)
    assert "check its spelling, or take it out" in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("low: 0.10", "low: 0.95", r"line 10: .*thresholds low \(0\.95\) must be below high"),
        ("low: 0.20", "low: 0.95", r"line 15: .*health\.thresholds low .* Set low below high"),
        ("high: 0.90", "high: 1.2", r"line 12: .*thresholds\.high should be less than or equal"),
        ("high: 0.90", "high: .nan", r"line 12: .*thresholds\.high"),
        ("high: 0.90", "high: yes", r"line 12: .*thresholds\.high should be a valid number"),
        ("      high: 0.90\n", "", r"line 10: .*thresholds\.high is missing: add it"),
        ("scorer: embedded", "scorer: gone", r"line 9: .*scorer is 'gone': There is no bundle"),
        ("scorer: embedded", "labels: [a, b]", r"line 9: .*labels must be the labels of bundle"),
        ("scorer: embedded", "approve_labels: [offensive]", r"line 9: .*is calibrated for"),
        (
            "scorer: embedded",
            "scorer: signals\n    labels: [a, b]",
            r"line 8: .*approve_labels.*all",
        ),
        ("    api_key: ${DIFY_APP_KEY}\n", "", r"line 21: .*which has no api_key"),
        ("approve: approve", "maybe: approve", r"line 6: .*maybe.* should be 'approve' or"),
        ("https://dify", "ftp://dify", r"line 3: apps\.moderation\.url"),
        ("      - moderation", "      - elsewhere", r"line 23: .*'elsewhere', which is not under"),
        ("app: moderation", "app: elsewhere", r"line 22: .*add it to the gate's apps list"),
        ("      app: moderation\n", "", r"line 20: .*mode native_form and no app: name one"),
        ("native_form", "native", r"line 21: .*resume\.mode should be 'none', 'native_form'"),
        ("deadline: 24h", "deadline: 24", r"line 19: .*a number and a unit, such as 5s"),
        ("deadline: 24h", "deadline: 9999999d", r"line 19: .*a number and a unit, such as 5s"),
        ("deadline: 24h", "deadline: 0s", r"line 19: .*must be longer than nothing"),
        ("deadline: 24h", "lease: 0s", r"line 19: .*lease must be longer than nothing"),
        ("deadline: 24h", "on_deadline: maybe", r"line 19: .*should be 'approve' or 'reject'"),
        ("deadline: 24h", "quorum: 0", r"line 19: .*quorum should be greater"),
        ("  content-moderation:", "  Content Moderation:", r"line 8: gates\.Content Moderation"),
        ("${DIFY_APP_KEY}", "${NOWHERE}", r"line 4: .*names \$\{NOWHERE\}, which is not set"),
        ("${DIFY_APP_KEY}", "x${NO-WHERE}", r"line 4: .*names \$\{NO-WHERE\}, which is not set"),
        ("    categories:", "    thresholds: {}\n    categories:", r"twice: keep one\n.*line 13"),
        (
            "      low: 0.10",
            '      "l\\x6fw": 0\n      low: 0.10',
            r"key low is there twice: keep one\n.*line 12",
        ),
        (
            "  content-moderation:",
            "  ? [a]\n  : b\n  content-moderation:",
            r"cannot be read as YAML",
        ),
        (
            "      health:",
            "      Health: {}\n      health:",
            r"line 15: .*health is the category 'Health' too, for case.*: keep it in one",
        ),
        (
            "      health:",
            "      care: {aliases: [ＨＥＡＬＴＨ]}\n      health:",
            r"line 15: .*categories\.health is the category 'care' too",
        ),
        (
            "      health:",
            "      v1.0 pets:\n        aliases: [food, ' Care']\n      health:\n"
            "        aliases: [care]",
            r"line 17: .*health\.aliases names 'care', which is the category 'v1\.0 pets' too",
        ),
        ("      health:", "      health:\n        aliases: [' ']", r"line 15: .*a blank name"),
        (
            "      health:",
            "      ' ': {}\n      health:",
            r"line 14: .*is blank: give the category",
        ),
        (
            "    categories:",
            "    unknown_category: approve\n    categories:",
            r"line 13: .*unknown_category should be 'review' or 'inherit'",
        ),
        (
            "    categories:",
            "    category_required: 1\n    categories:",
            r"line 13: .*category_required should be a valid boolean",
        ),
        ("gates:", "gates: [", r"cannot be read as YAML"),
        ("gates:", "\tgates:", r"cannot be read as YAML(.|\n)*line 7"),
    ],
)
def test_a_mistake_is_told_with_line_and_remedy(old: str, new: str, told: str) -> None:
    said = complaint(changed(old, new))
    assert said.startswith("gates.yml")
    assert re.search(told, said), said


def test_every_mistake_is_told_at_once() -> None:
    text = GOOD.replace("low: 0.10", "low: 0.95").replace("24h", "never").replace("https", "ftp")
    said = complaint(text)
    assert [int(line) for line in re.findall(r"line (\d+)", said)] == [3, 10, 19]


@pytest.mark.parametrize("text", ["", "[]", "just words", "gates: 5", "apps: {}"])
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    assert "line 1" in complaint(text)


@pytest.mark.parametrize(
    "key", ["labels: [a, b, a]", "labels: [a, b, c]\n    approve_labels: [a, a]"]
)
def test_a_label_named_twice_is_refused(key: str) -> None:
    """By position it would be two labels, and its probability would count twice."""
    said = complaint(
        f"gates:\n  g:\n    scorer: signals\n    thresholds: {{low: 0, high: 1}}\n    {key}\n"
    )
    assert "names a label twice" in said


def test_a_secret_is_not_repeated_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_APP_KEY", "hush-hush")
    text = GOOD.replace("    actions:", "    secrets:\n      - ${DIFY_APP_KEY}\n    actions:")
    said = complaint(text)
    assert "apps.moderation.secrets.0" in said
    assert "hush" not in said


def test_an_empty_variable_is_not_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_APP_KEY", "")
    assert "which is not set: set it in the environment" in complaint(GOOD)


@given(st.floats(), st.floats())
def test_thresholds_are_taken_only_in_order(low: float, high: float) -> None:
    # Python writes 1e-05 and inf where YAML 1.1 wants 1.0e-05 and .inf.
    written = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    low_text, high_text = (written.get(repr(x), f"{x:.20f}") for x in (low, high))
    low, high = (float(text.replace("-.", "-").lstrip(".")) for text in (low_text, high_text))
    text = f"gates: {{g: {{thresholds: {{low: {low_text}, high: {high_text}}}}}}}"
    try:
        (gate,) = parse(text, labels_of, name="gates.yml").gates
    except ConfigurationError:
        assert not 0 <= low < high <= 1
    else:
        assert 0 <= low < high <= 1
        assert (gate.thresholds.low, gate.thresholds.high) == (low, high)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "gates.yml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        load(file, labels_of)
    assert str(file) in caught.value.detail
    assert "unset GATE_CONFIG" in caught.value.fix


@pytest.mark.parametrize(
    ("mode", "lacking"),
    [("native_form", "no api_key"), ("webhook", "no secrets"), ("continuation", "no api_key and")],
)
def test_an_app_without_what_its_mode_needs_is_told(mode: str, lacking: str) -> None:
    text = changed("    api_key: ${DIFY_APP_KEY}\n", "").replace("native_form", mode)
    where = line_of(text, "app: moderation")
    said = complaint(text)
    assert f"line {where}: " in said
    assert lacking in said


def test_samples_by_meaning_need_a_contract() -> None:
    told = complaint(
        GOOD.replace("    scorer: embedded\n", "    scorer: signals\n    samples: meaning\n")
    )
    assert "samples: meaning" in told
    assert "write a contract" in told


@pytest.mark.parametrize(
    ("scorer", "complains"),
    [
        ("{en: embedded, fr: embedded}", "names the language fr, of those that are known: en, zh"),
        ("{}", "names no scorer: name one for each language, of en, zh"),
        ("{zh: embedded}", "scorer.zh is 'embedded', which reads en"),
        ("{en: signals}", "scorer.en is 'signals', which reads no language"),
        ("{en: embedded, zh: gone}", "scorer is 'gone': There is no bundle 'gone'"),
    ],
)
def test_scorers_by_language_are_checked(scorer: str, complains: str) -> None:
    text = changed("scorer: embedded", f"scorer: {scorer}")
    said = complaint(text)
    assert complains in said
    assert f"line {line_of(text, scorer)}" in said


def test_a_contract_is_not_kept_over_the_scores_of_two_bundles() -> None:
    text = """\
gates:
  comments:
    scorer: {en: embedded, zh: embedded-zh}
    contract: {target: auto_error, wrong_answers: 0.02}
"""
    labels = ("acceptable", "offensive")
    bundle = BundleLabels(labels=labels, approve_labels=labels[:1])
    with pytest.raises(ConfigurationError, match=r"line 4: .* make a gate for each language"):
        parse(text, lambda name: bundle, name="gates.yml")
