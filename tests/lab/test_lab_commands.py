"""`python -m lab` at the command line."""

import json
from pathlib import Path

import pytest

from tests.lab.conftest import WORKFLOWS, LabCommand

ASK = str(WORKFLOWS / "ask.yml")


def test_a_run_pauses_in_one_process_and_ends_in_another(
    lab_command: LabCommand, tmp_path: Path
) -> None:
    state = f"--state={tmp_path}"
    paused = lab_command("run", ASK, "--input", "text=hi", "--json", state)
    assert paused.returncode == 3, paused.stderr
    told = json.loads(paused.stdout)
    assert told["status"] == "paused"
    [form] = told["forms"]
    assert form["form_content"].startswith("lab-user asks about: hi")

    answers = ["--input", "comment=a=b", "--input", "edited=e"]
    done = lab_command("submit", form["form_token"], "--action=approve", *answers, state)
    assert done.returncode == 0, done.stderr
    assert 'comment = "a=b"' in done.stdout
    assert "Approved (end)" in done.stdout


def test_a_run_prints_its_nodes_and_its_form(lab_command: LabCommand, tmp_path: Path) -> None:
    shown = lab_command("run", ASK, "--input", "text=hi", f"--state={tmp_path}").stdout
    assert "Start (start)" in shown
    assert "Ask a person (human-input)" in shown
    assert "actions: approve, reject" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", ASK], "text is required"),
        (["run", "no-such-file.yml"], "No such file"),
        (["run", "{newer}"], "DSL 0.7.0 is newer than 0.6.0"),
        (["run", "{number}"], "must be a string"),
        (["run", "{unknown}"], "knowledge-retrieval"),
        (["submit", "no-such-token", "--action=approve"], "Form not found"),
        (["run", ASK, "--input", "text"], "is not NAME=VALUE"),
        (["serve", f"--app=ask={ASK}", "--app-key=other=k"], "names apps that --app does not"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    lab_command: LabCommand, tmp_path: Path, arguments: list[str], message: str
) -> None:
    text = (WORKFLOWS / "ask.yml").read_text()
    files = {
        "newer": text.replace('version: "0.6.0"', 'version: "0.7.0"'),
        "number": text.replace('version: "0.6.0"', "version: 0.6"),
        "unknown": text.replace("type: human-input", "type: knowledge-retrieval"),
    }
    for name, content in files.items():
        (tmp_path / f"{name}.yml").write_text(content)
    paths = {name: tmp_path / f"{name}.yml" for name in files}
    given = [argument.format(**paths) for argument in arguments]
    refused = lab_command(*given, f"--state={tmp_path / 'state'}")
    assert refused.returncode == 2
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("command", [[], ["run"], ["submit"], ["serve"]])
def test_every_help_says_that_it_is_no_dify(lab_command: LabCommand, command: list[str]) -> None:
    shown = lab_command(*command, "--help")
    assert shown.returncode == 0
    assert "stand-in for Dify, not Dify" in " ".join(shown.stdout.split())
