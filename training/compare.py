"""Every confidence method on the same texts: how often each is right, and whether it knows.

What is cheap is done on every split; deep ensembles are trained on the first alone. The table
says over how many splits each row is. It is written anew whenever a piece is done, so an
interrupted comparison has one too; the same command goes on where it stopped.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.progress import Progress

import corpora
from service.scoring.heads import Method
from training import methods, opinions
from training.corpus import corpus
from training.models import stored_lower
from training.opinions import Bench, Opinion, stacked
from training.settings import Settings

# Dropout of whole hidden units in training too: one network then serves three of the methods.
SETTINGS = Settings(
    method=Method.MC_DROPOUT,
    members=10,
    learned_layers=2,
    epochs=2,
    batch=64,
    learning_rate=3e-4,
)

CHARACTERS, WORDS, ENCODER = "characters", "words", "encoder"
TUNED, DROPOUT, ENSEMBLE = "fine-tuned", "MC dropout", "deep ensemble"

type Row = tuple[str, Sequence[str], methods.Method]
ROWS: Sequence[Row] = (
    ("character 2-5-grams, logistic", [CHARACTERS], methods.calibrated),
    ("word 1-2-grams, logistic", [WORDS], methods.calibrated),
    ("MiniLM as it came, logistic", [ENCODER], methods.calibrated),
    ("stack of these three", [CHARACTERS, WORDS, ENCODER], methods.stack),
    ("these three, agreement (source)", [CHARACTERS, WORDS, ENCODER], methods.agreed),
    ("these three, meta-model", [CHARACTERS, WORDS, ENCODER], methods.weighed),
    ("MiniLM fine-tuned, softmax", [TUNED], methods.raw),
    ("MiniLM fine-tuned, temperature", [TUNED], methods.temperature),
    ("MiniLM fine-tuned, chosen calibrator", [TUNED], methods.calibrated),
    ("MC dropout, agreement (source)", [DROPOUT], methods.agreed),
    ("MC dropout, mean, chosen calibrator", [DROPOUT], methods.calibrated),
    ("MC dropout, meta-model", [DROPOUT], methods.weighed),
    ("deep ensemble, agreement (source)", [ENSEMBLE], methods.agreed),
    ("deep ensemble, mean, chosen calibrator", [ENSEMBLE], methods.calibrated),
    ("deep ensemble, meta-model", [ENSEMBLE], methods.weighed),
    ("stack of fine-tuned, characters, words", [TUNED, CHARACTERS, WORDS], methods.stack),
    ("fine-tuned, characters, words: meta-model", [TUNED, CHARACTERS, WORDS], methods.weighed),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The seeds: the first split is drawn by `splits[0]`, its network trained from `seeds[0]`, and
    so on. The ensemble's members are networks on the first split, from all the seeds."""

    splits: Sequence[int] = (corpora.SPLIT_SEED, 1, 2, 3, 4)
    seeds: Sequence[int] = (7, 1, 2, 3, 4)


@dataclass(frozen=True, kw_only=True)
class Split:
    """One split, and the opinions that are known on it."""

    bench: Bench
    seed: int
    opinions: dict[str, Opinion]


def splits(
    source: str, plan: Plan, settings: Settings, folder: Path, progress: Progress
) -> list[Split]:
    """The splits of the plan, with nothing known yet."""
    return [
        Split(
            bench=Bench(
                corpus=corpus(source, number),
                folder=folder / f"split-{number}",
                settings=settings,
                progress=progress,
            ),
            seed=seed,
            opinions={},
        )
        for number, seed in zip(plan.splits, plan.seeds, strict=True)
    ]


def collect(found: Sequence[Split], plan: Plan, folder: Path) -> Iterator[None]:
    """Every opinion on every split, computed where the folder does not hold it yet. Yields after
    each. What says most for its price comes first."""
    ngrams = {CHARACTERS: ("char_wb", (2, 5)), WORDS: ("word", (1, 2))}
    for split in found:
        for name, (analyzer, lengths) in ngrams.items():
            yield from _add(
                split, name, partial(opinions.of_ngrams, split.bench, analyzer, lengths)
            )
    first = found[0].bench
    lower = stored_lower(first.corpus, first.settings, folder / "lower", first.progress)
    for split in found:
        make = partial(opinions.of_encoder, split.bench, lower, folder / "lower")
        yield from _add(split, ENCODER, make)
    for split in found:
        split.opinions[TUNED] = opinions.of_finetuned(split.bench, split.seed, lower)
        yield
    for split in found:
        split.opinions[DROPOUT] = opinions.of_dropout(split.bench, split.seed, lower)
        yield
    members = [opinions.of_finetuned(first, seed, lower) for seed in plan.seeds]
    found[0].opinions[ENSEMBLE] = stacked(members)
    yield


def _add(split: Split, name: str, make: Callable[[], Opinion]) -> Iterator[None]:
    split.opinions[name] = split.bench.kept(name, make)
    yield
