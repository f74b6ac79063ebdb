"""A gate whose scorer is a language model: its word decides, its silence never does."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import KEY, serving, settings_for
from tests.scoring.openai.recorded import ITEMS, recorded_server

MODEL = """\
  {name}:
    url: {url}
    model: tiny
    question: Is this comment acceptable or offensive?
    answers: {{acceptable: A, offensive: B}}
    approve_labels: [acceptable]
"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("language-model")
    with recorded_server() as url:
        (folder / "gates.yaml").write_text(
            "language_models:\n"
            + MODEL.format(name="judge", url=url)
            + MODEL.format(name="gone", url="http://127.0.0.1:9/v1")
            + "gates:\n"
            + "  forum: {scorer: judge, thresholds: {low: 0.1, high: 0.9}}\n"
            + "  silent: {scorer: gone, thresholds: {low: 0.1, high: 0.9}}\n"
        )
        with (
            serving(settings_for(folder)) as address,
            httpx.Client(
                base_url=address, headers={"Authorization": f"Bearer {KEY}"}, timeout=30
            ) as client,
        ):
            yield client


def test_its_word_decides(api: httpx.Client) -> None:
    fine, rude = (
        api.post("/v1/gates/forum/decisions", json={"item": {"text": item.text}}).json()
        for item in ITEMS[:2]
    )
    assert fine["model_version"].startswith("judge@")
    assert fine["decision"] == "auto_approve"
    assert rude["confidence"] < fine["confidence"]


def test_a_record_can_be_judged_too(api: httpx.Client) -> None:
    answer = api.post("/v1/gates/forum/decisions", json={"item": {"fields": dict(ITEMS[4].fields)}})
    assert answer.json()["confidence"] is not None


def test_its_silence_is_for_people(api: httpx.Client) -> None:
    answer = api.post("/v1/gates/silent/decisions", json={"item": {"text": "Hello there."}}).json()
    assert (answer["decision"], answer["reason"]) == ("human_review", "scorer_failed")
    assert answer["review_task_id"]


def test_readiness_says_where_it_runs(api: httpx.Client) -> None:
    models = api.get("/readyz").json()["models"]
    assert any(version.startswith("judge@") for version in models)
