"""How the members learn. Each is kept as a file, so that an interrupted training goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from corpora import LabelledText
from training.characters.networks import BUCKETS, CharacterCnn, NgramModel, ngrams

MEGABATCH = 40  # batches that are sorted by length together: little padding, still shuffled
UNKNOWN_ID = 1

type Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the trained weights depend on, besides the texts."""

    max_tokens: int = 160
    epochs: int = 6
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    smoothing: float = 0.05
    hidden: float = 0.1  # of a text's characters, in training
    width: int = 96
    filters: int = 128
    widest: int = 3
    dropout: float = 0.5
    penalty: float = 8.0  # the logistic regression's C
    threads: int = 1
    seeds: tuple[int, ...] = (1, 2, 3)


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts as rows of token ids, with their labels, in batches of like length."""

    rows: Sequence[Sequence[int]]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, items: Sequence[LabelledText], tokenizer: Tokenizer) -> "Texts":
        encoded = tokenizer.encode_batch([item.text for item in items])
        return cls([one.ids or [UNKNOWN_ID] for one in encoded], np.array([i.label for i in items]))

    def padded(self, places: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Token ids and mask (texts, tokens) of some of them."""
        rows = [self.rows[place] for place in places]
        ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
        return ids, (ids > 0).long()

    def in_order(self, batch: int) -> list[list[int]]:
        """All places by length."""
        order = sorted(range(len(self.rows)), key=lambda place: len(self.rows[place]))
        return [order[at : at + batch] for at in range(0, len(order), batch)]

    def shuffled(self, batch: int, chance: np.random.Generator) -> list[list[int]]:
        """All places by lot, in batches of near lengths."""
        order, span = chance.permutation(len(self.rows)).tolist(), batch * MEGABATCH
        batches: list[list[int]] = []
        for start in range(0, len(order), span):
            near = sorted(order[start : start + span], key=lambda place: len(self.rows[place]))
            batches += [near[at : at + batch] for at in range(0, len(near), batch)]
        return [batches[place] for place in chance.permutation(len(batches))]


def fit_ngrams(texts: Texts, settings: Settings, file: Path) -> NgramModel:
    """A logistic regression whose features are scaled by how much they tell (Wang and Manning
    2012): the log-ratio of their frequencies in texts to approve and to reject."""
    model = NgramModel()
    if file.exists():
        model.load_state_dict(torch.load(file, weights_only=True))
        return model
    counts = _counts(texts)
    seen = counts.copy()
    seen.data[:] = 1
    idf = 1 + np.log((1 + counts.shape[0]) / (1 + np.asarray(seen.sum(0)).ravel()))
    norm = np.sqrt(np.maximum(np.asarray(counts @ (idf**2)).ravel(), 1e-6))
    approved, rejected = (1 + np.asarray(seen[texts.labels == y].sum(0)).ravel() for y in (1, 0))
    scale = idf * np.log((approved / approved.sum()) / (rejected / rejected.sum()))
    linear = LogisticRegression(C=settings.penalty, max_iter=400)
    linear.fit(diags(1 / norm) @ counts @ diags(scale), texts.labels)
    model.weight.data = torch.from_numpy(linear.coef_[0] * scale).float()
    model.idf.data = torch.from_numpy(idf).float()
    model.bias.data = torch.tensor(float(linear.intercept_[0]))
    torch.save(model.state_dict(), file)
    return model


def _counts(texts: Texts) -> csr_matrix:
    """How often each hashed n-gram occurs, (texts, BUCKETS)."""
    rows, columns = [], []
    for places in texts.in_order(256):
        hashes, real = ngrams(*texts.padded(places))
        text, column = torch.nonzero(real, as_tuple=True)
        rows.append(np.asarray(places)[text.numpy()])
        columns.append(hashes[text, column].numpy())
    found = np.concatenate(columns)
    where = (np.concatenate(rows), found)
    return csr_matrix((np.ones(len(found)), where), (len(texts.rows), BUCKETS))


def learn_network(
    train: Texts, tokens: int, settings: Settings, seed: int, file: Path, progress: Progress
) -> CharacterCnn:
    """One network from the seed, or from the file where it was trained before."""
    torch.manual_seed(seed)
    torch.set_num_threads(settings.threads)
    network = CharacterCnn(
        tokens, settings.width, settings.filters, settings.widest, settings.dropout
    )
    if file.exists():
        network.load_state_dict(torch.load(file, weights_only=True))
        network.eval()
        return network
    chance = np.random.default_rng(seed)
    steps = settings.epochs * len(train.in_order(settings.batch))
    optimiser = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=steps + settings.epochs, pct_start=0.1
    )
    task = progress.add_task(f"network {seed}", total=steps)
    network.train()
    for _ in range(settings.epochs):
        for places in train.shuffled(settings.batch, chance):
            ids, mask = train.padded(places)
            blank = (torch.rand(ids.shape) < settings.hidden) & (ids > 0)
            logits = network(ids.masked_fill(blank, UNKNOWN_ID), mask)
            # The network's first logit is for approving, label 1.
            target = torch.from_numpy(1 - train.labels[places])
            loss = functional.cross_entropy(logits, target, label_smoothing=settings.smoothing)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            progress.update(task, advance=1)
    torch.save(network.state_dict(), file)
    network.eval()
    return network


def odds(model: NgramModel | CharacterCnn, texts: Texts) -> Floats:
    """The log-odds of approving that a member gives to every text."""
    found = np.empty(len(texts.rows))
    with torch.inference_mode():
        for places in texts.in_order(128):
            logits = model(*texts.padded(places))
            found[places] = (logits if logits.ndim == 1 else logits[:, 0] - logits[:, 1]).numpy()
    return found
