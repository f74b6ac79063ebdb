"""The limit: ONNX Runtime on the model and nothing else, in a process of its own.

As many runs of one thread each as there are cores, batches of texts of like length out of all of
them, no server. `python -m bench.raw BUNDLE` reads commands as JSON lines, `{"seconds": 5,
"tokenise": false}`, and answers each with texts a second. With `tokenise` every text is tokenised
anew in its batch, which a server cannot do without; the sorting is free either way.
"""

import itertools
import json
import os
import random
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from bench import texts
from service.scoring.session import SLOW_ON_CPU

TEXTS = 4096
BATCH = 32
CPU_BATCHES, CPU_RUNS = 16, 12


class Raw:
    def __init__(self, bundle: Path) -> None:
        card = json.loads((bundle / "card.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            bundle / "model.onnx",
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=SLOW_ON_CPU,  # as the service does: the limit is not made lower
        )
        self._tokenizer = Tokenizer.from_file(str(bundle / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(card["max_tokens"])
        found = texts.find(TEXTS).texts
        by_length = sorted(found, key=lambda text: len(self._tokenizer.encode(text).ids))
        self._batches = [by_length[at : at + BATCH] for at in range(0, TEXTS, BATCH)]
        random.Random(texts.SEED).shuffle(self._batches)  # any stretch of them is a fair mix
        self._tokenised = [self._inputs(batch) for batch in self._batches]

    def per_second(self, seconds: float, *, tokenise: bool) -> float:
        """Texts a second; a batch counts if it was begun in time, and so does its time."""
        turns, done = itertools.count(), itertools.count()
        stop_at = time.perf_counter() + seconds

        def work() -> None:
            while time.perf_counter() < stop_at:
                turn = next(turns) % len(self._batches)
                known = self._tokenised[turn]
                self._session.run(None, self._inputs(self._batches[turn]) if tokenise else known)
                next(done)

        began = time.perf_counter()
        workers = [threading.Thread(target=work) for _ in range(os.cpu_count() or 1)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return next(done) * BATCH / (time.perf_counter() - began)

    def least_cpu(self) -> float:
        """Texts a second of CPU time, one thread, each batch at its best of several runs: a figure
        that hardly knows what else the machine does."""
        least = [float("inf")] * CPU_BATCHES
        for turn in range(CPU_BATCHES * CPU_RUNS):
            place = turn % CPU_BATCHES
            began = time.process_time()
            self._session.run(None, self._tokenised[place])
            least[place] = min(least[place], time.process_time() - began)
        return CPU_BATCHES * BATCH / sum(least)

    def _inputs(self, batch: list[str]) -> dict[str, np.ndarray]:
        rows = [self._tokenizer.encode(text).ids for text in batch]
        ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        return {"input_ids": ids, "attention_mask": mask}


def main() -> None:
    raw = Raw(Path(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        print(raw.per_second(command["seconds"], tokenise=command["tokenise"]), flush=True)


if __name__ == "__main__":
    main()
