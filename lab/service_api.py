"""The part of Dify's Service API that resuming a run needs. One app key, one app."""

import secrets
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from lab import events
from lab.apps import App
from lab.errors import ServiceApiError, invalid_param, not_found
from lab.events import Event
from lab.host import Host
from lab.runs import Run
from lab.streams import event_stream

SSE_HEADERS = {"Cache-Control": "no-cache", "Connection": "keep-alive"}


class RunRequest(BaseModel):
    """Start a workflow."""

    inputs: dict[str, Any]
    response_mode: Literal["streaming", "blocking"] = "blocking"
    user: str | None = None


class FormAnswer(BaseModel):
    """Answer a form; `user` need not be the run's."""

    inputs: dict[str, Any]
    action: str
    user: str | None = None


def service_api(host: Host, keys: Mapping[str, str]) -> APIRouter:
    """The routes under `/v1`; `keys` are the apps' names by their keys."""

    def calling_app(authorization: Annotated[str, Header()] = "") -> App:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer":
            message = "Authorization header must be provided and start with 'Bearer'"
            raise ServiceApiError(401, "unauthorized", message)
        for key, name in keys.items():
            if secrets.compare_digest(key.encode(), given.strip().encode()):
                return host.apps[name]
        raise ServiceApiError(401, "unauthorized", "Access token is invalid")

    Caller = Annotated[App, Depends(calling_app)]  # noqa: N806 - an alias of a type
    router = APIRouter(prefix="/v1", tags=["Service API"])

    @router.post("/workflows/run")
    async def run_workflow(app: Caller, asked: RunRequest) -> Any:
        """Run the workflow: stream its events, or answer when it has ended or pauses."""
        user = _user(asked.user)
        inputs = app.accept(asked.inputs)

        def start(listener: Callable[[Event], None]) -> Run:
            return host.start(app, inputs, user=user, origin="service-api", listener=listener)

        if asked.response_mode == "blocking":
            run, closing = await run_in_threadpool(host.wait, start)
            return JSONResponse(events.blocking_answer(run, closing))
        return StreamingResponse(
            event_stream(host, lambda listener: (start(listener).id, []), past_pauses=False),
            media_type="text/event-stream",
            headers=SSE_HEADERS,
        )

    @router.get("/workflows/run/{run_id}")
    def read_run(app: Caller, run_id: str) -> Any:
        """How a run stands."""
        return JSONResponse(events.run_detail(_own_run(host, app, run_id), app))

    @router.get("/workflow/{run_id}/events")
    async def follow_run(
        app: Caller,
        run_id: str,
        user: str | None = None,
        include_state_snapshot: Annotated[bool, Query()] = False,
        continue_on_pause: Annotated[bool, Query()] = False,
    ) -> StreamingResponse:
        """A run's events from now on, after a replay if asked for; a finished run has one left."""
        run = _own_run(host, app, run_id)
        if run.user != _user(user):
            raise not_found("Workflow run")
        return StreamingResponse(
            event_stream(
                host,
                lambda listener: (
                    run.id,
                    host.follow(run, listener, replay=include_state_snapshot),
                ),
                past_pauses=continue_on_pause,
            ),
            media_type="text/event-stream",
            headers=SSE_HEADERS,
        )

    @router.get("/form/human_input/{token}")
    def read_form(app: Caller, token: str) -> Any:
        """A waiting form."""
        _, form = host.form(token, app)
        form.ensure_active()
        return JSONResponse(events.form_definition(form))

    @router.post("/form/human_input/{token}")
    def submit_form(app: Caller, token: str, answer: FormAnswer) -> Any:
        """Answer a form, for good. The 200 says nothing of the run."""
        _user(answer.user)
        host.submit(token, answer.action, answer.inputs, app)
        return JSONResponse({})

    return router


def error_answer(_: Request, error: Exception) -> JSONResponse:
    """Every refusal in Dify's envelope; a malformed request is a 400 there, not a 422."""
    if isinstance(error, RequestValidationError):
        wrong = [f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors()]
        error = invalid_param("; ".join(wrong))
    assert isinstance(error, ServiceApiError)
    return JSONResponse(error.body(), status_code=error.status)


def _user(given: str | None) -> str:
    if not given:
        raise invalid_param("Arg user must be provided.")
    return given


def _own_run(host: Host, app: App, run_id: str) -> Run:
    run = host.run(run_id)
    if run.app != app.name or run.origin != "service-api":
        raise not_found("Workflow run")
    return run
