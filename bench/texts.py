"""What is scored: real tweets of mixed length, or, where the set is not here, texts as long."""

import random
from dataclasses import dataclass

import corpora

SEED = 11
WORDS_OF_TWEETS = (4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 25, 27)
"""Words of a tweet of the set, at every twentieth of its tweets."""
SENTENCE = (
    "the delivery was late again and nobody told me why but this phone is bright it plays music"
    " well what a beautiful morning my coffee tastes great does anyone know if they open on sundays"
)


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Texts in an order of no meaning, and in words where they are from."""

    texts: list[str]
    origin: str


def find(count: int) -> Texts:
    """So many texts, the same ones each time."""
    lot = random.Random(SEED)
    try:
        tweets = corpora.split(corpora.davidson())["test"]
    except corpora.DataMissing:
        words = SENTENCE.split()
        texts = [" ".join(lot.choices(words, k=lot.choice(WORDS_OF_TWEETS))) for _ in range(count)]
        return Texts(texts=texts, origin="synthetic texts of the lengths of davidson's tweets")
    texts = [tweet.text for tweet in tweets]
    lot.shuffle(texts)
    repeated = texts * (count // len(texts) + 1)
    return Texts(texts=repeated[:count], origin="davidson's tweets (test part)")
