"""What GitHub reads: valid, running what we run, and watching all that we depend on."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOW: dict[Any, Any] = yaml.safe_load((GITHUB / "workflows" / "ci.yml").read_text())
UPDATES: list[dict[str, Any]] = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
VENDOR = ROOT / "service" / "web" / "static" / "vendor"


def watched(ecosystem: str) -> set[str]:
    (update,) = [update for update in UPDATES if update["package-ecosystem"] == ecosystem]
    return set(update.get("directories", [update.get("directory")]))


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", "workflows/*.yml"),
        ("custom.github-workflows-require-timeout", "workflows/*.yml"),
        ("vendor.dependabot", "dependabot.yml"),
        ("vendor.github-issue-config", "ISSUE_TEMPLATE/config.yml"),
        ("vendor.github-issue-forms", "ISSUE_TEMPLATE/[!c]*.yml"),
    ],
)
def test_the_schemas_are_kept(schema: str, files: str) -> None:
    found = sorted(GITHUB.glob(files))
    assert found
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *found],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_workflow_runs_what_must_hold_before_anything_lands() -> None:
    (job,) = WORKFLOW["jobs"].values()
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert job["timeout-minutes"] <= 90
    assert {"push", "pull_request"} <= WORKFLOW[True].keys()  # YAML takes `on` for a truth value


def test_the_workflow_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    (job,) = WORKFLOW["jobs"].values()
    assert "permissions" not in job
    checkout = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/ch"))
    assert checkout["with"]["persist-credentials"] is False


def test_every_folder_with_requirements_is_watched() -> None:
    found = [*ROOT.glob("requirements*.txt"), *ROOT.glob("[!.]*/requirements*.txt")]
    folders = {f"/{path.parent.relative_to(ROOT).as_posix()}".rstrip(".") for path in found}
    assert "/service" in folders
    assert watched("pip") == folders


def test_what_the_browser_loads_is_watched_in_the_versions_that_it_loads() -> None:
    assert watched("npm") == {f"/{VENDOR.relative_to(ROOT).as_posix()}"}
    told = (VENDOR / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)-([\d.]+)\.min\.js` \| `(.+?)` ([\d.]+),", told, re.MULTILINE)
    assert {f"{name}-{version}.min.js" for name, version, *_ in rows} == {
        path.name for path in VENDOR.glob("*.js")
    }
    assert all(in_name == version for _, in_name, _, version in rows)
    manifest = json.loads((VENDOR / "package.json").read_text(encoding="utf-8"))
    assert manifest["dependencies"] == {package: version for _, _, package, version in rows}
