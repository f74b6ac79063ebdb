"""A training run's state after its last whole epoch, kept so that it can go on from there."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from corpora import LabelledText
from training.settings import Settings

CHECKPOINT = "checkpoint.pt"


class Run:
    """What learns, and the folder that its checkpoints are kept in."""

    def __init__(
        self,
        folder: Path,
        purpose: str,
        model: torch.nn.Module,
        optimiser: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
    ) -> None:
        self._file = folder / CHECKPOINT
        self._purpose = purpose
        self._parts = {"model": model, "optimiser": optimiser, "schedule": schedule}

    def save(self, epochs_done: int) -> None:
        """Keep the state; what was kept before stays until the new file is whole."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        state = {name: part.state_dict() for name, part in self._parts.items()}
        state |= {"purpose": self._purpose, "epochs_done": epochs_done}
        state |= {"chance": torch.get_rng_state()}
        unfinished = self._file.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self._file)

    def restore(self) -> int:
        """Go back to the kept state; how many epochs are done, 0 where it had another purpose."""
        if not self._file.exists():
            return 0
        state = torch.load(self._file, weights_only=True)
        if state["purpose"] != self._purpose:
            return 0
        for name, part in self._parts.items():
            part.load_state_dict(state[name])
        torch.set_rng_state(state["chance"])
        epochs_done: int = state["epochs_done"]
        return epochs_done


def purpose(train: Sequence[LabelledText], settings: Settings) -> str:
    """What a checkpoint must have been made for, to be gone on from."""
    texts = "\n".join(f"{item.label} {item.text}" for item in train)
    return json.dumps(asdict(settings)) + hashlib.sha256(texts.encode()).hexdigest()
