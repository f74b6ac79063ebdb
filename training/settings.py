"""What a training run depends on, besides the texts."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from service.scoring.heads import Method


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that the trained weights depend on, besides the texts.

    `depth`: how many of the encoder's layers are kept, from the first. `learned_layers`: how many
    of the last of them learn; None: all of them, and the embeddings too. `members`: classifiers of
    an ensemble, or passes of MC dropout.
    """

    method: Method = Method.SOFTMAX
    members: int = 5
    depth: int = 6
    learned_layers: int | None = None
    epochs: int = 3
    batch: int = 32
    learning_rate: float = 1e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float = 0.1
    vote_weight: float = 0.5  # how much of the target is the annotators' share, not their majority
    max_tokens: int = 128
    threads: int = 2
    seed: int = 7

    @classmethod
    def read(cls, file: Path) -> Self:
        """The settings that `write` kept."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        return cls(**kept | {"method": Method(kept.get("method", Method.SOFTMAX))})

    def write(self, file: Path) -> None:
        """Keep the settings."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")


def options(settings: Settings) -> str:
    """The command line's options that differ from the defaults."""
    usual = asdict(Settings())
    return "".join(
        f" --{name.replace('_', '-')} {value}"
        for name, value in asdict(settings).items()
        if value != usual[name] and name != "threads"
    )
