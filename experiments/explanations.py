"""How well do the explanations of the reviewers' page agree with exact Shapley values?

    python -m experiments.explanations --texts 60

The page leaves out one word at a time (occlusion). The reference is what SHAP approximates, here
computed exactly: a word's Shapley value, its mean contribution to the log-odds over every order in
which the text's words could have come in (Shapley 1953; Lundberg and Lee 2017, arXiv:1705.07874),
from the scores of all 2^n subsets of its n words. That is done for texts of 4 to 9 words of the
untouched test part of davidson; longer ones would need sampling.
"""

import asyncio
import math
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

import corpora
from service.confidence.occlusion import log_odds, weight, without, words_of
from service.domain.decision import Item
from service.domain.errors import ScorerFailed
from service.scoring.bundle import load_bundle
from service.scoring.onnx_scorer import OnnxScorer

SHORTEST, LONGEST = 4, 9
SEED = 5

type Floats = NDArray[np.float64]


def shapley(words: int, scores: dict[int, float]) -> Floats:
    """Exact Shapley values in log-odds, from the score of each subset of words by its bit mask."""
    values = np.zeros(words)
    for subset, score in scores.items():
        size = subset.bit_count()
        for word in range(words):
            if subset >> word & 1:
                continue
            share = math.factorial(size) * math.factorial(words - size - 1) / math.factorial(words)
            values[word] += share * (log_odds(scores[subset | 1 << word]) - log_odds(score))
    return values


def subset_of(text: str, places: list[tuple[int, int]], mask: int) -> str:
    """The text with the words alone whose bits are set."""
    for number in reversed(range(len(places))):
        if not mask >> number & 1:
            text = without(text, *places[number])
    return text


async def explained(scorer: OnnxScorer, text: str) -> tuple[Floats, Floats]:
    """The text's weights by occlusion, and by Shapley."""
    places = words_of(text)
    masks = range(1, 2 ** len(places))
    found = await asyncio.gather(
        *(scorer.score(Item(text=subset_of(text, places, mask))) for mask in masks)
    )
    scores = {
        mask: score.probabilities["acceptable"] for mask, score in zip(masks, found, strict=True)
    }
    # Of no words at all the model has nothing to say: the middle of what single words say.
    singles = [log_odds(scores[1 << word]) for word in range(len(places))]
    scores[0] = 1 / (1 + math.exp(-float(np.median(singles))))
    whole = 2 ** len(places) - 1
    occluded = [weight(scores[whole], [scores[whole ^ 1 << word]]) for word in range(len(places))]
    return np.array(occluded), shapley(len(places), scores)


def ranks(values: Floats) -> Floats:
    return np.argsort(np.argsort(values)).astype(np.float64)


def main(
    texts: Annotated[int, typer.Option(help="How many texts.")] = 60,
    bundle: Annotated[Path, typer.Option(help="The bundle to explain.")] = Path("models/embedded"),
) -> None:
    """Print how occlusion and exact Shapley values agree."""
    items = corpora.split(corpora.without_duplicates(corpora.davidson()))["test"]
    fit = [item.text for item in items if SHORTEST <= len(words_of(item.text)) <= LONGEST]
    chosen = np.random.default_rng(SEED).choice(len(fit), min(texts, len(fit)), replace=False)
    scorer = OnnxScorer(load_bundle(bundle))
    pearson, spearman, top, sign, evaluations = [], [], [], [], 0
    for place in track(chosen.tolist(), description="Explaining"):
        try:
            occluded, exact = asyncio.run(explained(scorer, fit[place]))
        except ScorerFailed:  # the model refuses some subset, a lone emoji say: no exact reference
            continue
        evaluations += 2 ** len(occluded)
        if occluded.std() == 0 or exact.std() == 0:
            continue
        pearson.append(np.corrcoef(occluded, exact)[0, 1])
        spearman.append(np.corrcoef(ranks(occluded), ranks(exact))[0, 1])
        top.append(int(np.abs(occluded).argmax() == np.abs(exact).argmax()))
        heavy = np.abs(exact) >= 0.1
        sign += list((np.sign(occluded) == np.sign(exact))[heavy])
    scorer.close()
    print(f"{len(pearson)} texts, {evaluations} scores for the reference")
    print(f"correlation within a text: median Pearson {np.median(pearson):.2f}, ", end="")
    print(f"Spearman {np.median(spearman):.2f}")
    print(f"the same heaviest word in {np.mean(top):.0%} of texts")
    print(f"the same sign for {np.mean(sign):.0%} of words of 0.1 log-odds or more")


if __name__ == "__main__":
    typer.run(main)
