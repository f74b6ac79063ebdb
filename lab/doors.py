"""How others than API callers come in: webhook triggers, and the plugin's own endpoints."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from lab.apps import App
from lab.host import Host
from lab.plugin_process import PluginError

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
MAX_BODY = 10 * 1024 * 1024
HIDDEN_HEADERS = {"x-forwarded-for", "x-real-ip", "forwarded"}
"""The daemon does not tell plugins where a request came from."""
JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
    "object": dict,
}


class BadWebhook(ValueError):
    """A request that the trigger's node does not take."""


def doors(host: Host, hooks: Mapping[str, Mapping[str, Any]]) -> APIRouter:
    """The routes outside `/v1`; `hooks` are the plugin endpoints' settings by their hook ids."""
    router = APIRouter(tags=["Webhooks"])

    @router.api_route("/triggers/webhook/{webhook_id}", methods=METHODS)
    async def trigger(webhook_id: str, request: Request) -> JSONResponse:
        """Start an app by its Webhook Trigger: no authentication, and an answer at once."""
        app = next((a for a in host.apps.values() if a.webhook_id == webhook_id), None)
        if app is None:
            return JSONResponse({"error": "Not Found", "message": "Webhook not found"}, 404)
        try:
            inputs = _webhook_inputs(app, request, await request.body())
        except BadWebhook as error:
            return JSONResponse({"error": "Bad Request", "message": str(error)}, 400)
        host.start(app, inputs, user="trigger", origin="trigger")
        return _trigger_answer(app.start["data"])

    @router.api_route("/e/{hook_id}/{path:path}", methods=METHODS)
    async def plugin_endpoint(hook_id: str, path: str, request: Request) -> Response:
        """The plugin's endpoint, as the daemon exposes it."""
        settings = next((s for h, s in hooks.items() if secrets.compare_digest(h, hook_id)), None)
        if settings is None:
            return JSONResponse({"code": 404, "message": "endpoint not found"}, 404)
        raw = _raw_http(request, path, (await request.body())[:MAX_BODY])
        try:
            status, headers, body = await run_in_threadpool(host.plugin.endpoint, raw, settings)
        except PluginError as error:
            return JSONResponse({"code": 500, "message": str(error)}, 500)
        kept = {k: v for k, v in headers.items() if k.lower() != "content-length"}
        return Response(body, status_code=status, headers=kept)

    return router


def _webhook_inputs(app: App, request: Request, body: bytes) -> dict[str, Any]:
    """What the trigger node hands on: its declared parameters, and everything raw."""
    node = app.start["data"]
    expected = node.get("method", "get").upper()
    if request.method != expected:
        raise BadWebhook(f"HTTP method mismatch. Expected {expected}, got {request.method}")
    content_type = request.headers.get("content-type", "application/json").split(";")[0].lower()
    if content_type != node.get("content_type", "application/json"):
        raise BadWebhook(f"Content-type mismatch. Got {content_type}")
    headers, query = dict(request.headers), dict(request.query_params)
    fields = _json_object(body)
    values = {
        **_declared("header", node.get("headers", []), request.headers),
        **_declared("query parameter", node.get("params", []), query),
        **_declared("body parameter", node.get("body", []), fields),
    }
    raw = {"method": request.method, "headers": headers, "query_params": query, "body": fields}
    return {**values, "_webhook_raw": raw}


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body or b"{}")
    except ValueError as error:
        raise BadWebhook(f"Invalid JSON body: {error}") from None
    if not isinstance(fields, dict):
        raise BadWebhook("Invalid JSON body: expected an object")
    return fields


def _declared(
    kind: str, declared: list[dict[str, Any]], given: Mapping[str, Any]
) -> dict[str, Any]:
    values = {}
    for parameter in declared:
        name = parameter["name"]
        if parameter.get("required") and name not in given:
            raise BadWebhook(f"Required {kind} missing: {name}")
        value = given.get(name)
        wanted = JSON_TYPES.get(parameter.get("type", "string"))
        if value is not None and wanted and not isinstance(value, wanted):
            raise BadWebhook(f"Parameter '{name}' validation failed: got {type(value).__name__}")
        values[name.replace("-", "_")] = value
    return values


def _trigger_answer(node: Mapping[str, Any]) -> JSONResponse:
    text = node.get("response_body", "")
    if not text:
        answer = {"status": "success", "message": "Webhook processed successfully"}
    else:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"message": text}
    return JSONResponse(answer, node.get("status_code", 200))


def _raw_http(request: Request, path: str, body: bytes) -> bytes:
    query = f"?{request.url.query}" if request.url.query else ""
    shown = [
        (name, value)
        for name, value in request.headers.raw
        if name.decode() not in HIDDEN_HEADERS | {"content-length", "transfer-encoding"}
    ]
    lines = [f"{request.method} /{path}{query} HTTP/1.1".encode()]
    lines += [name + b": " + value for name, value in shown]
    lines += [f"content-length: {len(body)}".encode(), b"", b""]
    return b"\r\n".join(lines) + body
