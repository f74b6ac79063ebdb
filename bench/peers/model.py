"""The model as every peer runs it. Imports nothing of ours: it runs in the peers' environments."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

BUNDLE = Path(os.environ.get("BENCH_BUNDLE", "models/embedded"))
CORES = os.cpu_count() or 1
LARGEST_BATCH = 8
"""They come in order of arrival, so of mixed lengths, and larger ones are half padding."""

SECONDS_TO_GATHER = 0.002
"""How long a batch waits for more, where a peer has such a setting."""


class Model:
    """Texts to probabilities, a batch at a time, padded to its longest, by one thread; the
    runtime's options are the service's own (service/scoring/session.py)."""

    def __init__(self) -> None:
        card = json.loads((BUNDLE / "card.json").read_text())
        self._tokenizer = Tokenizer.from_file(str(BUNDLE / "tokenizer.json"))
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(card["max_tokens"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            BUNDLE / "model.onnx",
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=["SkipLayerNormFusion"],
        )

    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        read = self._tokenizer.encode_batch(list(texts))
        [logits] = self._session.run(
            ["logits"],
            {
                "input_ids": np.array([text.ids for text in read], dtype=np.int64),
                "attention_mask": np.array([text.attention_mask for text in read], dtype=np.int64),
            },
        )
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: list[list[float]] = (weights / weights.sum(axis=1, keepdims=True)).tolist()
        return probabilities
