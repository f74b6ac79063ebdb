"""The results as runs of an MLflow server, where the settings name one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from service.registry.mlflow import Mlflow
from service.settings import Settings

EXPERIMENT = "confidence-gate-experiments"


def track(found: Mapping[str, Any], files: Sequence[Path]) -> str | None:
    """One run a set with its figures, and one with all files; what was done, in words."""
    url = Settings().mlflow_url
    if not url:
        return None
    about = {name: str(found["about"][name]) for name in ("command", "commit", "python", "quick")}
    with Mlflow(url) as server:
        for name, one in found["sets"].items():
            server.log_run(
                name,
                experiment=EXPERIMENT,
                params={**about, "set": name, "items": str(one["items"])},
                metrics=_metrics(one),
            )
        server.log_run("report", experiment=EXPERIMENT, params=about, metrics={}, files=list(files))
    return f"Logged to MLflow: {len(found['sets']) + 1} runs of {EXPERIMENT}."


def _metrics(one: Mapping[str, Any]) -> dict[str, float]:
    """Means of the policies' and the models' figures, by names that MLflow takes."""
    found = {}
    for kind, policies in one["policies"].items():
        for policy, values in policies.items():
            for column, (mean, _) in values.items():
                found[_name(f"{kind}/{policy}/{column}")] = mean
    for model, values in one["models"].items():
        for column, (mean, _) in values.items():
            found[_name(f"models/{model}/{column}")] = mean
    return found


def _name(path: str) -> str:
    kept = "".join(c if c.isalnum() or c in "_-. /" else " " for c in path.replace("%", "pc"))
    return " ".join(kept.split())
