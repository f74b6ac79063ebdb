"""Models of many opinions in one graph: deep ensembles, and dropout whose masks are frozen."""

from collections.abc import Sequence

import torch

from training.encoder import Classifier


class SharedDropout(torch.nn.Module):
    """Dropout of hidden units, the same for every token of a text (Gal and Ghahramani 2016).

    In training each text draws its own mask. In use there is none until `freeze` draws `passes` of
    them; then the input holds the texts `passes` times over, and each pass has its mask, so that
    one text gets one answer in any batch.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.masks: torch.Tensor | None = None

    def freeze(self, passes: int, width: int, chance: torch.Generator) -> None:
        """Draw the masks (passes, width) that are used from now on."""
        kept = torch.rand(passes, width, generator=chance) >= self.share
        self.masks = kept.float() / (1 - self.share)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The values (texts, width) or (texts, tokens, width) with units dropped."""
        between = [1] * (values.ndim - 2)
        if self.training:
            kept = torch.rand(values.shape[0], *between, values.shape[-1]) >= self.share
            return values * kept / (1 - self.share)
        if self.masks is None:
            return values
        passes, width = self.masks.shape
        by_pass = values.reshape(passes, -1, *values.shape[1:])
        return (by_pass * self.masks.view(passes, 1, *between, width)).reshape(values.shape)


def share_dropout(model: Classifier, share: float) -> None:
    """Give the layers that learn dropout of whole hidden units, and no other."""
    for layer in model.encoder.encoder.layer[model.first_learned :]:
        layer.attention.self.dropout.p = 0.0
        layer.attention.output.dropout = SharedDropout(share)
        layer.output.dropout = SharedDropout(share)
    model.dropout = SharedDropout(share)


class McDropout(torch.nn.Module):
    """One classifier under `passes` frozen dropout masks, all run as one batch."""

    def __init__(self, model: Classifier, *, passes: int, seed: int) -> None:
        super().__init__()
        self.model = model
        self.passes = passes
        width = model.encoder.config.hidden_size
        chance = torch.Generator().manual_seed(seed)
        for module in model.modules():
            if isinstance(module, SharedDropout):
                module.freeze(passes, width, chance)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (passes, texts, labels) and mean token vectors (passes, texts, width)."""
        return self.above(self.model.lower(input_ids, attention_mask), attention_mask)

    def above(
        self, vectors: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same from the token vectors below the first layer that learns."""
        times = self.passes
        mean = self.model.mean(vectors.repeat(times, 1, 1), attention_mask.repeat(times, 1))
        logits = self.model.logits(mean)
        return (
            logits.reshape(times, -1, logits.shape[-1]),
            mean.reshape(times, -1, mean.shape[-1]),
        )


class Ensemble(torch.nn.Module):
    """Classifiers that learned apart; layers that none of them changed run once for all."""

    def __init__(self, members: Sequence[Classifier]) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (members, texts, labels) and mean token vectors (members, texts, width)."""
        shared = None
        if self.members[0].first_learned:
            shared = self.members[0].lower(input_ids, attention_mask)
        logits, means = [], []
        for member in self.members:
            vectors = member.lower(input_ids, attention_mask) if shared is None else shared
            means.append(member.mean(vectors, attention_mask))
            logits.append(member.logits(means[-1]))
        return torch.stack(logits), torch.stack(means)
