"""MLflow's model registry as a source and a sink of bundles, by its REST API.

A bundle is a model version whose source folder holds the bundle's files. What comes from there is
checked by the card's hashes, as whatever else comes in.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from service.domain.errors import BrokenBundle, InvalidInput
from service.registry.sources import CHUNK
from service.scoring.bundle import CARD, Bundle

PREFIX = "mlflow:"
SECONDS = 30.0
"""The longest silence of the server."""
LARGEST_ANSWER = 1024 * 1024
EXPERIMENT = "confidence-gate"
METRICS_AT_ONCE = 500
"""The server takes 1,000 in one request."""
DIGEST = 36
"""Characters of a data set's digest, at most."""
VERSION_TAG = "confidence_gate.version"
PROXIED = "mlflow-artifacts:/"

_ADDRESS = re.compile(r"mlflow:(?P<name>[^/:@]+)[/@](?P<which>[^/:@]+)")


class Mlflow:
    """An MLflow tracking server. The address may carry a user name and a password."""

    def __init__(self, url: str | None) -> None:
        if not url:
            raise InvalidInput(
                "There is no MLflow server in the settings.",
                fix="Set GATE_MLFLOW_URL to its address, such as http://mlflow.example:5000.",
            )
        self._http = httpx.Client(base_url=url, timeout=SECONDS)
        self._host = httpx.URL(url).copy_with(userinfo=b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def source(self, address: str) -> "MlflowSource":
        """What `mlflow:NAME/VERSION` or `mlflow:NAME/ALIAS` names. Raises InvalidInput."""
        matched = _ADDRESS.fullmatch(address)
        if not matched:
            raise InvalidInput(
                f"{address} names no model of MLflow.", fix="Write it as mlflow:NAME/VERSION."
            )
        name, which = matched["name"], matched["which"]
        if which.isdecimal():
            found = self._ask("GET", "model-versions/get", {"name": name, "version": which})
        else:
            found = self._ask("GET", "registered-models/alias", {"name": name, "alias": which})
        with self._understood():
            version = found["model_version"]
            tags = {tag["key"]: tag["value"] for tag in version.get("tags", ())}
            return MlflowSource(self, name, str(version["version"]), tags.get(VERSION_TAG))

    def push(self, bundle: Bundle, folder: Path) -> str:
        """Make the bundle, whose files lie in `folder`, a new version of the registered model of
        its name, with a run that holds the files. Returns the version's number."""
        with suppress(_AlreadyThere):
            self._ask("POST", "registered-models/create", {"name": bundle.name})
        with self._understood():
            run = self._start_run(bundle.version)
            try:
                number = self._make_version(bundle, folder, run)
            except BaseException:
                self._end(run["run_id"], "FAILED")
                raise
            self._end(run["run_id"], "FINISHED")
        return number

    def log_run(
        self,
        name: str,
        *,
        experiment: str,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        files: Sequence[Path] = (),
        data: Mapping[str, Any] | None = None,
    ) -> str:
        """A finished run with these figures and files, and the data set that a card describes.
        Returns its id."""
        with self._understood():
            run = self._start_run(name, experiment)
            try:
                self._log(str(run["run_id"]), params, metrics)
                if data is not None:
                    self._log_data(str(run["run_id"]), data)
                for file in files:
                    self._upload(f"{run['artifact_uri']}/{file.name}", file)
            except BaseException:
                self._end(run["run_id"], "FAILED")
                raise
            self._end(run["run_id"], "FINISHED")
        return str(run["run_id"])

    @contextmanager
    def download(self, name: str, version: str, file: str) -> Iterator[httpx.Response]:
        """A file of a model version, whose body is still coming."""
        query = {"name": name, "version": version, "path": file}
        with (
            self._reached(),
            self._http.stream("GET", "/model-versions/get-artifact", params=query) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise BrokenBundle(
                    f"Version {version} of {name} at {self._host} has no {file}"
                    f" ({response.status_code}).",
                    fix="Push a bundle: `model push` does, or log its files as artifacts.",
                )
            yield response

    def _start_run(self, name: str, experiment: str = EXPERIMENT) -> dict[str, Any]:
        number = self._experiment(experiment)
        started = {"experiment_id": number, "run_name": name, "start_time": _now()}
        return dict(self._ask("POST", "runs/create", started)["run"]["info"])

    def _log(self, run: str, params: Mapping[str, str], metrics: Mapping[str, float]) -> None:
        now, told = _now(), [{"key": key, "value": value} for key, value in params.items()]
        self._ask("POST", "runs/log-batch", {"run_id": run, "params": told})
        rows = [
            {"key": key, "value": value, "timestamp": now, "step": 0}
            for key, value in metrics.items()
        ]
        for start in range(0, len(rows), METRICS_AT_ONCE):
            some = rows[start : start + METRICS_AT_ONCE]
            self._ask("POST", "runs/log-batch", {"run_id": run, "metrics": some})

    def _log_data(self, run: str, card: Mapping[str, Any]) -> None:
        told = {
            "name": str(card["gate"]),
            "digest": str(card["sha256"])[:DIGEST],
            "source_type": "confidence_gate",
            "source": json.dumps({"version": card["version"]}),
            "profile": json.dumps(card, ensure_ascii=False),
        }
        context = {"key": "mlflow.data.context", "value": "training"}
        self._ask(
            "POST",
            "runs/log-inputs",
            {"run_id": run, "datasets": [{"tags": [context], "dataset": told}]},
        )

    def _make_version(self, bundle: Bundle, folder: Path, run: Mapping[str, Any]) -> str:
        place = str(run["artifact_uri"])
        for name in (CARD, *bundle.card["files"]):
            self._upload(f"{place}/{name}", folder / name)
        made = {
            "name": bundle.name,
            "source": place,
            "run_id": run["run_id"],
            "tags": [{"key": VERSION_TAG, "value": bundle.version}],
        }
        return str(self._ask("POST", "model-versions/create", made)["model_version"]["version"])

    def _experiment(self, name: str) -> str:
        try:
            return str(self._ask("POST", "experiments/create", {"name": name})["experiment_id"])
        except _AlreadyThere:
            query = {"experiment_name": name}
            found = self._ask("GET", "experiments/get-by-name", query)
            return str(found["experiment"]["experiment_id"])

    def _upload(self, uri: str, file: Path) -> None:
        if not uri.startswith(PROXIED) or uri.startswith(f"{PROXIED}/"):
            raise InvalidInput(
                f"{self._host} keeps artifacts elsewhere ({uri.partition(':')[0]}).",
                fix="Start it with --serve-artifacts, so that files go through it.",
            )
        path = uri.removeprefix(PROXIED)
        with self._reached(), file.open("rb") as content:
            answer = self._http.put(
                f"/api/2.0/mlflow-artifacts/artifacts/{path}",
                content=iter(lambda: content.read(CHUNK), b""),
                headers={"Content-Length": str(file.stat().st_size)},
            )
        if answer.status_code != httpx.codes.OK:
            raise self._refused(answer.status_code, answer.content)

    def _end(self, run_id: str, status: str) -> None:
        ended = {"run_id": run_id, "status": status, "end_time": _now()}
        with suppress(InvalidInput):  # what was made stands without it
            self._ask("POST", "runs/update", ended)

    def _ask(self, method: str, route: str, said: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"params": said} if method == "GET" else {"json": said}
        with (
            self._reached(),
            self._http.stream(method, f"/api/2.0/mlflow/{route}", **body) as response,
        ):
            content = bytearray()
            for piece in response.iter_bytes():
                content += piece
                if len(content) > LARGEST_ANSWER:
                    raise InvalidInput(f"{self._host} answers without end.")
            if response.status_code != httpx.codes.OK:
                raise self._refused(response.status_code, bytes(content))
        try:
            answer = _json(bytes(content))
        except ValueError as error:
            raise self._refused(200, bytes(content)) from error
        return answer

    def _refused(self, status: int, content: bytes) -> InvalidInput:
        try:
            said = _json(content)
        except ValueError:
            said = {}
        if said.get("error_code") == "RESOURCE_ALREADY_EXISTS":
            return _AlreadyThere()
        why = str(said.get("message") or f"status {status}")[:300]
        return InvalidInput(f"MLflow at {self._host} refuses: {why}", fix=_FIXES.get(status, ""))

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except (AttributeError, KeyError, TypeError) as error:
            raise InvalidInput(
                f"{self._host} does not answer as MLflow does.", fix="Check GATE_MLFLOW_URL."
            ) from error

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise InvalidInput(
                f"MLflow at {self._host} cannot be reached: {error or type(error).__name__}.",
                fix="Check GATE_MLFLOW_URL, and that the server runs.",
            ) from error


class MlflowSource:
    """A version of a registered model. `version` is the bundle's, where a push has noted it."""

    def __init__(self, server: Mlflow, name: str, number: str, version: str | None) -> None:
        self._server = server
        self._name = name
        self._number = number
        self.version = version

    def chunks(self, name: str) -> Iterator[bytes]:
        with self._server.download(self._name, self._number, name) as response:
            yield from response.iter_bytes(CHUNK)


class _AlreadyThere(InvalidInput):
    """The server has it already."""


_FIXES = {
    401: "Put a user name and a password into GATE_MLFLOW_URL.",
    403: "That user may not do this there.",
}


def _json(content: bytes) -> dict[str, Any]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _now() -> int:
    return int(time.time() * 1000)
