"""Is a complex text judged worse than its confidence says? `python -m experiments.complexity`.

A Platt calibrator of the embedded bundle's score is fitted on the validation part, alone and with
a pull towards the middle that grows with one measure of complexity; their log-losses are compared
on the calibration and test parts together. Then what the guard `complexity` would send to people
there, and how often the embedded bundle is wrong about it.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from corpora import LabelledText, davidson, split
from service.domain.decision import Item
from service.scoring.bundle import load_bundle
from service.scoring.novelty import NOVELTY, Novelty
from service.scoring.readers import make_reader
from training.serving import raw_scores

BUNDLE = Path("models/embedded")

type Floats = NDArray[np.float64]


def measures() -> dict[str, Callable[[str], float]]:
    """What makes a text complex, each as a number."""
    reader = make_reader(load_bundle(BUNDLE))
    novelty = _novelty()

    def surprisals(text: str) -> Floats:
        ids = reader.read(Item(text=text)).rows["input_ids"]
        return novelty.surprisal[np.minimum(ids, len(novelty.surprisal) - 1)]

    def entropy(text: str) -> float:
        shares = np.array(list(Counter(text).values())) / len(text)
        return float(-(shares * np.log(shares)).sum())

    return {
        "length (log of tokens)": lambda text: math.log(len(surprisals(text))),
        "mean surprisal of tokens": lambda text: float(surprisals(text).mean()),
        "share of rare tokens": lambda text: float((surprisals(text) > 11).mean()),
        "entropy of characters": entropy,
        "sentences": lambda text: float(sum(text.count(mark) for mark in ".!?")),
        "characters outside ASCII": lambda text: sum(not c.isascii() for c in text) / len(text),
    }


def log_losses(confidence: Floats, labels: Floats) -> Floats:
    """-ln of what was given to the truth, per item."""
    return -np.log(np.where(labels == 1, confidence, 1 - confidence))


def main() -> None:
    """Print what each measure says of errors, and what it adds to the confidence."""
    parts = split(davidson())
    fitted_on, z, y = _readable(parts["validation"])
    judged_on, z_new, y_new = _readable([*parts["calibration"], *parts["test"]])
    plain = LogisticRegression(C=1e6).fit(z[:, None], y)
    before = log_losses(plain.predict_proba(z_new[:, None])[:, 1], y_new)
    wrong = (plain.predict(z_new[:, None]) != y_new).astype(int)
    table = Table("measure", "AUROC for errors", "change of log-loss (standard error)")
    unsure = roc_auc_score(wrong, -np.abs(plain.decision_function(z_new[:, None])))
    table.add_row("the confidence itself", f"{unsure:.3f}", f"(log-loss {before.mean():.4f})")
    for name, measure in measures().items():
        x = np.array([measure(item.text) for item in fitted_on])
        x_new = np.array([measure(item.text) for item in judged_on])
        x, x_new = (x - x.mean()) / x.std(), (x_new - x.mean()) / x.std()
        pulled = LogisticRegression(C=1e6).fit(np.c_[z, z * x], y)
        after = log_losses(pulled.predict_proba(np.c_[z_new, z_new * x_new])[:, 1], y_new)
        change = after - before
        error = change.std() / math.sqrt(len(change))
        says = roc_auc_score(wrong, x_new)
        table.add_row(name, f"{says:.3f}", f"{change.mean():+.4f} ({error:.4f})")
    Console().print(table)
    Console().print(told([item.text for item in judged_on], wrong))


def told(texts: Sequence[str], wrong: NDArray[np.int64]) -> Table:
    """At each limit the share of texts that the guard tells, and the errors on both sides."""
    reader, novelty = make_reader(load_bundle(BUNDLE)), _novelty()
    inputs = [reader.read(Item(text=text)) for text in texts]
    complexity = np.array(novelty.complexities(novelty.measures(inputs, None)))
    table = Table("`complexity`", "too complex", "errors among these", "errors among the others")
    for limit in (0.01, 0.05, 0.1, 0.2):
        over = complexity > 1 - limit
        shares = (over.mean(), wrong[over].mean(), wrong[~over].mean())
        table.add_row(str(limit), *(f"{share:.1%}" for share in shares))
    return table


def _novelty() -> Novelty:
    return Novelty.of_file((BUNDLE / NOVELTY).read_bytes())


def _readable(items: Sequence[LabelledText]) -> tuple[list[LabelledText], Floats, Floats]:
    """The items that the model reads, with the logits of their scores, and their labels."""
    p = raw_scores(BUNDLE, items)
    kept = [item for item, score in zip(items, p, strict=True) if np.isfinite(score)]
    p = np.clip(p[np.isfinite(p)], 1e-6, 1 - 1e-6)
    return kept, np.log(p / (1 - p)), np.array([item.label for item in kept], dtype=np.float64)


if __name__ == "__main__":
    main()
