"""Bundles from and to a real MLflow server; and servers that do not do as they should."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from experiments.study import tracking
from service.domain.errors import BrokenBundle, InvalidInput
from service.registry.mlflow import Mlflow
from service.registry.versions import Registry
from service.scoring.bundle import CARD, MODEL
from tests.cli.operator import service
from tests.mlflow_server import start_mlflow
from tests.registry.bundles import MODELS, another_version
from tests.retraining.credit import GATES, labelled, with_a_telephone
from tests.servers import a_server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with a_server(start_mlflow(), "MLflow") as running:
        yield running


def push(url: str, folder: Path) -> tuple[str, str]:
    """The bundle's version, and the number that MLflow gave it."""
    registry = Registry(folder.parent, folder.parent / "none")
    bundle = registry.load(folder.name)
    with Mlflow(url) as server:
        return bundle.version, server.push(bundle, folder)


def fetch(url: str, address: str, into: Path) -> str:
    with Mlflow(url) as server:
        return Registry(MODELS, into).add(server.source(address)).version


def ask(url: str, method: str, route: str, **said: Any) -> dict[str, Any]:
    answer = httpx.request(method, f"{url}/api/2.0/mlflow/{route}", json=said, timeout=30)
    return dict(answer.raise_for_status().json())


def ask_by_get(url: str, route: str, **said: str) -> dict[str, Any]:
    answer = httpx.get(f"{url}/api/2.0/mlflow/{route}", params=said, timeout=30)
    return dict(answer.raise_for_status().json())


@pytest.mark.timeout(600)
def test_what_is_pushed_comes_back_by_number_and_by_alias(url: str, tmp_path: Path) -> None:
    version, number = push(url, another_version(tmp_path / "one"))
    newer, second = push(url, another_version(tmp_path / "two", shift=1.0))
    assert int(second) == int(number) + 1
    ask(url, "POST", "registered-models/alias", name="embedded", alias="champion", version=second)
    assert fetch(url, f"mlflow:embedded/{number}", tmp_path / "a") == version
    assert fetch(url, "mlflow:embedded/champion", tmp_path / "b") == newer
    kept = Registry(MODELS, tmp_path / "b").folder("embedded", newer)
    for file in (tmp_path / "two").iterdir():
        if (kept / file.name).exists():
            assert (kept / file.name).read_bytes() == file.read_bytes()


@pytest.mark.timeout(600)
def test_by_command(url: str, tmp_path: Path) -> None:
    settings = {"GATE_MLFLOW_URL": url, "GATE_REGISTRY_DIR": str(tmp_path / "added")}
    pushed = service(tmp_path, "model", "push", "embedded", "shipped", "--json", **settings)
    assert pushed.returncode == 0, pushed.stderr
    said = json.loads(pushed.stdout)
    address = f"mlflow:{said['mlflow']['name']}/{said['mlflow']['version']}"
    checked = service(tmp_path, "model", "check", address, "--json", **settings)
    assert json.loads(checked.stdout) == {
        "version": said["version"],
        "whole": True,
        "problem": None,
    }
    added = service(tmp_path, "model", "add", "mlflow:embedded/99999", **settings)
    assert added.returncode == 2
    assert "not found" in added.stderr


