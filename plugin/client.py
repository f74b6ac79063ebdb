"""The service's HTTP API, as far as the plugin uses it.

Every call here may be repeated: reads change nothing, writes carry an Idempotency-Key, and taking
a verdict is idempotent by its run id. So every passing failure is retried, a few times.
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from pydantic import BaseModel, ValidationError

from plugin import VERSION
from plugin.contract.decisions import DecisionRecord, DecisionRequest, DecisionResponse
from plugin.contract.gates import GateList
from plugin.contract.outcomes import OutcomeRequest, OutcomeResponse
from plugin.contract.problems import Problem
from plugin.contract.reviews import TakeRequest, TakeResponse
from plugin.errors import ServiceError

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = float(os.environ.get("CONFIDENCE_GATE_ANSWER_SECONDS", "15"))
"""How long one answer may take, on top of a wait that we asked for."""
PAUSES_SECONDS = (0.3, 1.0)
"""Before the second try, and before the third and last."""
MAX_RETRY_AFTER_SECONDS = 10.0
MOST_TURNS = 100
"""How often one run may ask the same without naming the occurrence: as often as a loop turns."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
USER_AGENT = f"confidence-gate-plugin/{VERSION}"
PASSING_STATUS = frozenset({429, 500, 502, 503, 504})


class GateClient:
    """A caller of one service with one API key."""

    def __init__(self, service_url: str, api_key: str) -> None:
        """Raises ServiceError where the address or the key cannot be right as written."""
        self._base = _checked_url(service_url)
        self._key = _checked_key(api_key)

    @classmethod
    def from_credentials(cls, credentials: Mapping[str, Any]) -> "GateClient":
        """The client for the credentials that Dify keeps for the provider."""
        return cls(str(credentials.get("service_url") or ""), str(credentials.get("api_key") or ""))

    def gates(self) -> GateList:
        """The gates that this key may ask."""
        return self._ask(GateList, "GET", "gates")

    def decide(
        self, gate: str, request: DecisionRequest, run_id: str | None, occurrence: str | None = None
    ) -> DecisionResponse:
        """Ask a gate. The same run asking the same again gets the same decision, until the run has
        gone on after its review: from then on it asks about something new.

        With `occurrence` it gets the same decision for the same occurrence, and for no other.
        """
        body = request.model_dump(mode="json", exclude_unset=True)
        path = f"gates/{quote(gate, safe='')}/decisions"
        asked = {"path": path, "body": body}
        for turn in [occurrence] if occurrence is not None else [None, *range(1, MOST_TURNS)]:
            key = idempotency_key(run_id, asked if turn is None else {**asked, "occurrence": turn})
            answer = self._ask(DecisionResponse, "POST", path, body=body, key=key)
            if occurrence is not None or not answer.resume_proven:
                return answer
        raise ServiceError(
            f"This run has asked about the same text {MOST_TURNS} times: give each its occurrence."
        )

    def decision(self, decision_id: str, wait: int = 0) -> DecisionRecord:
        """Read a decision, waiting up to `wait` seconds (at most 25) for its outcome; one try."""
        path = f"decisions/{quote(decision_id, safe='')}?wait={wait}"
        return self._ask_once(DecisionRecord, "GET", path, wait=wait)

    def take(self, kind: str, id: str, run_id: str) -> TakeResponse:  # noqa: A002
        """Take the verdict on a decision (`decisions`) or a review task (`tasks`) for a run.

        No Idempotency-Key: a stored `pending` would hide the verdict that came since.
        """
        body = TakeRequest(run_id=run_id).model_dump()
        return self._ask(TakeResponse, "POST", f"{kind}/{quote(id, safe='')}/take", body=body)

    def report(self, outcome: OutcomeRequest) -> OutcomeResponse:
        """Report the truth that was learned about a decision."""
        body = outcome.model_dump(mode="json", exclude_unset=True)
        key = idempotency_key(None, body)
        return self._ask(OutcomeResponse, "POST", "outcomes", body=body, key=key)

    def _ask[T: BaseModel](
        self,
        answer: type[T],
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> T:
        for pause in PAUSES_SECONDS:
            try:
                return self._ask_once(answer, method, path, body=body, key=key)
            except ServiceError as error:
                if not error.passing:
                    raise
                time.sleep(error.retry_after or pause)
        return self._ask_once(answer, method, path, body=body, key=key)

    def _ask_once[T: BaseModel](
        self,
        answer: type[T],
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        key: str | None = None,
        wait: int = 0,
    ) -> T:
        patience = wait + ANSWER_SECONDS
        try:
            with requests.request(
                method,
                f"{self._base}/v1/{path}",
                json=body,
                headers={"User-Agent": USER_AGENT, **({"Idempotency-Key": key} if key else {})},
                auth=self._sign,
                timeout=(min(CONNECT_SECONDS, patience), patience),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _read(response, time.monotonic() + patience)
        except requests.exceptions.SSLError:
            raise ServiceError(
                f"The TLS certificate of {self._base} was not accepted: check service_url."
            ) from None
        except requests.exceptions.Timeout:
            raise ServiceError(
                f"The service at {self._base} did not answer in time.", passing=True
            ) from None
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError):
            raise ServiceError(
                f"The service at {self._base} cannot be reached: "
                "check service_url, and that the service runs.",
                passing=True,
            ) from None
        except requests.RequestException:
            raise ServiceError(
                f"The service at {self._base} cannot be asked: check service_url."
            ) from None
        if response.status_code == 200:
            return self._valid(answer, content)
        raise self._refusal(response, content, repeatable=key is not None)

    def _valid[T: BaseModel](self, answer: type[T], content: bytes) -> T:
        try:
            return answer.model_validate_json(content, strict=True)
        except ValidationError:
            raise self._stranger("its answer is not one of that service") from None

    def _refusal(
        self, response: requests.Response, content: bytes, *, repeatable: bool
    ) -> ServiceError:
        status = response.status_code
        if 300 <= status < 400:
            return self._stranger("it redirects: give the final address")
        passing = status in PASSING_STATUS or (status == 409 and repeatable)
        try:
            problem = Problem.model_validate_json(content)
        except ValidationError:
            if not passing:
                return self._stranger(f"status {status} without a problem document")
            said = "no reason given"
        else:
            said = self._redacted(_described(problem))
        if status == 401:
            return ServiceError(f"The service refused the api_key: {said}")
        if status == 403:
            return ServiceError(f"The api_key is not allowed to do this: {said}")
        failed = "failed" if status >= 500 else "refused the request"
        return ServiceError(
            f"The service {failed} ({status}): {said}",
            passing=passing,
            retry_after=_retry_after(response),
        )

    def _stranger(self, why: str) -> ServiceError:
        return ServiceError(
            f"{self._base} does not answer as a Confidence Gate service ({why}): "
            "check service_url, the address without /v1."
        )

    def _redacted(self, text: str) -> str:
        return text.replace(self._key, "***")

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request


def idempotency_key(run_id: str | None, request: dict[str, Any]) -> str:
    """SHA-256 of run id and request with its occurrence, in hex; random without a run id.

    An occurrence that an author chose is a string, one that we count is a number: they never meet.
    """
    if not run_id:
        return uuid.uuid4().hex
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(f"{run_id}\n{canonical}".encode()).hexdigest()


def _checked_url(service_url: str) -> str:
    url = service_url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        well_formed = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        well_formed = False
    if not well_formed or parts.username or parts.password or parts.query or parts.fragment:
        raise ServiceError(
            "service_url must be the service's plain address, such as https://gate.example:8000."
        )
    return url


def _checked_key(api_key: str) -> str:
    key = api_key.strip()
    if not key:
        raise ServiceError("api_key is empty: enter an API key of the service.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ServiceError("api_key holds characters that no API key has: copy it again.")
    return key


def _read(response: requests.Response, deadline: float) -> bytes:
    """The body, unless it is endless or drips: limits on size and on time."""
    content = bytearray()
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            raise requests.exceptions.Timeout
    return bytes(content)


def _described(problem: Problem) -> str:
    faults = "; ".join(f"{fault.field} {fault.message}" for fault in problem.errors)
    parts = [problem.title, problem.detail or faults]
    return ". ".join(part.rstrip(".") for part in parts if part)[:1000]


def _retry_after(response: requests.Response) -> float | None:
    seconds = response.headers.get("Retry-After", "")
    if not (seconds.isascii() and seconds.isdigit()):
        return None
    return min(float(seconds), MAX_RETRY_AFTER_SECONDS)
