"""The results as one page that needs nothing else, as JSON, and as one CSV of every figure."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiments.study import claims, summary
from experiments.study.charts import Axis, around, bars, lines, scatter
from experiments.study.policies import ALPHAS

COLUMNS = (
    "accuracy",
    "precision",
    "recall",
    "F1 micro",
    "F1 macro",
    "AUROC",
    "AUPR",
    "ECE",
    "review",
    "system error",
    "auto-error",
    "cost",
)
PER_CENT = {"accuracy", "precision", "recall", "F1 micro", "F1 macro", "review"} | {
    "system error",
    "auto-error",
}


def write(found: Mapping[str, Any], folder: Path) -> list[Path]:
    """index.html, results.json, figures.csv and summary.md in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    page, results, table, short = (
        folder / name for name in ("index.html", "results.json", "figures.csv", "summary.md")
    )
    page.write_text(html(found), encoding="utf-8")
    short.write_text(summary.markdown(found), encoding="utf-8")
    results.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["figure", "value"])
        writer.writerows(figures(found))
    return [page, results, table, short]


def figures(found: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number of the results with its path, as davidson/policies/perfect/... ."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            yield from figures(value, f"{name}/{key}" if name else str(key))
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from figures(value, f"{name}/{number}")
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield name, found


def html(found: Mapping[str, Any]) -> str:
    """The page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure, "percent": percent, "whole": whole}
    return environment.get_template("page.html").render(
        found=found,
        columns=COLUMNS,
        alphas=ALPHAS,
        bar=claims.BAR,
        published=claims.PUBLISHED,
        charts={name: _charts(one) for name, one in found["sets"].items()},
        stream_charts=_stream_charts(found["streams"]),
    )


def figure(value: Sequence[float | None] | None, column: str) -> tuple[str, str]:
    """Mean and standard deviation as the table writes them; empty where there is none."""
    mean, spread = value or (None, None)
    if mean is None:
        return "-", ""
    scale, digits = (100, 2) if column in PER_CENT else (1, 4 if column != "cost" else 3)
    return f"{scale * mean:.{digits}f}", "" if spread is None else f"{scale * spread:.{digits}f}"


def percent(value: float | None, digits: int = 2) -> str:
    """A share as per cent."""
    return "-" if value is None else f"{100 * value:.{digits}f}"


def whole(value: float | None) -> str:
    """A count; where there is none, that it cannot be foretold."""
    return "beyond what can be foretold" if value is None else f"{value:,.0f}"


def _charts(one: Mapping[str, Any]) -> dict[str, str]:
    coverage = Axis(name="share decided automatically", low=0, high=1, per_cent=True)
    risks = [risk for curve in one["curves"].values() for _, risk in curve]
    marks = [mark for marks in one["reliability"].values() for mark in marks]
    unit = Axis(name="confidence c", low=0, high=1)
    reliability = {name: [(c, y) for c, y, _ in rows] for name, rows in one["reliability"].items()}
    assert marks
    return {
        "curves": lines(one["curves"], coverage, around("error among them", risks, per_cent=True)),
        "reliability": lines(
            {**reliability, "perfect": [(0.0, 0.0), (1.0, 1.0)]},
            unit,
            Axis(name="share approvable", low=0, high=1),
            dots=True,
        ),
        **_pareto(one),
    }


def _pareto(one: Mapping[str, Any]) -> dict[str, str]:
    """Every policy by review and by cost, against the system error."""
    rows = one["policies"]["perfect"]

    def group(name: str) -> str:
        if name.startswith("ours"):
            return "ours"
        return "source" if "source" in name else "others"

    def grouped(column: str) -> dict[str, dict[str, tuple[float, float]]]:
        found: dict[str, dict[str, tuple[float, float]]] = {"ours": {}, "source": {}, "others": {}}
        for name, values in rows.items():
            found[group(name)][name] = (values[column][0], values["system error"][0])
        return found

    errors = [values["system error"][0] for values in rows.values()]
    y = around("system error", errors, per_cent=True)
    found = {}
    for column, place in (("review", 2), ("cost", 0)):
        line = sorted((point[place], point[1]) for point in one["frontier"])
        line = [point for point in line if point[1] <= y.high]
        values = [values[column][0] for values in rows.values()] + [point[0] for point in line]
        x = around(
            "review" if column == "review" else "cost of an item",
            values,
            per_cent=column == "review",
        )
        found[f"by {column}"] = scatter(grouped(column), x, y, line=line)
    return found


def _stream_charts(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    charts = {}
    for change in dict.fromkeys(row["change"] for row in rows):
        errors = {row["policy"]: row["error"] for row in rows if row["change"] == change}
        y = around("error of automatic answers", [0.0, *errors.values()], per_cent=True)
        charts[change] = bars(errors, y, line=0.01)
    return charts
