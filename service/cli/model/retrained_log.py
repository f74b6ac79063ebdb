"""A retraining as a run of MLflow, where the settings name a server."""

from dataclasses import asdict
from typing import Any

import typer

from service.cli.model.desk import Desk
from service.domain.errors import InvalidInput
from service.domain.retraining import Retraining
from service.registry.mlflow import Mlflow
from service.retraining.challenge import Challenge
from service.retraining.lessons import Parts
from service.usecases.data.data_set import Card

EXPERIMENT = "confidence-gate-retraining"


def log(
    desk: Desk, made: Challenge, kept: Retraining, card: Card, parts: Parts
) -> dict[str, Any] | None:
    """Keep the retraining in MLflow too, where there is one; the store has it in any case."""
    if not desk.settings.mlflow_url:
        return None
    judged = {k: v for k, v in asdict(made.judgement).items() if isinstance(v, int | float)}
    try:
        with Mlflow(desk.settings.mlflow_url) as server:
            run = server.log_run(
                made.challenger.version,
                experiment=EXPERIMENT,
                params={
                    "gate": kept.gate,
                    "comparison": str(kept.number),
                    "champion": kept.champion,
                    "challenger": kept.challenger,
                    "data": card.version,
                    "penalty": str(made.fitted.penalty),
                    "beats": str(kept.beats).lower(),
                    **{f"items_{name}": str(count) for name, count in counts(parts).items()},
                },
                metrics={
                    **{name: float(value) for name, value in judged.items()},
                    "tuning_log_loss": made.fitted.log_loss,
                    "tuning_log_loss_without": made.fitted.log_loss_without,
                },
                data=card.document(),
            )
            number = None
            if kept.beats:
                folder = desk.registry.folder(made.challenger.name, kept.challenger)
                number = server.push(made.challenger, folder)
    except InvalidInput as error:
        typer.echo(f"Not logged: {error.detail} {error.fix}".strip(), err=True)
        return None
    return {"run": run, "version": number}


def counts(parts: Parts) -> dict[str, Any]:
    """How many items each part has."""
    return {
        "train": len(parts.train),
        "tune": len(parts.tune),
        "judge": len(parts.judge),
        "certify": len(parts.certify),
        "twins": parts.twins,
    }
