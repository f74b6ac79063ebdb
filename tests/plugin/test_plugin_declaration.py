"""What the plugin declares, as the SDK reads it and as people read it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.plugin_process import PluginProcess
from plugin import VERSION
from plugin.contract.decisions import DecisionResponse
from plugin.contract.reviews import TakeResponse
from plugin.outputs import gate_variables, review_variables

ROOT = Path(__file__).parents[2]
DECLARATIONS = [ROOT / "manifest.yaml", *sorted((ROOT / "plugin").rglob("*.yaml"))]
TOOLS = {
    "confidence_gate": [
        "gate",
        "text",
        "ai_result",
        "signals",
        "category",
        "risk_level",
        "resume_mode",
        "app",
        "run_id",
        "user",
        "occurrence",
        "max_wait_seconds",
    ],
    "get_review": ["decision_id", "review_task_id", "run_id"],
    "report_outcome": ["decision_id", "truth", "note"],
}
LOCALES = {"en_US", "zh_Hans"}


def read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def texts(node: Any) -> list[dict[str, str]]:
    """Every text that is shown to people, wherever it stands in a declaration."""
    if isinstance(node, list):
        return [text for child in node for text in texts(child)]
    if not isinstance(node, dict):
        return []
    if LOCALES & set(node):
        return [node]
    return [text for child in node.values() for text in texts(child)]


def test_the_sdk_loads_every_tool_and_endpoint(plugin: PluginProcess) -> None:
    assert plugin.manifest is not None
    assert (plugin.manifest["author"], plugin.manifest["name"]) == ("confgate", "confidence_gate")
    assert plugin.manifest["version"] == VERSION
    said = " ".join(log["message"] for log in plugin.logs)
    assert "/resume" in said
    assert "/health" in said


def test_every_text_is_there_in_english_and_chinese() -> None:
    shown = [text for path in DECLARATIONS for text in texts(read(path))]
    assert len(shown) > 60
    assert all(text.get(locale, "").strip() for text in shown for locale in LOCALES)


@pytest.mark.parametrize("tool", TOOLS)
def test_parameters_are_the_contracts(tool: str) -> None:
    declared = read(ROOT / "plugin" / "tools" / f"{tool}.yaml")
    assert [parameter["name"] for parameter in declared["parameters"]] == TOOLS[tool]


def test_declared_outputs_are_the_variables_given_out() -> None:
    decision = DecisionResponse.model_validate(
        {
            "decision_id": "d",
            "decision": "human_review",
            "reason": "between",
            "thresholds": {},
            "policy_version": 1,
        }
    )
    taken = TakeResponse(decision_id="d", state="resolved", verdict="approve")
    given: dict[str, dict[str, Any]] = {
        "confidence_gate": gate_variables(decision, None, None),
        "get_review": review_variables(taken),
        "report_outcome": {"recorded": True},
    }
    kinds: dict[str, Any] = {"string": str, "number": (int, float), "boolean": bool}
    for tool, variables in given.items():
        declared = read(ROOT / "plugin" / "tools" / f"{tool}.yaml")["output_schema"]["properties"]
        assert set(declared) == set(variables)
        for name, value in variables.items():
            assert isinstance(value, kinds[declared[name]["type"]])
