"""What a model cannot read of a text, in whichever way it is hidden from it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.domain.decision import Item, Thresholds
from service.guards.text_guard import TextGuard
from service.scoring.bundle import Bundle, load_bundle
from service.scoring.ngrams import NgramReader, Ngrams
from service.scoring.onnx_scorer import OnnxScorer
from service.scoring.pictures import is_harmless, is_offensive
from service.scoring.readers import make_reader
from service.scoring.reading import Reader
from service.scoring.unreadable import Unreadable
from service.usecases.decisions.assess import Assessor
from service.usecases.decisions.guarded_assessor import GuardedAssessor
from service.usecases.decisions.policy_evaluation import zone_of
from tests.scoring.conftest import EMBEDDED
from tests.usecases.conftest import POLICY

POLITE = "Thank you for the quick delivery and the friendly service, we will order here again. "
CHINESE = "谢谢您的快速发货和热情的服务，我们下次还会在这里购买的，祝您生意兴隆。"
GLUED = (
    "iwillfindyouandiwillkillyouandthenyourwholefamily"
    "willpayforwhatyoudidtometonightandnobodywillhelpyouever"
)

HIDDEN_FROM_ENGLISH = [
    GLUED,
    GLUED[:60],
    "אני אהרוג אותך",
    "ฉันจะฆ่าคุณ",
    "मैं तुम्हें मार डालूंगा",
    "너를 죽일거야",
    "我会杀了你",
    "杀 你",
    "я убью тебя",
    "سأقتلك",
    "θα σε σκοτώσω",
    "ころすぞ",
    "ｋｉｌｌ ｙｏｕ",
    "𝐤𝐢𝐥𝐥 𝐲𝐨𝐮",
    "ⓚⓘⓛⓛ ⓨⓞⓤ",
    "🅺🅸🅻🅻",
    "ᴋɪʟʟ ʏᴏᴜ",
    "⠅⠊⠇⠇ ⠽⠕⠥",
    "🇰🇮🇱🇱 🇾🇴🇺",
    "🖕",
    "I will 🔪 you",
    "🔪you",
    "💣🏠",
    "☠️",
    "\ue230\ue231",
]
READ_IN_ENGLISH = [
    "",
    "😂😍👍🏽❤️",
    "love it😍",
    "👨‍👩‍👧 🏳️‍🌈 🇩🇪",
    "✔ ★★★★☆ → ©",
    "a 5 Ω resistor",
    "100 µm",
    "Zoë Müller, façade, Łódź",
    "the café's crème brûlée",
    "iPhone15ProMax B0C1H26C46",
    "Llanfairpwllgwyngyll",
    "ThingsNotToDoOnAFirstDate",
    "sooooooooooooooooooooooooooooooooo",
    "hahahahahahahahahahahahahahahahaha",
    "¯\\_(ツ)_/¯",
    "https://shop.example.com/averylongaddressofnobodysinterestwhatsoever",
]
HIDDEN_FROM_CHINESE = [
    "I will kill you",
    "kill you all tonight",
    "KILL YOU ALL",
    "你好I kill u",
    "ｉ ｗｉｌｌ ｋｉｌｌ ｙｏｕ",
    "kill_you_all",
    "wo yao sha le ni",
    "너를 죽일거야",
    "ころすぞ",
    "я убью тебя",
    "סוף",
    "iwillfindyouandkillyou",
    "🖕",
    "🔪🩸",
    "戽烀枵",
]
READ_IN_CHINESE = [
    "",
    "用的是iPhone 15 Pro Max",
    "App Store",
    "VIP",
    "C A L L",
    "ｉＰｈｏｎｅ Ｐｒｏ",
    "😂👍❤️",
    "物流很快！！★★★★★",
    "烊烊",
    "我要殺妳",
    "這個東西讓我覺得還會買，謝謝賣家",
    "约100μm",
    "型号HUAWEI-P40-ANA-AN00",
]


@pytest.fixture(scope="module")
def english(bundle: Bundle) -> Reader:
    return make_reader(bundle)


@pytest.fixture(scope="module")
def chinese() -> Reader:
    return make_reader(load_bundle(EMBEDDED.with_name("embedded-zh")))


@pytest.mark.parametrize("hidden", HIDDEN_FROM_ENGLISH)
def test_what_english_words_do_not_say_is_a_part_that_is_not_read(
    english: Reader, hidden: str
) -> None:
    text = POLITE + hidden
    assert english.read(Item(text=text)).unreadable
    parts = english.unreadable(text)
    assert parts
    assert all(start >= len(POLITE) for start, _ in parts)


@pytest.mark.parametrize("told", READ_IN_ENGLISH)
def test_names_codes_faces_and_one_foreign_letter_are_none(english: Reader, told: str) -> None:
    assert not english.read(Item(text=POLITE + told)).unreadable


@pytest.mark.parametrize("hidden", HIDDEN_FROM_CHINESE)
def test_what_chinese_words_do_not_say_is_a_part_that_is_not_read(
    chinese: Reader, hidden: str
) -> None:
    text = CHINESE + hidden
    assert chinese.read(Item(text=text)).unreadable
    assert all(start >= len(CHINESE) for start, _ in chinese.unreadable(text))


@pytest.mark.parametrize("told", READ_IN_CHINESE)
def test_latin_names_and_traditional_characters_are_none(chinese: Reader, told: str) -> None:
    assert not chinese.read(Item(text=CHINESE + told)).unreadable


def test_traditional_characters_are_read_as_the_simplified_ones(chinese: Reader) -> None:
    traditional, simplified = (
        chinese.read(Item(text=text)).rows["input_ids"].tolist()
        for text in ("我要殺你，鳥類飛翔", "我要杀你，鸟类飞翔")
    )
    assert traditional == simplified


def test_a_word_that_touches_a_picture_is_read(english: Reader) -> None:
    glued, apart = (
        english.read(Item(text=text)).rows["input_ids"].tolist()
        for text in (POLITE + "I will🤔kill😂you", POLITE + "I will 🤔 kill 😂 you")
    )
    assert glued == apart


def test_the_part_is_told_by_its_place_in_the_text(english: Reader) -> None:
    text = "thanks😂so much❤️and good👍luck 我会杀了你, see you🖕!"
    found = [text[start:end] for start, end in english.unreadable(text)]
    assert found == ["我会杀了你", "🖕"]


def test_a_reader_without_a_vocabulary_knows_scripts_and_lists() -> None:
    ngrams = Ngrams(shortest=1, longest=2, buckets=64, scripts=("latin",))
    reader = NgramReader(ngrams)
    for hidden in ("我会杀了你", GLUED, "🖕", "🔪"):
        assert reader.read(Item(text=POLITE + hidden)).unreadable
    assert not reader.read(Item(text=POLITE + "😂 Zoë")).unreadable


def test_a_bundle_that_names_no_language_takes_no_script_for_foreign() -> None:
    assert Unreadable(frozenset()).parts(POLITE + "我会杀了你") == []


def test_a_card_may_say_which_scripts_its_bundle_reads(bundle: Bundle) -> None:
    assert bundle.scripts == {"latin"}
    assert load_bundle(EMBEDDED.with_name("embedded-zh")).scripts == {"cjk"}
    both = replace(bundle, card={**bundle.card, "scripts": ["latin", "cjk"]})
    assert not make_reader(both).unreadable(POLITE + "你好中国")


def test_no_picture_stands_in_both_lists() -> None:
    assert is_offensive("🖕🏽")
    assert not is_harmless("🖕🏽")
    assert is_harmless("👍🏽")
    assert is_harmless("🇩🇪")
    assert not is_harmless("🇺🇱")
    assert not is_harmless("🅺")


@pytest.fixture(scope="module")
def gate(bundle: Bundle) -> Iterator[GuardedAssessor]:
    zh = load_bundle(Path(EMBEDDED.with_name("embedded-zh")))
    scorers = {"en": OnnxScorer(bundle, workers=1), "zh": OnnxScorer(zh, workers=1)}
    yield GuardedAssessor(Assessor(scorers), TextGuard())
    for scorer in scorers.values():
        scorer.close()


@pytest.mark.parametrize(
    ("scorer", "text"),
    [
        *(("en", POLITE + hidden) for hidden in HIDDEN_FROM_ENGLISH),
        *(("zh", CHINESE + hidden) for hidden in HIDDEN_FROM_CHINESE),
        ("en", "conversation.draft"),
        ("en", "👍"),
        ("zh", "👍"),
        ("zh", "conversation.draft"),
    ],
)
def test_the_gate_approves_none_of_it(gate: GuardedAssessor, scorer: str, text: str) -> None:
    """By the committed bundles, however sure they are, and with the most generous thresholds."""
    labels = ("acceptable", "offensive")
    policy = replace(
        POLICY,
        scorer=scorer,
        labels=labels,
        approve_labels=labels[:1],
        thresholds=Thresholds(low=None, high=0.5),
    )
    rule = policy.rule_for(None, None)
    assessment = asyncio.run(gate.assess(policy, Item(text=text), None, None, None))
    assert assessment.notes
    assert zone_of(rule, assessment)[0] == "human_review"
    polite = POLITE if scorer == "en" else CHINESE
    plain = asyncio.run(gate.assess(policy, Item(text=polite), None, None, None))
    assert zone_of(rule, plain)[0] == "auto_approve"
