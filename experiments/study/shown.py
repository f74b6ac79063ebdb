"""What the study was to show, what it found, and whether that is enough."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.study.claims import WANTED_AT_15

REFERENCE_REVIEW = {"ours: auto_error": 0.079, "ours: system_error": 0.058}
"""Review at alpha 1 % on the synthetic set, as measured when the method was chosen."""
AT_MOST = 1.1
"""So many times as much review is still as good."""
SHIFT = "10 -> 30 % approvable"
KEPT = 0.9
"""The share of seeds in which the error must end below its limit."""

type Row = dict[str, Any]


def shown(found: Mapping[str, Any]) -> list[Row]:
    """Each with `what`, `found` in words, and whether it `holds`; None where nothing was proven
    by anybody, so that there is nothing to compare."""
    ensemble = found["bar"]["rows"][found["bar"]["ensemble"]]
    rows: list[Row] = [
        {
            "what": f"davidson, people always right: at least {WANTED_AT_15:.1%} at 15 % review",
            "found": f"{ensemble['mean']:.2%} ± {ensemble['sd']:.2%} over "
            f"{found['bar']['splits']} splits, the least {ensemble['least']:.2%}",
            "holds": ensemble["mean"] >= WANTED_AT_15,
        },
        _bounds("synthetic", found["synthetic"]),
        *(_bounds(name, one["bounds"]) for name, one in found["sets"].items()),
        *_reviews(found["synthetic"]),
        _below_sgr("synthetic", found["synthetic"]),
        *(_below_sgr(name, one["bounds"]) for name, one in found["sets"].items()),
    ]
    ours = [row for row in found["streams"] if (row["change"], row["policy"]) == (SHIFT, "ours")]
    rows += [
        {
            "what": f"streams, {SHIFT}: the last error below the limit in {KEPT:.0%} of seeds",
            "found": f"in {row['kept']:.0%} of {row['seeds']}; mean error {row['error']:.2%}",
            "holds": row["kept"] >= KEPT,
        }
        for row in ours
    ]
    return rows


def _bounds(name: str, rows: Sequence[Mapping[str, Any]]) -> Row:
    ours = [row for row in rows if row["rule"].startswith("ours")]
    worst = max(ours, key=lambda row: row["broken"])
    return {
        "what": f"{name}: bounds broken in {worst['allowed']:.1%} at most",
        "found": f"{worst['broken']:.1%} at worst ({worst['rule']}, alpha {worst['alpha']:.0%})",
        "holds": worst["broken"] <= worst["allowed"],
    }


def _reviews(rows: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for rule, reference in REFERENCE_REVIEW.items():
        [row] = [row for row in rows if (row["rule"], row["alpha"]) == (rule, 0.01)]
        yield {
            "what": f"synthetic, {rule}, alpha 1 %: review at most {AT_MOST} times {reference:.1%}",
            "found": f"{row['review']:.1%}",
            "holds": row["review"] <= AT_MOST * reference,
        }


def _below_sgr(name: str, rows: Sequence[Mapping[str, Any]]) -> Row:
    review = {(row["rule"], row["alpha"]): row["review"] for row in rows}
    pairs = [
        (alpha, target, review[f"ours: {target}", alpha], review["SGR", alpha])
        for alpha in dict.fromkeys(row["alpha"] for row in rows)
        for target in ("auto_error", "system_error")
    ]
    told = [
        f"{alpha:.0%} {target} {ours:.1%} against {sgr:.1%}" for alpha, target, ours, sgr in pairs
    ]
    # Where both leave nothing to people, or neither can prove anything, there is no below.
    apart = [(ours, sgr) for _, _, ours, sgr in pairs if not (ours == sgr and sgr in (0.0, 1.0))]
    return {
        "what": f"{name}: joint targets leave less review than SGR",
        "found": "; ".join(told),
        "holds": all(ours < sgr for ours, sgr in apart) if apart else None,
    }
