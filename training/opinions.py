"""The opinions that the comparison is made of: P(approving is right) by each kind of model.

Every piece is computed once per split and kept as a file, so that an interrupted comparison goes
on and another row costs nothing. An opinion has the shape (members, items).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from training.batches import Reading, by_length
from training.corpus import Corpus
from training.finetune import finetune, fresh, predict, trained
from training.lower import Lower
from training.members import McDropout
from training.settings import Settings

PARTS = ("calibration", "test")
PENALTY = 4.0  # the logistic regressions' C; not tuned

type Floats = NDArray[np.float64]
type Opinion = Mapping[str, Floats]


def kept(file: Path, make: Callable[[], Mapping[str, Floats]]) -> dict[str, Floats]:
    """The arrays of a file, made first where it is not there."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part.npz")
        made: dict[str, Any] = {**make()}
        np.savez_compressed(unfinished, **made)
        unfinished.replace(file)
    with np.load(file) as found:
        return dict(found)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One split of a corpus, where its pieces are kept, and what fine-tuning uses."""

    corpus: Corpus
    folder: Path
    settings: Settings
    progress: Progress

    def kept(self, name: str, make: Callable[[], Opinion]) -> Opinion:
        """The opinion of this name, made if the folder does not hold it."""
        return kept(self.folder / f"{name}.npz", make)

    def texts(self, part: str) -> list[str]:
        """The texts of a part."""
        return [item.text for item in self.corpus.parts[part]]

    def all_texts(self) -> list[str]:
        """The texts of every part."""
        return [item.text for items in self.corpus.parts.values() for item in items]

    def labels(self, part: str) -> Floats:
        """1 where approving is right, of a part."""
        return np.array([item.label for item in self.corpus.parts[part]], dtype=np.float64)


def of_ngrams(bench: Bench, analyzer: str, lengths: tuple[int, int]) -> Opinion:
    """A logistic regression on TF-IDF of n-grams: `char_wb` or `word`."""
    features = TfidfVectorizer(
        analyzer=analyzer, ngram_range=lengths, min_df=2, sublinear_tf=True, max_features=300_000
    )
    train = features.fit_transform(bench.texts("train"))
    return _linear(bench, train, lambda part: features.transform(bench.texts(part)))


def of_encoder(bench: Bench, lower: Lower | None, folder: Path) -> Opinion:
    """A logistic regression on the mean token vector of the encoder as it came."""
    texts = sorted(bench.all_texts())
    means = kept(folder / "means.npz", lambda: {"means": _means(bench, texts, lower)})["means"]
    place = {text: number for number, text in enumerate(texts)}

    def features(part: str) -> Floats:
        return means[[place[text] for text in bench.texts(part)]]

    return _linear(bench, features("train"), features)


def of_finetuned(bench: Bench, seed: int, lower: Lower | None) -> Opinion:
    """A fine-tuned encoder, no dropout in use."""
    settings, folder = _network(bench, seed)

    def make() -> Opinion:
        train, watched = bench.corpus.parts["train"], bench.corpus.parts["validation"]
        model = finetune(train, watched, folder, settings, bench.progress, lower)
        return {part: predict(model, bench.texts(part), settings, lower)[None] for part in PARTS}

    return kept(folder / "softmax.npz", make)


def of_dropout(bench: Bench, seed: int, lower: Lower | None) -> Opinion:
    """The same network under frozen dropout masks, as many as the settings' members."""
    settings, folder = _network(bench, seed)
    passes = settings.members

    def opinion(many: McDropout, read: Reading, part: str) -> Floats:
        texts = bench.texts(part)
        found = np.empty((passes, len(texts)))
        with torch.inference_mode():
            for chosen in _watched(texts, bench, f"{passes} passes, {part}"):
                logits, _ = many.above(*read([texts[place] for place in chosen]))
                found[:, chosen] = torch.softmax(logits, -1)[..., 0].numpy()
        return found

    def make() -> Opinion:
        model = trained(folder, settings)
        many = McDropout(model, passes=passes, seed=seed).eval()
        read = Reading(model, settings, lower)
        return {part: opinion(many, read, part) for part in PARTS}

    return kept(folder / f"dropout-{passes}.npz", make)


def _network(bench: Bench, seed: int) -> tuple[Settings, Path]:
    """The settings of a network, and a folder of its own for whatever they are."""
    settings = replace(bench.settings, seed=seed)
    trait = replace(settings, threads=1, members=1)
    name = hashlib.sha256(repr(trait).encode()).hexdigest()[:8]
    return settings, bench.folder / f"network-{name}"


def _means(bench: Bench, texts: Sequence[str], lower: Lower | None) -> Floats:
    model = fresh(bench.settings).eval()
    read = Reading(model, bench.settings, lower)
    found = np.empty((len(texts), model.encoder.config.hidden_size))
    with torch.inference_mode():
        for chosen in _watched(texts, bench, "the encoder as it came"):
            found[chosen] = model.mean(*read([texts[place] for place in chosen])).numpy()
    return found


def _watched(texts: Sequence[str], bench: Bench, what: str) -> Iterator[list[int]]:
    task = bench.progress.add_task(what, total=len(texts))
    for chosen in by_length(texts):
        yield chosen
        bench.progress.update(task, advance=len(chosen))


def _linear(bench: Bench, train: Any, features: Callable[[str], Any]) -> Opinion:
    model = LogisticRegression(C=PENALTY, max_iter=2000)
    model.fit(train, bench.labels("train"))
    return {part: model.predict_proba(features(part))[None, :, 1] for part in PARTS}


def stacked(opinions: Iterable[Opinion]) -> Opinion:
    """The opinions as members of one."""
    rows = list(opinions)
    return {part: np.concatenate([row[part] for row in rows]) for part in PARTS}
