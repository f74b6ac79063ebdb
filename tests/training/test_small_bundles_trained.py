"""Character models and records, trained for real on a handful of rows, scored by the service."""

import asyncio
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.domain.decision import Item
from service.scoring.bundle import load_bundle
from service.scoring.onnx_scorer import OnnxScorer

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHON = REPOSITORY / ".venv-train" / "bin" / "python"

CHARACTERS = """
import json, sys
from itertools import product
from pathlib import Path
import numpy as np
from rich.progress import Progress
from corpora import LabelledText
from training.characters.bundle import export, sigma, train
from training.characters.learning import Settings, Texts

things = "手机 衣服 房间 回答 火车 菜谱 博物馆 自行车 音乐会 台灯 花园 演讲 键盘 午饭 电影".split()
fine = ["我真的很喜欢{}", "{}让人惊喜", "谢谢你的{}", "{}准时到了", "{}还有货吗", "我们很享受{}"]
bad = ["只有白痴才喜欢{}", "{}和你一样蠢", "闭嘴吧，滚你的{}", "你这废物不配{}", "{}是垃圾，你也是"]
texts = [
    LabelledText(text=says.format(thing), label=label, approving_share=label)
    for label, sayings in ((1, fine), (0, bad)) for says, thing in product(sayings, things)
]
chance = np.random.default_rng(3)
texts = [texts[place] for place in chance.permutation(len(texts))]
parts = {"train": texts[:100], "validation": texts[100:125], "calibration": texts[125:145],
         "test": texts[145:]}
folder = Path(sys.argv[1])
settings = Settings(epochs=12, seeds=(1, 2), width=24, filters=24, batch=16)
with Progress() as progress:
    trained = train(parts, settings, folder / "run", progress)
    again = train(parts, settings, folder / "run", progress)
export(trained, parts, settings, folder / "bundle", {"name": "templates"})
said = Texts.of(parts["test"], trained.tokenizer)
odds = [trained.odds(network, said) for network in trained.networks]
assert np.allclose(odds[0], again.odds(again.networks[0], said))
print(json.dumps([[item.text, item.label] for item in parts["test"]]))
print(json.dumps(np.mean([sigma(one) for one in odds], axis=0).tolist()))
"""

RECORDS = """
import json, sys
from pathlib import Path
import numpy as np
from corpora import Application
from training.records import learning

chance = np.random.default_rng(5)
records = []
for _ in range(400):
    income, home, origin = chance.normal(3000, 800), chance.choice(["owned", "rented"]), "here"
    odds = (income - 3000) / 400 + (1 if home == "owned" else -1)
    label = int(chance.random() < 1 / (1 + np.exp(-odds)))
    fields = {"income": int(income), "home": str(home), "origin": origin}
    records.append(Application(fields=fields, label=label))
columns = learning.columns_of(records, ["origin"])
weights, bias = learning.fit_logistic(columns, records)
folder = Path(sys.argv[1])
(folder / "model.onnx").write_bytes(learning.to_onnx(weights, bias).SerializeToString())
(folder / "fields.json").write_text(json.dumps(learning.document_of(columns)))
calibrator = learning.calibrate(learning.logistic(["origin"]), records, 1)
(folder / "calibrator.json").write_text(json.dumps(calibrator.to_json()))
print(json.dumps([dict(one.fields) for one in records[:20]]))
print(json.dumps(learning.logistic(["origin"])(records)(records[:20]).tolist()))
"""


def run(script: str, folder: Path) -> list[Any]:
    if not PYTHON.exists():
        pytest.skip("There is no training environment: make setup TRAIN=1")
    done = subprocess.run(
        [PYTHON, "-c", script, folder], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()[-2:]]


def approved(folder: Path, items: list[Item]) -> list[float]:
    bundle = load_bundle(folder)
    scorer = OnnxScorer(bundle, workers=1)
    scores = [asyncio.run(scorer.score(item)) for item in items]
    scorer.close()
    return [score.probabilities[bundle.approve_labels[0]] for score in scores]


@pytest.mark.timeout(600)
def test_the_character_bundle_says_what_torch_says(tmp_path: Path) -> None:
    posts, by_torch = run(CHARACTERS, tmp_path)
    found = approved(tmp_path / "bundle", [Item(text=text) for text, _ in posts])
    assert found == pytest.approx(by_torch, abs=1e-5)
    right = [(c > 0.5) == bool(label) for c, (_, label) in zip(found, posts, strict=True)]
    assert sum(right) / len(right) > 0.9


@pytest.mark.timeout(600)
def test_a_bundle_of_records_says_what_was_fitted(tmp_path: Path) -> None:
    records, fitted = run(RECORDS, tmp_path)
    names = ("model.onnx", "fields.json", "calibrator.json")
    card = {
        "name": "loans",
        "reader": "fields",
        "labels": ["good", "bad"],
        "approve_labels": ["good"],
        "files": {
            name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in names
        },
    }
    (tmp_path / "card.json").write_text(json.dumps(card))
    found = approved(tmp_path, [Item(fields=fields) for fields in records])
    assert found == pytest.approx(fitted, abs=1e-5)
    elsewhere = [Item(fields=fields | {"origin": "elsewhere"}) for fields in records]
    assert approved(tmp_path, elsewhere) == found