@pytest.mark.timeout(600)
def test_an_experiment_keeps_its_figures_and_files(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE_MLFLOW_URL", url)
    report = tmp_path / "index.html"
    report.write_text("<h1>found</h1>", encoding="utf-8")
    values = {f"figure {number}": [number / 8, None] for number in range(1_200)}
    found = {
        "about": {"command": "make experiment", "commit": "abc", "python": "3", "quick": True},
        "sets": {
            "davidson": {
                "items": 7,
                "policies": {"perfect": {"ours: system_error, 1%": {"review": [0.25, 0.01]}}},
                "models": {"ensemble": values},
            }
        },
    }
    told = tracking.track(found, [report])
    assert told == "Logged to MLflow: 2 runs of confidence-gate-experiments."
    named = ask_by_get(url, "experiments/get-by-name", experiment_name=tracking.EXPERIMENT)
    number = named["experiment"]["experiment_id"]
    runs = ask(url, "POST", "runs/search", experiment_ids=[number])["runs"]
    by_name = {run["info"]["run_name"]: run for run in runs}
    assert {run["info"]["status"] for run in runs} == {"FINISHED"}
    logged = {m["key"]: m["value"] for m in by_name["davidson"]["data"]["metrics"]}
    assert logged["perfect/ours system_error 1pc/review"] == 0.25
    assert logged["models/ensemble/figure 1199"] == 1199 / 8
    params = {p["key"]: p["value"] for p in by_name["davidson"]["data"]["params"]}
    assert params["commit"] == "abc"
    place = by_name["report"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    kept = httpx.get(f"{url}/api/2.0/mlflow-artifacts/artifacts/{place}/index.html", timeout=30)
    assert kept.text == "<h1>found</h1>"


def test_without_an_address_nothing_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATE_MLFLOW_URL", raising=False)
    assert tracking.track({"about": {}, "sets": {}}, []) is None


@pytest.mark.timeout(600)
def test_what_was_changed_there_is_refused(url: str, tmp_path: Path) -> None:
    bundle = another_version(tmp_path / "one")
    _, number = push(url, bundle)
    query = {"name": "embedded", "version": number}
    found = httpx.get(f"{url}/api/2.0/mlflow/model-versions/get", params=query).json()
    place = found["model_version"]["source"].removeprefix("mlflow-artifacts:/")
    files = f"{url}/api/2.0/mlflow-artifacts/artifacts/{place}"
    httpx.put(f"{files}/{MODEL}", content=b"evil", timeout=30).raise_for_status()
    with pytest.raises(BrokenBundle, match="SHA-256"):
        fetch(url, f"mlflow:embedded/{number}", tmp_path / "a")
    # Another whole bundle in its place has hashes that fit, and is not what was pushed.
    other = another_version(tmp_path / "other", shift=3.0)
    for file in other.iterdir():
        httpx.put(f"{files}/{file.name}", content=file.read_bytes(), timeout=60).raise_for_status()
    with pytest.raises(BrokenBundle, match="It should be"):
        fetch(url, f"mlflow:embedded/{number}", tmp_path / "a")


@pytest.mark.timeout(600)
def test_a_model_without_a_bundle_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not found"):
        fetch(url, "mlflow:unknown/1", tmp_path)
    with pytest.raises(InvalidInput, match="not found"):
        fetch(url, "mlflow:embedded/nobody", tmp_path)


class Server(ThreadingHTTPServer):
    """One that answers whatever it is told to."""

    def __init__(self, version: dict[str, Any], file: bytes, status: int = 200) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                artifact = self.path.startswith("/model-versions")
                body = file if artifact else json.dumps({"model_version": version}).encode()
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


def test_a_server_that_answers_something_else_is_told(tmp_path: Path) -> None:
    version = {"version": "1"}
    with Server(version, b"<html>") as server, pytest.raises(BrokenBundle, match=CARD):
        fetch(server.url, "mlflow:embedded/1", tmp_path)
    with Server(version, b"", 401) as server, pytest.raises(InvalidInput, match="401") as told:
        fetch(server.url, "mlflow:embedded/1", tmp_path)
    assert "GATE_MLFLOW_URL" in told.value.fix
    endless = b"x" * (2 * 1024**2)
    with Server(version, endless) as server, pytest.raises(BrokenBundle, match="larger"):
        fetch(server.url, "mlflow:embedded/1", tmp_path)
    tagged = {"version": "1", "tags": "none"}
    with Server(tagged, b"") as server, pytest.raises(InvalidInput, match="as MLflow does"):
        fetch(server.url, "mlflow:embedded/1", tmp_path)


def test_nobody_there_is_told_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be reached") as told:
        fetch("http://ann:secret@127.0.0.1:9", "mlflow:embedded/1", tmp_path)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("address", ["mlflow:embedded", "mlflow:a/b/c", "mlflow:/1", "mlflow:a/.."])
def test_an_address_that_names_no_version_is_told(tmp_path: Path, address: str) -> None:
    with pytest.raises(InvalidInput):
        fetch("http://127.0.0.1:9", address, tmp_path)


@pytest.mark.timeout(600)
def test_a_retraining_is_a_run_with_its_data_and_its_bundle(url: str, tmp_path: Path) -> None:
    labelled(f"sqlite:///{tmp_path}/gate.db", with_a_telephone, with_a_telephone)
    (tmp_path / "gates.yaml").write_text(GATES)
    settings = {
        "GATE_CONFIG": str(tmp_path / "gates.yaml"),
        "GATE_REGISTRY_DIR": str(tmp_path / "added"),
    }
    nobody = {**settings, "GATE_MLFLOW_URL": "http://127.0.0.1:9"}
    told = service(tmp_path, "model", "retrain", "credit", "--json", **nobody)
    assert (told.returncode, "Not logged: MLflow" in told.stderr) == (0, True)
    here = {**settings, "GATE_MLFLOW_URL": url}
    said = json.loads(service(tmp_path, "model", "retrain", "credit", "--json", **here).stdout)
    query = {"run_id": said["mlflow"]["run"]}
    found = httpx.get(f"{url}/api/2.0/mlflow/runs/get", params=query, timeout=30).json()["run"]
    params = {one["key"]: one["value"] for one in found["data"]["params"]}
    metrics = {one["key"]: one["value"] for one in found["data"]["metrics"]}
    assert (params["champion"], params["challenger"]) == (said["champion"], said["challenger"])
    assert (params["gate"], params["beats"], params["data"]) == ("credit", "true", said["data"])
    assert metrics["gain"] == pytest.approx(said["judgement"]["gain"])
    [data] = found["inputs"]["dataset_inputs"]
    assert json.loads(data["dataset"]["profile"])["version"] == said["data"]
    address = f"mlflow:german-credit/{said['mlflow']['version']}"
    assert fetch(url, address, tmp_path / "again") == said["challenger"]
