"""What the plugin's endpoints answer: JSON, and problem documents."""

import json
from typing import Any

from werkzeug import Response

from plugin.contract.problems import CONTENT_TYPE, Problem


class Refusal(Exception):
    """An endpoint's answer that is not a success; the detail is safe to send to anyone."""

    def __init__(
        self, status: int, title: str, detail: str, retry_after: int | None = None
    ) -> None:
        super().__init__(title)
        self.problem = Problem(type="about:blank", title=title, status=status, detail=detail)
        self.retry_after = retry_after


def answer(content: dict[str, Any]) -> Response:
    """A success."""
    return Response(json.dumps(content), content_type="application/json")


def refuse(refusal: Refusal) -> Response:
    """A refusal, as a problem document."""
    problem = refusal.problem
    body = problem.model_dump_json(exclude_none=True, exclude_defaults=True)
    response = Response(body, status=problem.status, content_type=CONTENT_TYPE)
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response
