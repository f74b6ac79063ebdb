"""Infinity: its ONNX engine (`optimum`) on the same file, laid out as transformers wants it. Its
classifiers take the texts of a batch one by one, each on all cores."""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench.peers.model import BUNDLE


def laid_out(folder: Path) -> Path:
    card = json.loads((BUNDLE / "card.json").read_text())
    for name in ("model.onnx", "tokenizer.json"):
        shutil.copy(BUNDLE / name, folder)
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
        "vocab_size": 30522,
        "id2label": dict(enumerate(card["labels"])),
        "label2id": {label: number for number, label in enumerate(card["labels"])},
    }
    reading = {
        "tokenizer_class": "BertTokenizerFast",
        "model_max_length": card["max_tokens"],
        "model_input_names": ["input_ids", "attention_mask"],
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps(reading))
    return folder


if __name__ == "__main__":
    command = str(Path(sys.executable).parent / "infinity_emb")
    options = ["--engine", "optimum", "--device", "cpu"]
    options += ["--model-id", ".", "--served-model-name", "scorer", "--log-level", "warning"]
    options += ["--no-model-warmup"]  # with texts longer than its classifiers can read
    os.chdir(laid_out(Path(tempfile.mkdtemp(prefix="peer-"))))
    os.execv(command, [command, "v2", *options, "--host", "127.0.0.1", "--port", sys.argv[1]])
