"""The lab's own routes, which Dify has not: to look inside and to spring its traps."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from lab.host import Host
from lab.runs import Run


class SwitchChanges(BaseModel):
    """The traps to turn on or off; those left out stay as they are."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hold_pause: bool | None = None
    hold_resume: bool | None = None
    stop_after_submit: bool | None = None
    omit_form_filled: bool | None = None


def controls(host: Host) -> APIRouter:
    """The routes under `/lab`."""
    router = APIRouter(prefix="/lab", tags=["Lab only"])

    @router.get("/apps")
    def list_apps() -> list[dict[str, Any]]:
        """The apps, with what Dify's console would show of them."""
        return [
            {
                "name": app.name,
                "app_id": app.id,
                "workflow_id": app.workflow_id,
                "webhook": app.webhook_id and f"/triggers/webhook/{app.webhook_id}",
            }
            for app in host.apps.values()
        ]

    @router.get("/runs")
    def list_runs() -> list[dict[str, Any]]:
        """Every run, also those that the Service API does not show; oldest first."""
        return [_shown(run) for run in host.runs()]

    @router.get("/runs/{run_id}")
    def read_run(run_id: str) -> dict[str, Any]:
        """One run with its nodes and forms."""
        return _shown(host.run(run_id))

    @router.get("/switches")
    def read_switches() -> dict[str, Any]:
        """What goes wrong in every run."""
        return asdict(host.switches.of())

    @router.post("/switches")
    def set_switches(changes: SwitchChanges) -> dict[str, Any]:
        """Turn traps on or off for every run that has not its own setting."""
        return host.switches.set(changes.model_dump(exclude_none=True))

    @router.post("/runs/{run_id}/switches")
    def set_run_switches(run_id: str, changes: SwitchChanges) -> dict[str, Any]:
        """Turn traps on or off for one run."""
        run = host.run(run_id)
        return host.switches.set(changes.model_dump(exclude_none=True), run.id)

    @router.post("/forms/{token}/expire")
    def expire_form(token: str) -> JSONResponse:
        """Let the form's deadline pass now; the run leaves by `__timeout`."""
        return JSONResponse({"run_id": host.expire(token).id})

    return router


def _shown(run: Run) -> dict[str, Any]:
    fields = asdict(run)
    fields["snapshot_bytes"] = len(fields.pop("snapshot") or "")
    return fields
