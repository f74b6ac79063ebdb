"""`POST /resume`: a signed resume message starts the continuation app."""

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from dify_plugin import Endpoint
from dify_plugin.config.logger_format import plugin_logger_handler
from werkzeug import Request, Response

from plugin.contract.deliveries import ResumeMessage
from plugin.contract.unique_keys import loads
from plugin.endpoint_settings import read_settings
from plugin.receipts import Receipt
from plugin.replies import Refusal, answer, refuse
from plugin.signature import BadSignature, verify

BUSY_SECONDS = 30
"""When to ask again while the app runs for an earlier copy of the message."""

UNFINISHED = ("failed", "stopped")

logger = logging.getLogger(__name__)
logger.addHandler(plugin_logger_handler)


class ResumeEndpoint(Endpoint):
    """Answers within one run of the app; never tells a caller what went wrong inside."""

    def _invoke(
        self,
        r: Request,
        values: Mapping[str, Any],  # noqa: ARG002
        settings: Mapping[str, Any],
    ) -> Response:
        try:
            return self._receive(r, settings)
        except Refusal as refusal:
            return refuse(refusal)
        except Exception:  # the SDK would send the exception's text to the caller
            logger.exception("the resume endpoint failed")
            return refuse(Refusal(500, "Internal error", "The plugin's log says more."))

    def _receive(self, request: Request, settings: Mapping[str, Any]) -> Response:
        app_id, keys = read_settings(settings)
        body = request.get_data()
        headers = {name.lower(): value for name, value in request.headers}
        try:
            message_id = verify(headers, body, keys, time.time())
        except BadSignature as error:
            raise Refusal(401, "Not signed by the service", f"Refused: {error}.") from None
        try:
            loads(body)
            message = ResumeMessage.model_validate_json(body, strict=True)
        except (ValueError, RecursionError):
            raise Refusal(400, "Not a resume message", "The body is not one we know.") from None
        return self._start_once(app_id, message_id, message)

    def _start_once(self, app_id: str, message_id: str, message: ResumeMessage) -> Response:
        receipt = Receipt(self.session.storage, message_id)
        match receipt.standing(time.time()):
            case "done":
                return answer({"status": "duplicate"})
            case "running":
                raise Refusal(503, "Busy", "The app is running for this message.", BUSY_SECONDS)
        receipt.start(time.time())
        try:
            run = self._start(app_id, message)
        except Exception:
            receipt.forget()
            logger.exception("the continuation app could not be started")
            raise Refusal(502, "Not started", "Dify did not run the continuation app.") from None
        if run.get("data", {}).get("status") in UNFINISHED:
            # It may have failed before it took the verdict. If not, the next run gets `duplicate`.
            receipt.forget()
            raise Refusal(502, "Not finished", "The continuation app's run did not succeed.")
        receipt.finish()
        return answer({"status": "started", "run_id": run.get("workflow_run_id", "")})

    def _start(self, app_id: str, message: ResumeMessage) -> dict[str, Any]:
        """Run the app. It gets no verdict: its first node takes that from the service."""
        inputs = {
            "decision_id": message.decision_id,
            "review_task_id": message.review_task_id,
            "metadata": json.dumps(message.metadata, ensure_ascii=False),
        }
        return self.session.app.workflow.invoke(
            app_id=app_id, inputs=inputs, response_mode="blocking"
        )
