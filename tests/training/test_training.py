"""A small real fine-tuning, from texts to a bundle that the service scores with."""

import asyncio
import csv
import json
import subprocess
from itertools import product
from pathlib import Path

import pytest

from service.domain.decision import Item
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

PREDICT = """
import json, sys
from pathlib import Path
from service.training.finetune import Settings, predict, trained
texts = json.load(sys.stdin)
print(json.dumps(predict(trained(Path(sys.argv[1])), texts, Settings()).tolist()))
"""


def run(*arguments: str | Path, text: str | None = None) -> str:
    done = subprocess.run(
        [PYTHON, *arguments], cwd=REPOSITORY, input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled texts, the run and the bundle made of them."""
    if not PYTHON.exists():
        pytest.skip("There is no training environment: make setup TRAIN=1")
    folder = tmp_path_factory.mktemp("training")
    with (folder / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["text", "label"])
        for label, sayings in ((1, FINE), (0, ABUSIVE)):
            table.writerows((says.format(thing), label) for says, thing in product(sayings, THINGS))
    run(*command("build", folder), "--bundle", folder / "small")
    return folder


def command(name: str, folder: Path) -> list[str | Path]:
    texts = folder / "texts.csv"
    return ["-m", "service.training", name, texts, "--run", folder / "run", "--epochs", "2"]


@pytest.mark.timeout(600)
def test_the_bundle_says_what_torch_says(work: Path) -> None:
    texts = ["thanks for the bicycle", "shut up you idiot", "is the lamp still available at all"]
    by_torch = json.loads(run("-c", PREDICT, work / "run", text=json.dumps(texts)))
    scorer = OnnxScorer(load_bundle(work / "small"), workers=1)

    async def acceptable(text: str) -> float:
        return (await scorer.score(Item(text=text))).probabilities["acceptable"]

    by_bundle = [asyncio.run(acceptable(text)) for text in texts]
    scorer.close()
    assert by_bundle == pytest.approx(by_torch, abs=0.03)  # int8 weights against fp32
    assert by_bundle[1] < 0.5 < by_bundle[0]


@pytest.mark.timeout(600)
def test_the_card_and_the_report_tell_what_was_done(work: Path) -> None:
    card = json.loads((work / "small" / "card.json").read_text())
    counts = card["data"]["split"]["items"]
    assert sum(counts.values()) == len(THINGS) * (len(FINE) + len(ABUSIVE))
    assert card["calibration"]["items"] == counts["calibration"]
    assert card["metrics"]["items"] == counts["test"]
    assert card["metrics"]["batch_drift"] < 1e-5
    assert card["metrics"]["measures"]["accuracy"][0] > 0.9
    report = (work / "small" / "REPORT.md").read_text()
    assert f"**test** part ({counts['test']} texts" in report


@pytest.mark.timeout(600)
def test_training_again_goes_on_from_the_checkpoint_that_is_there(work: Path) -> None:
    weights = work / "run" / "weights.pt"
    before = weights.read_bytes()
    weights.unlink()
    assert "epoch" not in run(*command("train", work))
    assert weights.read_bytes() == before
