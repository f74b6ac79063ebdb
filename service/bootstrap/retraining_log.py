"""A retraining as a run of MLflow, where the settings name a server."""

from dataclasses import asdict
from typing import Any

from service.bootstrap.model_desk import ModelDesk
from service.bootstrap.retraining import Retrained
from service.registry.mlflow import Mlflow

EXPERIMENT = "confidence-gate-retraining"


def log_to_mlflow(desk: ModelDesk, retrained: Retrained) -> dict[str, Any] | None:
    """Log it, and push a better challenger: the run, and the version there. None where there is no
    server; raises InvalidInput where it refuses. The store has the retraining in any case."""
    if not desk.settings.mlflow_url:
        return None
    made, kept = retrained.challenge, retrained.kept
    judged = {k: v for k, v in asdict(made.judgement).items() if isinstance(v, int | float)}
    with Mlflow(desk.settings.mlflow_url) as server:
        run = server.log_run(
            made.challenger.version,
            experiment=EXPERIMENT,
            params={
                "gate": kept.gate,
                "comparison": str(kept.number),
                "champion": kept.champion,
                "challenger": kept.challenger,
                "data": retrained.card.version,
                "penalty": str(made.fitted.penalty),
                "beats": str(kept.beats).lower(),
                **{f"items_{name}": str(count) for name, count in retrained.items.items()},
            },
            metrics={
                **{name: float(value) for name, value in judged.items()},
                "tuning_log_loss": made.fitted.log_loss,
                "tuning_log_loss_without": made.fitted.log_loss_without,
            },
            data=retrained.card.document(),
        )
        number = None
        if kept.beats:
            folder = desk.registry.folder(made.challenger.name, kept.challenger)
            number = server.push(made.challenger, folder)
    return {"run": run, "version": number}
