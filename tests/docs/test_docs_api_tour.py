"""The tour of the API, taken: its commands against a running service, its examples compared."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.service_process import ServiceProcess
from tests.docs.pages import blocks, text_of
from tests.installation import free_ports

API = text_of("docs/api.md")
KEY = "cg_tour"
VARIABLES = {"decision_id": "DECISION", "task_id": "TASK", "lease_token": "LEASE"}
"""What the reader takes from an answer for the commands after it."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("tour")
    [port] = free_ports(1)
    settings = {"GATE_DATABASE_URL": f"sqlite:///{folder}/gate.db", "GATE_BOOTSTRAP_KEY": KEY}
    with ServiceProcess(settings, port, folder / "log") as running:
        yield running.url


def told(value: Any) -> dict[str, str]:
    """The variables that an answer, or the first task in it, gives."""
    answer = value["tasks"][0] if "tasks" in value else value
    return {variable: answer[key] for key, variable in VARIABLES.items() if answer.get(key)}


def shape(value: Any) -> Any:
    """Keys and kinds: ids and addresses differ from run to run."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return [shape(inner) for inner in value]
        case str() if value.startswith(("dec_", "tsk_", "http://")):
            return value.split("_")[0].split(":")[0]
        case _:
            return value


def test_the_tour_leads_where_it_says(service: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    preparing, *steps = blocks(API, "sh")
    assert preparing.startswith("export GATE=")
    variables = {"GATE": service, "KEY": KEY}
    answers = []
    for step in steps:
        said = subprocess.run(
            ["bash", "-ec", step],
            env=os.environ | variables,
            capture_output=True,
            check=True,
        ).stdout
        answers.append(json.loads(said))
        variables |= told(answers[-1])

    example, problem = (json.loads(block) for block in blocks(API, "json"))
    decision, batch, waited, _, decided, read = answers
    assert shape(decision) == shape(example)
    thanks, nothing = batch["results"]
    assert thanks["decision"] == "auto_approve"
    assert nothing["status"] == 422
    assert (waited["state"], waited["outcome"]) == ("pending", None)
    assert decided["state"] == "resolved"
    assert read["outcome"]["verdict"] == "approve"
    assert read["outcome"]["by"] == "human"
    assert read["outcome"]["comment"] == "fine with me"

    wrong = steps[0].replace("content-moderation", "shoes")
    refused = subprocess.run(
        ["bash", "-ec", wrong], env=os.environ | variables, capture_output=True
    )
    assert json.loads(refused.stdout) == problem
