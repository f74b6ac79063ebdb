"""GATE_CONFIG: what a good file becomes."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.configuration import BundleLabels, Configuration, ConfigurationError, load, parse
from service.configuration.writing import section_of
from service.domain.decision import Item, ResumeMode, Thresholds
from service.domain.gate_document import document_of, policy_of
from service.domain.ids import AppName
from service.domain.outcome import Verdict
from tests.examples import NOW

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

WHOLE = """\
apps:
  moderation:
    url: https://dify.example/v1/
    api_key: "${DIFY_APP_KEY}"
    allow_internal: false
    actions: {approve: publish}
  receiver:
    url: https://receiver.example/hooks
    secrets: ["${NEW_SECRET}", "${OLD_SECRET}"]
gates:
  content-moderation:
    scorer: embedded
    labels: [offensive, acceptable]
    approve_labels: [acceptable]
    thresholds: {low: 0.10, high: 0.90}
    categories: {health: {thresholds: {low: null, high: 0.95}}}
    panel_share: 0
    review: {deadline: 24h, on_deadline: approve, lease: 90s, undo: 0s, quorum: 2}
    resume: {mode: native_form, app: moderation}
    apps: [moderation, receiver]
  refunds:
    scorer: signals
    thresholds: {low: 0, high: 1}
"""


def labels_of(bundle: str) -> BundleLabels:
    assert bundle in ("embedded", "embedded-zh")
    return BundleLabels(labels=("acceptable", "offensive"), approve_labels=("acceptable",))


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.setenv("DIFY_APP_KEY", "app-key")
    monkeypatch.setenv("NEW_SECRET", "whsec_bmV3")
    monkeypatch.setenv("OLD_SECRET", "whsec_b2xk")
    return parse(WHOLE, labels_of, name="gates.yml")


def test_without_a_file_there_is_one_gate_on_the_embedded_models() -> None:
    configuration = load(None, labels_of)
    (gate,) = configuration.gates
    assert configuration.apps == {}
    assert gate.gate == "content-moderation"
    assert gate.by_language == {"en": "embedded", "zh": "embedded-zh"}
    assert gate.labels == ("acceptable", "offensive")
    assert gate.approve_labels == ("acceptable",)
    assert gate.thresholds == Thresholds(low=0.1, high=0.9)
    assert gate.resume.mode is ResumeMode.NONE


def test_a_gate_may_have_a_scorer_for_each_language() -> None:
    text = """\
gates:
  comments:
    scorer: {en: embedded, zh: embedded-zh}
    thresholds: {low: 0.1, high: 0.9}
"""
    labels = ("acceptable", "offensive")
    bundle = BundleLabels(labels=labels, approve_labels=labels[:1], languages=("en", "zh"))
    (gate,) = parse(text, lambda name: bundle, name="gates.yml").gates
    assert gate.by_language == {"en": "embedded", "zh": "embedded-zh"}
    assert gate.scorer_for(Item(text="fine")) == "embedded"
    assert gate.scorer_for(Item(text="很好")) == "embedded-zh"
    assert gate.scorer_for(Item(text="いいね")) is None
    assert section_of(gate)["scorer"] == {"en": "embedded", "zh": "embedded-zh"}


def test_silence_rejects_unless_the_file_says_approve(whole: Configuration) -> None:
    moderation, refunds = whole.gates
    assert moderation.review.on_deadline is Verdict.APPROVE
    assert refunds.review.on_deadline is Verdict.REJECT


def test_every_key_reaches_its_gate(whole: Configuration) -> None:
    moderation, refunds = whole.gates
    assert moderation.labels == ("offensive", "acceptable")
    assert moderation.thresholds == Thresholds(low=0.1, high=0.9)
    assert moderation.categories == {"health": Thresholds(low=None, high=0.95)}
    assert moderation.review.deadline == timedelta(hours=24)
    assert moderation.review.lease == timedelta(seconds=90)
    assert moderation.review.undo == timedelta(0)
    assert moderation.review.quorum == 2
    assert moderation.resume.mode is ResumeMode.NATIVE_FORM
    assert moderation.resume.app == "moderation"
    assert moderation.apps == ("moderation", "receiver")
    assert refunds.labels == ("approve", "reject")
    assert refunds.approve_labels == ("approve",)


def test_every_key_reaches_its_app(whole: Configuration) -> None:
    moderation = whole.apps[AppName("moderation")]
    assert moderation.url == "https://dify.example/v1"
    assert moderation.api_key == "app-key"
    assert not moderation.allow_internal
    assert moderation.actions == {Verdict.APPROVE: "publish", Verdict.REJECT: "reject"}
    assert whole.apps[AppName("receiver")].secrets == ("whsec_bmV3", "whsec_b2xk")


def test_secrets_never_show_in_repr(whole: Configuration) -> None:
    for secret in ("app-key", "whsec_bmV3", "whsec_b2xk"):
        assert secret not in repr(whole)


@given(st.integers(1, 999_999), st.sampled_from("smhd"), st.sampled_from(["", " "]))
def test_durations_are_a_number_and_a_unit(number: int, unit: str, gap: str) -> None:
    text = (
        f"gates: {{g: {{thresholds: {{low: 0, high: 1}}, review: {{lease: {number}{gap}{unit}}}}}}}"
    )
    (gate,) = parse(text, labels_of, name="gates.yml").gates
    assert gate.review.lease == timedelta(**{UNITS[unit]: number})


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "gates.yml"
    file.write_text("gates: {only: {scorer: signals, thresholds: {low: null, high: null}}}")
    (gate,) = load(file, labels_of).gates
    assert gate.gate == "only"
    assert gate.thresholds == Thresholds(low=None, high=None)


def test_a_contract_reaches_its_gate() -> None:
    text = """\
