"""Fine-tuning of the encoder's layers, all or the last, with a checkpoint after each epoch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress

from corpora import LabelledText
from service.scoring.heads import Method
from training.batches import Batch, Reading, by_length
from training.checkpoint import Run, purpose
from training.encoder import Classifier, pretrained, untrained
from training.lower import Lower
from training.members import share_dropout
from training.settings import Settings

WEIGHTS = "weights.pt"
LABELS = 2


def fresh(settings: Settings) -> Classifier:
    """The network that learning starts from."""
    torch.manual_seed(settings.seed)
    return _shaped(pretrained(LABELS, settings), settings)


def finetune(
    train: Sequence[LabelledText],
    validation: Sequence[LabelledText],
    folder: Path,
    settings: Settings,
    progress: Progress,
    lower: Lower | None = None,
) -> Classifier:
    """Fine-tune on `train`; goes on from the folder's checkpoint where it was made for the same.

    `lower` holds what the layers that do not learn make of the texts. After each epoch the loss on
    `validation` is told; it chooses nothing.
    """
    torch.set_num_threads(settings.threads)
    model = fresh(settings)
    read = Reading(model, settings, lower)
    steps = -(-len(train) // settings.batch)
    optimiser = torch.optim.AdamW(_groups(model, settings), lr=settings.learning_rate, fused=True)
    schedule = _schedule(optimiser, settings, steps * settings.epochs)
    run = Run(folder, purpose(train, settings), model, optimiser, schedule)
    for epoch in range(run.restore(), settings.epochs):
        model.train()
        task = progress.add_task(f"{folder.name} epoch {epoch + 1}/{settings.epochs}", total=steps)
        for batch in read.batches(train, np.random.default_rng((settings.seed, epoch))):
            _loss(model, batch).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            progress.update(task, advance=1)
        run.save(epoch + 1)
        note = validation_note(model, validation, settings, lower)
        progress.console.print(f"{folder.name} epoch {epoch + 1}: validation {note}")
    torch.save(model.state_dict(), folder / WEIGHTS)
    model.eval()
    return model


def trained(folder: Path, settings: Settings) -> Classifier:
    """The fine-tuned classifier of a folder that `finetune` completed."""
    model = _shaped(untrained(LABELS, settings), settings)
    model.load_state_dict(torch.load(folder / WEIGHTS, weights_only=True))
    model.eval()
    return model


def validation_note(
    model: Classifier,
    items: Sequence[LabelledText],
    settings: Settings,
    lower: Lower | None = None,
) -> str:
    """Log-loss and accuracy on the items, in words."""
    probabilities = predict(model, [item.text for item in items], settings, lower)
    labels = np.array([item.label for item in items])
    right = np.where(labels == 1, probabilities, 1 - probabilities)
    loss = -np.log(np.clip(right, 1e-9, 1)).mean()
    return f"log-loss {loss:.4f}, accuracy {(right > 0.5).mean():.4f}"


def predict(
    model: Classifier, texts: Sequence[str], settings: Settings, lower: Lower | None = None
) -> np.ndarray:
    """P(approving is right) of each text, by torch."""
    model.eval()
    read = Reading(model, settings, lower)
    found = np.empty(len(texts))
    with torch.inference_mode():
        for chosen in by_length(texts):
            vectors, mask = read([texts[place] for place in chosen])
            logits = model.logits(model.mean(vectors, mask))
            found[chosen] = torch.softmax(logits, -1)[:, 0].numpy()
    return found


def _shaped(model: Classifier, settings: Settings) -> Classifier:
    if settings.method is Method.MC_DROPOUT:
        share_dropout(model, settings.dropout)
    return model


def _loss(model: Classifier, batch: Batch) -> torch.Tensor:
    targets = torch.stack([batch.target, 1 - batch.target], dim=1)
    logits = model.logits(model.mean(batch.vectors, batch.mask))
    return torch.nn.functional.cross_entropy(logits, targets)


def _groups(model: Classifier, settings: Settings) -> list[dict[str, object]]:
    learning = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in learning if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in learning if p.ndim == 1], "weight_decay": 0.0},
    ]


def _schedule(
    optimiser: torch.optim.Optimizer, settings: Settings, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    warmup = max(1, round(steps * settings.warmup))

    def rate(step: int) -> float:
        return min((step + 1) / warmup, (steps - step) / max(1, steps - warmup))

    return torch.optim.lr_scheduler.LambdaLR(optimiser, rate)
