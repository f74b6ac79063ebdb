"""What is no clean text or signal: the gate reads what is sure, and a person looks at the rest."""

import pytest

from tests.installation import DifyCaller, ServiceCaller
from tests.workflows.conftest import CallerOf


@pytest.mark.parametrize("blank", ["  ", "\u200b\u2060", "\u3000\n"])
def test_a_blank_text_is_reviewed(native: DifyCaller, service: ServiceCaller, blank: str) -> None:
    paused = native.start_paused(text=blank, ai_result="publish")
    task = service.http.get(f"/tasks/{paused.task_id}").raise_for_status().json()
    assert (task["reason"], task["item"]["text"]) == ("text_missing", "")
    service.http.post(f"/tasks/{paused.task_id}/cancel").raise_for_status()


def test_a_variable_that_does_not_exist_is_reviewed(
    app: CallerOf, service: ServiceCaller, text: str
) -> None:
    """Its selector comes in the place of a text."""
    answer = app("unfilled").start(text=text, category="delicate")
    [form] = answer["data"]["reasons"]
    [task] = [t for t in service.tasks() if t["task_id"] in form["form_content"]]
    shown = service.http.get(f"/tasks/{task['task_id']}").json()
    assert shown["item"]["text"] == "conversation.draft"
    assert (shown["reason"], shown["guards"][0]["guard"]) == ("guard", "unresolved_variable")
    service.http.post(f"/tasks/{task['task_id']}/cancel").raise_for_status()


@pytest.mark.parametrize(
    ("written", "verdict", "reason"),
    [
        (
            "<think>.2?</think>```json\n{'confidence': '93%', 'reason': 'fine',}\n```",
            "approve",
            "above_high",
        ),
        ("｛“score”：０.０５｝", "reject", "below_low"),
        ("93", "pending", "signals_unreadable"),
        ("conversation.score", "pending", "signals_unreadable"),
        ('{"score": 0.93, "label": "toxic"}', "pending", "signals_unreadable"),
        ('{"score": 0.01, "score": 0.99}', "pending", "signals_unreadable"),
    ],
)
def test_signals_as_a_language_model_writes_them(
    app: CallerOf, service: ServiceCaller, text: str, written: str, verdict: str, reason: str
) -> None:
    outputs = app("spoken").start(text=text, ai_result=written)["data"]["outputs"]
    assert outputs["verdict"] == verdict
    if verdict == "pending":
        task = service.http.get(f"/tasks/{outputs['review_task_id']}").json()
        assert (task["reason"], task["signals_unreadable"]) == (reason, written)
    else:
        assert outputs["reason"] == reason


def test_signals_that_do_not_fit_the_gate_are_an_error_in_words(app: CallerOf, text: str) -> None:
    outputs = app("spoken").start(text=text, ai_result='{"logits": [1, 2, 3]}')["data"]["outputs"]
    assert outputs["verdict"] == "unavailable"
    assert "logits has 3 values for 2 labels" in outputs["reason"]
