"""What the model's vocabulary cannot read is told apart from what is merely odd."""

import pytest
from tokenizers import Tokenizer

from service.scoring.bundle import Bundle
from service.scoring.legibility import Legibility


@pytest.fixture(scope="module")
def tokenizer(bundle: Bundle) -> Tokenizer:
    return Tokenizer.from_str(bundle.reading.decode())


def legible(tokenizer: Tokenizer, text: str) -> bool:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    return Legibility(tokenizer.get_vocab()).of(ids, len(ids))


@pytest.mark.parametrize(
    "text",
    [
        "An ordinary sentence.",
        "wooooow sooooo goooood",
        "lol idk tbh smh",
        "so happy today 😂",
        "Merci beaucoup, la livraison était rapide",
        "Order 4711-0815 costs 23.99",
        "...",
    ],
)
def test_odd_but_legible(tokenizer: Tokenizer, text: str) -> None:
    assert legible(tokenizer, text)


@pytest.mark.parametrize(
    "text",
    [
        "服务很好,下次再来。",
        "Отличный товар, спасибо!",
        "شكرا جزيلا",
        "ありがとうございます",
        "고맙습니다",
        "धन्यवाद",
        "😂😂😂",
        "\u200b\u200b",
    ],
)
def test_not_legible(tokenizer: Tokenizer, text: str) -> None:
    assert not legible(tokenizer, text)
