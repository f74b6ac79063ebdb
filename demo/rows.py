"""One row per comment: sent through the workflow, and followed until its branch has ended."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from demo.comments import Comment
from demo.processes import Stage

USER = "demo-user"


@dataclass(kw_only=True)
class Row:
    """What is known of one comment's run. Only its own thread writes it."""

    comment: Comment
    run_id: str = ""
    decision: str = ""
    confidence: float | None = None
    decision_id: str = ""
    review_url: str = ""
    stands: str = "sending"
    output: dict[str, Any] | None = None
    trouble: str = ""
    delivery: str = ""
    changed: threading.Event = field(default_factory=threading.Event)

    @property
    def reviewed(self) -> bool:
        return self.decision == "human_review"

    @property
    def ended(self) -> bool:
        return self.output is not None or bool(self.trouble)


def follow(row: Row, stage: Stage) -> None:
    """Send the comment, then read the run's events until it has ended."""
    try:
        with httpx.Client(timeout=httpx.Timeout(30, read=None)) as client:
            headers = {"Authorization": f"Bearer {stage.app_key}"}
            inputs = {
                "text": row.comment.text,
                "category": row.comment.category,
                "ai_result": "publish",
            }
            body = {"inputs": inputs, "response_mode": "streaming", "user": USER}
            url = f"{stage.lab}/v1/workflows/run"
            with client.stream("POST", url, json=body, headers=headers) as stream:
                _read(row, stream)
            while not row.ended:
                url = f"{stage.lab}/v1/workflow/{row.run_id}/events"
                query = {"user": USER, "include_state_snapshot": "true"}
                with client.stream("GET", url, params=query, headers=headers) as stream:
                    _read(row, stream)
            if row.reviewed and not row.trouble:
                _prove(row, stage, client)
    except httpx.HTTPError as error:
        row.trouble = f"{type(error).__name__}: {error}"
    row.changed.set()


def _read(row: Row, stream: httpx.Response) -> None:
    if stream.status_code != httpx.codes.OK:
        row.trouble = f"the lab answered {stream.status_code}: {stream.read().decode()[:200]}"
        return
    for event in _events(stream):
        data = event.get("data", {})
        row.run_id = event.get("workflow_run_id") or row.run_id
        match event["event"]:
            case "node_finished" if data.get("node_type") == "tool" and data.get("outputs"):
                _note_decision(row, data["outputs"])
            case "workflow_paused":
                row.stands = "waiting for a reviewer"
            case "workflow_finished" if data["status"] in ("succeeded", "partial-succeeded"):
                row.output = data["outputs"]
                row.stands = "resumed" if row.reviewed else "went on by itself"
            case "workflow_finished":
                row.trouble = f"the run ended as {data['status']}: {data.get('error') or ''}"
        row.changed.set()
        if row.ended:
            return


def _note_decision(row: Row, outputs: dict[str, Any]) -> None:
    row.decision = outputs["decision"]
    confidence = float(outputs["confidence"])
    row.confidence = confidence if confidence >= 0 else None
    row.decision_id = outputs["decision_id"]
    row.review_url = outputs.get("review_url", "")


def _prove(row: Row, stage: Stage, client: httpx.Client) -> None:
    """The service must say too that the branch went on: its delivery is proven, or it is not."""
    headers = {"Authorization": f"Bearer {stage.api_key}"}
    for _ in range(50):
        url = f"{stage.service}/v1/decisions/{row.decision_id}"
        outcome = client.get(url, headers=headers, params={"wait": 1}).json().get("outcome") or {}
        row.delivery = (outcome.get("delivery") or {}).get("state", "")
        if row.delivery != "pending":
            break
        threading.Event().wait(0.2)
    if row.delivery != "delivered":
        row.trouble = f"the service calls its delivery {row.delivery or 'missing'}"


def _events(stream: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in stream.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
