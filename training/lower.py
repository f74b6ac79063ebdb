"""What the layers that do not learn make of each text: computed once, read in every epoch.

Kept as one file of fp16 vectors, a row per token, and a count of the texts that are done, so that
an interrupted computation goes on. Runs on other splits of the same texts share the file.
"""

import hashlib
import json
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress
from tokenizers import Tokenizer

from training.encoder import ENCODER_SHA256, Classifier

CHUNK = 64  # texts of near length that are computed together
FILE = "vectors.npy"
DONE = "done.json"


class Lower:
    """Token vectors (texts, tokens, width) below the first layer that learns, from a file."""

    def __init__(self, vectors: np.ndarray, places: dict[str, tuple[int, int]]) -> None:
        self._vectors = vectors
        self._places = places

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """The vectors of texts that the file was made of, 0 where padded."""
        spans = [self._places[text] for text in texts]
        longest = max(end - start for start, end in spans)
        found = torch.zeros(len(spans), longest, self._vectors.shape[1])
        for row, (start, end) in zip(found, spans, strict=True):
            row[: end - start] = torch.from_numpy(self._vectors[start:end].astype(np.float32))
        return found


def lower_vectors(
    model: Classifier, texts: Sequence[str], encode: Tokenizer, folder: Path, progress: Progress
) -> Lower:
    """The vectors of all texts; computes what the folder does not hold yet."""
    texts = sorted(set(texts), key=lambda text: (len(text), text))
    rows = [encoding.ids for encoding in encode.encode_batch(texts)]
    ends = list(accumulate(map(len, rows)))
    places = {text: (end - len(row), end) for text, row, end in zip(texts, rows, ends, strict=True)}
    width = model.encoder.config.hidden_size
    purpose = json.dumps([ENCODER_SHA256, model.first_learned, rows])
    folder = folder / hashlib.sha256(purpose.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    file, done_file = folder / FILE, folder / DONE
    done = json.loads(done_file.read_text()) if done_file.exists() else 0
    vectors = np.lib.format.open_memmap(
        file, mode="r+" if done else "w+", dtype=np.float16, shape=(ends[-1], width)
    )
    task = progress.add_task("lower layers", total=len(texts), completed=done)
    model.eval()
    for start in range(done, len(texts), CHUNK):
        chunk = rows[start : start + CHUNK]
        with torch.inference_mode():
            ids, mask = padded(chunk)
            found = model.lower(ids, mask).numpy()
        for row, text in zip(found, texts[start : start + CHUNK], strict=True):
            first, last = places[text]
            vectors[first:last] = row[: last - first]
        vectors.flush()
        done_file.write_text(json.dumps(min(start + CHUNK, len(texts))))
        progress.update(task, advance=len(chunk))
    return Lower(np.load(file, mmap_mode="r"), places)


def padded(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and their mask, both (texts, tokens) and 0 where padded."""
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids, mask