gates:
  earning:
    scorer: signals
    contract:
      target: per_side
      wrong_approvals: 0.01
      wrong_rejections: 0.02
      review: {min: 0.05, max: 0.30}
      costs: {wrong_approval: 50, wrong_rejection: 5, review_minute: 1}
    panel_share: 0.03
    panel_holds: true
"""
    [gate] = parse(text, labels_of, name="gates.yml").gates
    assert gate.contract is not None
    assert gate.contract.wrong_approvals == 0.01
    assert (gate.contract.review.min, gate.contract.review.max) == (0.05, 0.30)
    assert gate.contract.costs is not None
    assert gate.contract.costs.wrong_approval == 50
    assert (gate.panel.share, gate.panel.holds) == (0.03, True)
    assert gate.rule_for(None).uncertified


def test_a_language_model_is_a_scorer_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_KEY", "sk-1")
    text = """\
language_models:
  judge:
    url: http://vllm:8000/v1
    model: some/model
    api_key: "${LLM_KEY}"
    answers: {fine: A, rude: B}
    approve_labels: [fine]
    timeout: 5s
    extra: {chat_template_kwargs: {enable_thinking: false}}
gates:
  forum: {scorer: judge, thresholds: {low: 0.1, high: 0.9}}
"""
    configuration = parse(text, labels_of, name="gates.yml")
    (gate,) = configuration.gates
    assert (gate.scorer, gate.labels, gate.approve_labels) == ("judge", ("fine", "rude"), ("fine",))
    judge = configuration.language_models["judge"]
    assert judge.url == "http://vllm:8000/v1/"
    assert judge.api_key == "sk-1"
    assert judge.timeout == timedelta(seconds=5)
    assert judge.extra == {"chat_template_kwargs": {"enable_thinking": False}}


def test_the_fallbacks_phrases_are_read_and_kept() -> None:
    [policy] = parse(
        "gates:\n  g:\n    scorer: embedded\n    thresholds: {low: 0.1, high: 0.9}\n"
        "    fallback: {reject_when: {contains: [free money, 加微信]}}\n",
        lambda _: BundleLabels(labels=("a", "b"), approve_labels=("a",)),
        name="gates.yml",
    ).gates
    assert policy.fallback.reject_containing == ("free money", "加微信")
    again = policy_of(policy.gate, 1, document_of(policy), NOW)
    assert again.fallback == policy.fallback
    assert section_of(policy)["fallback"] == {"reject_when": {"contains": ["free money", "加微信"]}}


@pytest.mark.parametrize(
    ("scorer", "limits", "why"),
    [
        ("embedded", "contract: {target: system_error, wrong_answers: 0.01}", "beside a contract"),
        ("signals", "thresholds: {low: 0.1, high: 0.9}", "this gate has none"),
    ],
)
def test_a_fallback_where_it_would_not_be_safe_is_refused(
    scorer: str, limits: str, why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        parse(
            f"gates:\n  g:\n    scorer: {scorer}\n    {limits}\n"
            "    fallback: {reject_when: {contains: [free money]}}\n",
            lambda _: BundleLabels(labels=("a", "b"), approve_labels=("a",)),
            name="gates.yml",
        )
