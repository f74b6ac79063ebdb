"""`GET /health`: whether the endpoint group is ready to receive resume messages."""

from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from werkzeug import Request, Response

from plugin import VERSION
from plugin.endpoint_settings import read_settings
from plugin.replies import Refusal, answer, refuse


class HealthEndpoint(Endpoint):
    """Tells nothing that a stranger may not know."""

    def _invoke(
        self,
        r: Request,  # noqa: ARG002
        values: Mapping[str, Any],  # noqa: ARG002
        settings: Mapping[str, Any],
    ) -> Response:
        try:
            read_settings(settings)
        except Refusal as refusal:
            return refuse(refusal)
        return answer({"status": "ok", "version": VERSION})
