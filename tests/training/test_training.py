"""Small real trainings by every method, from texts to bundles that the service scores with."""

import asyncio
import csv
import json
import subprocess
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from onnxruntime import InferenceSession

from service.domain.decision import Item, Score
from service.scoring.bundle import load_bundle
from service.scoring.onnx_scorer import OnnxScorer

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv-train" / "bin" / "python"

THINGS = [
    *("the phone", "this jacket", "the hotel room", "your answer", "the train", "that recipe"),
    *("the new museum", "my bicycle", "the concert", "this lamp", "the garden", "her speech"),
    *("the keyboard", "our lunch", "the film"),
]
FINE = [
    *("I really like {}", "{} was a pleasant surprise", "thanks for {}", "what a day for {}"),
    *("{} arrived on time", "is {} still available", "we enjoyed {} a lot", "good news about {}"),
]
ABUSIVE = [
    *("only an idiot likes {}", "{} is for stupid losers like you", "shut up about {} you moron"),
    *("you are too dumb for {}", "{} is crap and so are you", "take {} and get lost you fool"),
    *("nobody asked you about {} you clown", "you ruined {} you pathetic liar"),
]

SAID = """
import json, sys
from pathlib import Path
from training.models import assembled, said
from training.settings import Settings
run = Path(sys.argv[1])
settings = Settings.read(run / "settings.json")
print(json.dumps(said(assembled(run, settings), json.load(sys.stdin), settings).tolist()))
"""

SMALL = ["--depth", "2", "--labels", "fine,abusive"]
LAST = [*SMALL, "--learned-layers", "1", "--learning-rate", "0.001"]
METHODS = {
    "softmax": [*SMALL, "--epochs", "2", "--learning-rate", "0.0003"],
    "mc_dropout": [*LAST, "--epochs", "3", "--members", "4"],
    "ensemble": [*LAST, "--epochs", "3", "--members", "2"],
}


def run(*arguments: str | Path, text: str | None = None) -> str:
    done = subprocess.run(
        [PYTHON, *arguments], cwd=REPOSITORY, input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled texts, and how people voted on them."""
    if not PYTHON.exists():
        pytest.skip("There is no training environment: make setup TRAIN=1")
    folder = tmp_path_factory.mktemp("training")
    with (folder / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "label", "votes"])
        for label, votes, sayings in ((1, "3/3", FINE), (0, "1/3", ABUSIVE)):
            table.writerows(
                (says.format(thing), label, votes) for says, thing in product(sayings, THINGS)
            )
    return folder


@pytest.fixture(scope="module")
def resumed(work: Path) -> tuple[str, str]:
    """What the ensemble's training said before it was killed, and when it was run again."""
    with subprocess.Popen(
        [PYTHON, *command(work, "ensemble")], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "member-1 epoch 1" in line)
        process.kill()
    return said, run(*command(work, "ensemble"))


@pytest.fixture(scope="module")
def built(work: Path, request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Gives the folder of a method's run, with its bundle inside, made when first asked for."""

    @cache
    def build(method: str) -> Path:
        if method == "ensemble":
            request.getfixturevalue("resumed")
        else:
            run(*command(work, method))
        return work / method

    return build


def command(work: Path, method: str) -> list[str | Path]:
    places: list[str | Path] = ["--run", work / method, "--bundle", work / method / "small"]
    begin: list[str | Path] = ["-m", "training", "build", work / "texts.csv", "--method", method]
    return [*begin, *places, *METHODS[method]]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("method", METHODS)
def test_the_bundle_says_what_torch_says(built: Callable[[str], Path], method: str) -> None:
    texts = ["thanks for the bicycle", "shut up you idiot", "is the lamp still available at all"]
    folder = built(method)
    by_torch = json.loads(run("-c", SAID, folder, text=json.dumps(texts)))
    scores = asyncio.run(score(folder / "small", texts))
    fine = [found.probabilities["fine"] for found in scores]
    assert fine == pytest.approx(by_torch, abs=0.03)  # int8 weights against fp32
    assert fine[1] < 0.5 < fine[0]
    assert {found.spread is None for found in scores} == {method == "softmax"}
    assert all(found.novelty is not None for found in scores)


async def score(folder: Path, texts: list[str]) -> list[Score]:
    scorer = OnnxScorer(load_bundle(folder), workers=1)
    try:
        return [await scorer.score(Item(text=text)) for text in texts]
    finally:
        scorer.close()


@pytest.mark.timeout(600)
def test_frozen_dropout_differs_by_pass_and_never_by_batch(built: Callable[[str], Path]) -> None:
    graph = InferenceSession(built("mc_dropout") / "small" / "model.onnx")
    ids = np.array([[101, 2023, 102, 0, 0], [101, 5223, 3407, 2154, 102]])
    inputs = {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)}
    (together,) = graph.run(["member_logits"], inputs)
    (alone,) = graph.run(["member_logits"], {name: part[:1] for name, part in inputs.items()})
    assert together.shape == (4, 2, 2)
    assert together[:, :1] == pytest.approx(alone, abs=1e-5)
    assert np.ptp(together[:, 0, 0]) > 1e-3


@pytest.mark.timeout(600)
def test_the_card_and_the_report_tell_what_was_done(built: Callable[[str], Path]) -> None:
    folder = built("softmax") / "small"
    card = json.loads((folder / "card.json").read_text())
    counts = card["data"]["split"]["items"]
    assert sum(counts.values()) == len(THINGS) * (len(FINE) + len(ABUSIVE))
    assert card["calibration"]["items"] == counts["calibration"]
    assert card["metrics"]["items"] == counts["test"]
    assert card["metrics"]["batch_drift"] < 1e-5
    assert card["metrics"]["measures"]["accuracy"][0] > 0.9
    assert card["command"].endswith("texts.csv --depth 2 --epochs 2 --learning-rate 0.0003")
    report = (folder / "REPORT.md").read_text()
    assert f"**test** part ({counts['test']} texts" in report


@pytest.mark.timeout(600)
def test_a_killed_training_goes_on_after_its_last_whole_epoch(resumed: tuple[str, str]) -> None:
    before, after = resumed
    assert "member-1 epoch 1" in before
    assert "member-1 epoch 1" not in after
    assert "member-1 epoch 3" in after
    assert "member-2 epoch 3" in after


@pytest.mark.timeout(600)
def test_training_again_goes_on_from_the_checkpoint_that_is_there(
    built: Callable[[str], Path], work: Path
) -> None:
    weights = built("softmax") / "weights.pt"
    before = weights.read_bytes()
    weights.unlink()
    assert ": validation" not in run(*command(work, "softmax"))
    assert weights.read_bytes() == before
