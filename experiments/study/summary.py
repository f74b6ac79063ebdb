"""The results in short, as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

SHOWN = ("accuracy", "F1 macro", "ECE", "review", "system error", "auto-error", "cost")
SHARES = ("accuracy", "F1 macro", "review", "system error", "auto-error")


def markdown(found: Mapping[str, Any]) -> str:
    """The tables that are worth keeping, with the command that makes them."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    about = found["about"]
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    yield (
        f"Made by `{about['command']}` at commit {about['commit']}; "
        f"Python {about['python']}, {packages}."
    )
    yield from ("", "## What was to be shown", "")
    yield from _table(
        ("to be shown", "found", "holds"),
        [(row["what"], row["found"], _holds(row["holds"])) for row in found["shown"]],
    )
    yield from ("", "## The source's own figures", "")
    yield from _table(
        ("claim", "accuracy", "review", "so"),
        [
            (one["name"], f"{one['accuracy']:.1%}", f"{one['review']:.1%}", one["verdict"])
            for one in found["claims"]
        ],
    )
    yield from ("", "## Davidson at 15 % review", "")
    yield from _table(
        ("model", "accuracy, people always right", "least", "splits at the bar"),
        [
            (
                model,
                f"{row['mean']:.2%} ± {row['sd']:.2%}",
                f"{row['least']:.2%}",
                f"{row['kept']:.0%}",
            )
            for model, row in found["bar"]["rows"].items()
        ],
    )
    for name, one in found["sets"].items():
        yield from _of_set(name, one)
    yield from ("", "## Bounds: the synthetic set", "")
    yield from _bounds(found["synthetic"])
    yield from ("", "## Streams", "")
    yield from _table(
        ("change", "policy", "error before", "load before", "error", "load", "kept"),
        [
            (
                row["change"],
                row["policy"],
                *(
                    f"{100 * row[key]:.2f}"
                    for key in ("error_before", "load_before", "error", "load")
                ),
                f"{row['kept']:.0%}",
            )
            for row in found["streams"]
        ],
    )
    for name, one in found["apart"].items():
        yield from ("", f"## {name}: the part kept apart", "")
        yield from _table(
            ("on", "items", "system error", "review"),
            [
                (
                    part,
                    f"{one[part]['items']:,}",
                    f"{one[part]['system error']:.2%}",
                    f"{one[part]['review']:.1%}",
                )
                for part in ("test part", "part kept apart")
            ],
        )
        alarm = "An alarm" if one["alarm"] else "No alarm"
        yield from (
            "",
            f"{alarm} without labels at the first check "
            f"(KS p = {one['KS p-value']:.1e}, PSI {one['PSI']:.2f}).",
        )


def _of_set(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    sizes = ", ".join(f"{part} {size:,}" for part, size in one["sizes"].items())
    yield from ("", f"## {name}", "")
    first, last = one["seeds"][0], one["seeds"][-1]
    yield f"{one['items']:,} items ({sizes}), seeds {first} to {last}. {one['card']['mind']}"
    for kind, rows in one["policies"].items():
        yield from ("", f"People {'always right' if kind == 'perfect' else 'as they voted'}:", "")
        yield from _table(
            ("policy", *SHOWN),
            [
                (policy, *(_figure(values.get(key), key) for key in SHOWN))
                for policy, values in rows.items()
            ],
        )
    yield from ("", f"Bounds over {one['bounds'][0]['splits']} random splits:", "")
    yield from _bounds(one["bounds"])
    needed = ", ".join(
        f"{float(alpha):.0%}: {'not to be foretold' if count is None else f'{count:,}'}"
        for alpha, count in one["rare side"].items()
    )
    yield from ("", f"More labels until `per_side` opens the rarer side: {needed}.")
    yield from ("", "What each part is worth (system error at most 2 %):", "")
    heads = list(next(iter(one["ablation"].values())))
    yield from _table(
        ("", *heads),
        [
            (row, *(_figure(values[key], key) for key in heads))
            for row, values in one["ablation"].items()
        ],
    )


def _bounds(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    def share(row: Mapping[str, Any], *names: str) -> str:
        return f"{100 * next(row[name] for name in names if name in row):.2f}"

    yield from _table(
        ("rule", "alpha", "auto-error", "system error", "review", "closed", "broken", "allowed"),
        [
            (
                row["rule"],
                f"{row['alpha']:.0%}",
                share(row, "auto-error", "auto_error"),
                share(row, "system error", "system_error"),
                *(f"{100 * row[key]:.1f}" for key in ("review", "closed", "broken", "allowed")),
            )
            for row in rows
        ],
    )


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _figure(value: Sequence[float | None] | None, key: str) -> str:
    mean, spread = value or (None, None)
    if mean is None:
        return "-"
    scale, digits = (100, 2) if key in SHARES else (1, 4)
    told = f"{scale * mean:.{digits}f}"
    return told if spread is None else f"{told} ± {scale * spread:.{digits}f}"


def _holds(value: bool | None) -> str:
    return {True: "yes", False: "**no**", None: "nothing to compare"}[value]
