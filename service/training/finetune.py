"""Fine-tuning: every layer of the encoder learns, with a checkpoint after each epoch."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress
from tokenizers import Tokenizer

from experiments.data import LabelledText
from service.training.encoder import Classifier, pretrained, tokenizer, untrained

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.pt"
MEGABATCH = 40  # batches that are sorted by length together: little padding, still shuffled


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the trained weights depend on, besides the texts."""

    epochs: int = 3
    batch: int = 32
    learning_rate: float = 1e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    vote_weight: float = 0.5  # how much of the target is the annotators' share, not their majority
    max_tokens: int = 128
    threads: int = 2
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Padded token ids and their mask, (texts, tokens), and P(approving is right) per text."""

    ids: torch.Tensor
    mask: torch.Tensor
    target: torch.Tensor


def finetune(
    train: Sequence[LabelledText],
    validation: Sequence[LabelledText],
    folder: Path,
    settings: Settings,
    progress: Progress,
) -> Classifier:
    """Fine-tune on `train`; goes on from the folder's checkpoint where it was made for the same.

    After each epoch the loss on `validation` is told; it chooses nothing.
    """
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    model = pretrained(labels=2)
    texts = tokenizer()
    steps_per_epoch = -(-len(train) // settings.batch)
    optimiser = torch.optim.AdamW(_groups(model, settings), lr=settings.learning_rate, fused=True)
    schedule = _schedule(optimiser, settings, steps_per_epoch * settings.epochs)
    purpose = _purpose(train, settings)
    first_epoch = _restore(folder, purpose, model, optimiser, schedule)
    for epoch in range(first_epoch, settings.epochs):
        model.train()
        batches = _batches(train, texts, settings, np.random.default_rng((settings.seed, epoch)))
        task = progress.add_task(f"epoch {epoch + 1} of {settings.epochs}", total=steps_per_epoch)
        for batch in batches:
            loss = _loss(model, batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            progress.update(task, advance=1)
        _save(folder, purpose, epoch + 1, model, optimiser, schedule)
        progress.console.print(
            f"epoch {epoch + 1}: validation {validation_note(model, validation, settings)}"
        )
    torch.save(model.state_dict(), folder / WEIGHTS)
    return model.eval()


def trained(folder: Path) -> Classifier:
    """The fine-tuned model of a folder that `finetune` completed."""
    model = untrained(labels=2)
    model.load_state_dict(torch.load(folder / WEIGHTS, weights_only=True))
    return model.eval()


def validation_note(model: Classifier, items: Sequence[LabelledText], settings: Settings) -> str:
    """Log-loss and accuracy on the items, in words."""
    probabilities = predict(model, [item.text for item in items], settings)
    labels = np.array([item.label for item in items])
    right = np.where(labels == 1, probabilities, 1 - probabilities)
    loss = -np.log(np.clip(right, 1e-9, 1)).mean()
    return f"log-loss {loss:.4f}, accuracy {(right > 0.5).mean():.4f}"


def predict(model: Classifier, texts: Sequence[str], settings: Settings) -> np.ndarray:
    """P(approving is right) of each text, by torch."""
    model.eval()
    encode = tokenizer()
    encode.enable_truncation(settings.max_tokens)
    found = np.empty(len(texts))
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    with torch.inference_mode():
        for start in range(0, len(order), 64):
            chosen = order[start : start + 64]
            ids, mask = _padded([encode.encode(texts[index]).ids for index in chosen])
            found[chosen] = torch.softmax(model(ids, mask), -1)[:, 0].numpy()
    return found


def _batches(
    items: Sequence[LabelledText], texts: Tokenizer, settings: Settings, chance: np.random.Generator
) -> Iterator[Batch]:
    texts.enable_truncation(settings.max_tokens)
    encoded = [texts.encode(item.text).ids for item in items]
    order = chance.permutation(len(items)).tolist()
    span = settings.batch * MEGABATCH
    batches: list[list[int]] = []
    for start in range(0, len(order), span):
        near = sorted(order[start : start + span], key=lambda index: len(encoded[index]))
        batches += [near[at : at + settings.batch] for at in range(0, len(near), settings.batch)]
    for chosen in (batches[place] for place in chance.permutation(len(batches))):
        ids, mask = _padded([encoded[index] for index in chosen])
        target = torch.tensor([_target(items[index], settings) for index in chosen])
        yield Batch(ids=ids, mask=mask, target=target)


def _padded(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = torch.tensor(row)
        mask[number, : len(row)] = 1
    return ids, mask


def _target(item: LabelledText, settings: Settings) -> float:
    # A 2:1 vote is weaker evidence than 3:0; a target that knows it learns better probabilities.
    votes = settings.vote_weight
    return votes * item.approving_share + (1 - votes) * item.label


def _loss(model: Classifier, batch: Batch) -> torch.Tensor:
    targets = torch.stack([batch.target, 1 - batch.target], dim=1)
    return torch.nn.functional.cross_entropy(model(batch.ids, batch.mask), targets)


def _groups(model: Classifier, settings: Settings) -> list[dict[str, object]]:
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    return [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def _schedule(
    optimiser: torch.optim.Optimizer, settings: Settings, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    warmup = max(1, round(steps * settings.warmup))

    def rate(step: int) -> float:
        return min((step + 1) / warmup, (steps - step) / max(1, steps - warmup))

    return torch.optim.lr_scheduler.LambdaLR(optimiser, rate)


def _purpose(train: Sequence[LabelledText], settings: Settings) -> str:
    """What a checkpoint must have been made for, to be gone on from."""
    texts = "\n".join(f"{item.label} {item.text}" for item in train)
    return json.dumps(asdict(settings)) + hashlib.sha256(texts.encode()).hexdigest()


def _save(
    folder: Path,
    purpose: str,
    epochs_done: int,
    model: Classifier,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "purpose": purpose,
        "epochs_done": epochs_done,
        "model": model.state_dict(),
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "chance": torch.get_rng_state(),
    }
    unfinished = folder / f"{CHECKPOINT}.part"
    torch.save(state, unfinished)
    unfinished.replace(folder / CHECKPOINT)


def _restore(
    folder: Path,
    purpose: str,
    model: Classifier,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> int:
    file = folder / CHECKPOINT
    if not file.exists():
        return 0
    state = torch.load(file, weights_only=True)
    if state["purpose"] != purpose:
        return 0
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["chance"])
    epochs_done: int = state["epochs_done"]
    return epochs_done
