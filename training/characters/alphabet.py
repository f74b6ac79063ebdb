"""The tokenizer: a token for every character, and one for the commoner words in Latin letters."""

import re
from collections import Counter
from collections.abc import Sequence

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

PADDING, UNKNOWN = "[PAD]", "[UNK]"
CONTINUED = "##"
RARE_CHARACTER, RARE_WORD = 2, 5
"""How often a character or a word must occur in training to have a token of its own."""

LATIN = "abcdefghijklmnopqrstuvwxyz0123456789"
RUN = r"[a-z0-9]+"


def alphabet(texts: Sequence[str]) -> Tokenizer:
    """A tokenizer made for these texts. Tokens are numbered by how often they occur.

    A rarer word falls apart into letters, so that a text of such words, one in English say, shows
    as one that the model cannot read.
    """
    split = _normalizer()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(re.findall(rf"{RUN}|\S", split.normalize_str(text)))
    common = [
        token
        for token, count in sorted(counts.items(), key=lambda known: (-known[1], known[0]))
        if count >= (RARE_WORD if len(token) > 1 else RARE_CHARACTER)
    ]
    letters = [*LATIN, *(CONTINUED + letter for letter in LATIN)]
    tokens = dict.fromkeys([PADDING, UNKNOWN, *common, *letters])
    made = Tokenizer(
        models.WordPiece(
            vocab={token: number for number, token in enumerate(tokens)},
            unk_token=UNKNOWN,
            continuing_subword_prefix=CONTINUED,
        )
    )
    made.normalizer = split
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Split(Regex(rf"{RUN}|."), behavior="isolated"),
        ]
    )
    return made


def _normalizer() -> normalizers.Normalizer:
    return normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"https?://[!-~]+"), " http "),
        ]
    )
