"""Which reader a bundle's card names."""

import json
from typing import assert_never

from service.domain.errors import BrokenBundle
from service.scoring.bundle import Bundle
from service.scoring.fields import fields_reader
from service.scoring.ngrams import ngram_reader
from service.scoring.reading import Reader, ReaderKind
from service.scoring.wordpiece import WordpieceReader


def make_reader(bundle: Bundle) -> Reader:
    """The reader that the bundle's card names. Raises BrokenBundle where its file is of no use."""
    match bundle.reader:
        case ReaderKind.WORDPIECE:
            return WordpieceReader(bundle.reading, bundle.max_tokens, bundle.scripts)
        case ReaderKind.NGRAMS:
            return ngram_reader(_document(bundle))
        case ReaderKind.FIELDS:
            return fields_reader(_document(bundle))
        case _:
            assert_never(bundle.reader)


def _document(bundle: Bundle) -> dict[str, object]:
    try:
        document: dict[str, object] = dict(json.loads(bundle.reading))
    except (TypeError, ValueError) as error:
        raise BrokenBundle(f"The bundle's {bundle.reader} file is no JSON document.") from error
    return document
