"""The members, and the one graph that they make: token ids and their mask in, logits out.

Whatever stands in the padding changes nothing, so a text has one score in any batch.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

BUCKETS = 1 << 18
LONGEST = 4
MULTIPLIER = 100_003
"""A prime above any vocabulary: no product comes near the end of 64 bits."""


def ngrams(ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Hashes in [0, BUCKETS) of all n-grams of 1 to LONGEST tokens, and which of them are real.

    `ids` and `mask` (texts, tokens) give (texts, LONGEST * tokens); the n-gram in a place ends at
    that token, and has no beginning outside the text.
    """
    hashes, real, known = [], [], mask
    so_far = ids % BUCKETS
    for n in range(LONGEST):
        if n:
            so_far = (functional.pad(so_far, (1, 0))[:, :-1] * MULTIPLIER + ids + n) % BUCKETS
            known = functional.pad(known, (1, 0))[:, :-1] * mask
        hashes.append(so_far)
        real.append(known)
    return torch.cat(hashes, 1), torch.cat(real, 1)


class NgramModel(nn.Module):
    """w . x + b, where x is the TF-IDF of a text's n-grams, of length 1 over all occurrences."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(BUCKETS), requires_grad=False)  # idf included
        self.idf = nn.Parameter(torch.ones(BUCKETS), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(()), requires_grad=False)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The log-odds of approving, shape (texts,)."""
        hashes, real = ngrams(ids, mask)
        real = real.to(self.weight.dtype)
        norm = ((self.idf[hashes] ** 2) * real).sum(1).clamp(min=1e-6).sqrt()
        result: Tensor = (self.weight[hashes] * real).sum(1) / norm + self.bias
        return result


class CharacterCnn(nn.Module):
    """Filters over 1 to `widest` characters, the strongest answer of each, and a linear head."""

    def __init__(self, tokens: int, width: int, filters: int, widest: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.filters = nn.ModuleList(nn.Linear(width * n, filters) for n in range(1, widest + 1))
        self.head = nn.Linear(filters * widest, 2)
        self.dropout = nn.Dropout(dropout)
        self.seen = nn.Dropout(0.2)

    def strongest(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The strongest answer of every filter, at least 0, shape (texts, filters * widest)."""
        keep = mask.unsqueeze(2).to(self.head.weight.dtype)
        known = self.seen(self.embedding(ids)) * keep
        found, window = [], known
        for n, filters in enumerate(self.filters):
            if n:
                before = functional.pad(known, (0, 0, n, 0))[:, : ids.shape[1]]
                window = torch.cat([before, window], 2)
            found.append((functional.relu(filters(window)) * keep).amax(1))
        return torch.cat(found, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (texts, 2), approving first."""
        logits: Tensor = self.head(self.dropout(self.strongest(ids, mask)))
        return logits


class Members(nn.Module):
    """Every member is one network with the n-gram model beside it, weighed against each other.

    Gives member_logits (members, texts, 2) and the unit vector `embedding` (texts, width) of the
    first network.
    """

    def __init__(
        self, ngram_model: NgramModel, networks: Sequence[CharacterCnn], stack: Sequence[float]
    ) -> None:
        super().__init__()
        self.ngram_model = ngram_model
        self.networks = nn.ModuleList(networks)
        self.stack = stack

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """See the class. `stack` holds the weights of n-gram model and network, and the bias."""
        of_ngrams, of_network, bias = self.stack
        linear = self.ngram_model(input_ids, attention_mask) * of_ngrams + bias
        members = []
        for network in self.networks:
            logits = network(input_ids, attention_mask)
            odds = linear + (logits[:, 0] - logits[:, 1]) * of_network
            members.append(torch.stack([odds / 2, -odds / 2], 1))
        first = self.networks[0].strongest(input_ids, attention_mask)
        return torch.stack(members), functional.normalize(first, dim=1)
