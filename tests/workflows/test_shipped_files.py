"""The shipped DSL files, read as files: they agree with the plugin and keep what they promise."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "workflows").glob("*.yml"))
MARGIN = 20

type Dsl = dict[str, Any]
type Node = dict[str, Any]
type Edge = dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def dsl(request: pytest.FixtureRequest) -> Dsl:
    return read(request.param)


def nodes(dsl: Dsl, kind: str | None = None) -> list[Node]:
    every: list[Node] = dsl["workflow"]["graph"]["nodes"]
    found = [n for n in every if n["type"] == "custom"]
    return [n for n in found if kind in (None, n["data"]["type"])]


def edges(dsl: Dsl) -> list[Edge]:
    found: list[Edge] = dsl["workflow"]["graph"]["edges"]
    return found


def plugin_tool(node: Node) -> dict[str, Any]:
    return read(ROOT / "plugin" / "tools" / f"{node['data']['tool_name']}.yaml")


def test_all_of_them_are_here() -> None:
    assert {path.stem for path in FILES} == {
        "content-review-native",
        "content-review-continuation",
        "content-review-continued",
        "content-review-continued-trigger",
        "content-review-hold",
    }


def test_each_is_described_in_the_readme() -> None:
    readme = (ROOT / "workflows" / "README.md").read_text(encoding="utf-8")
    for path in FILES:
        assert f"`{path.name}`" in readme


def test_each_has_a_note_on_its_canvas(dsl: Dsl) -> None:
    [note] = [n for n in dsl["workflow"]["graph"]["nodes"] if n["type"] == "custom-note"]
    assert "After import" in note["data"]["text"]


def test_dify_imports_them(dsl: Dsl) -> None:
    assert (dsl["kind"], dsl["app"]["mode"]) == ("app", "workflow")
    assert dsl["version"] == "0.6.0"
    starts = nodes(dsl, "start") + nodes(dsl, "trigger-webhook")
    assert len(starts) == 1


def test_the_tool_nodes_fit_the_plugin(dsl: Dsl) -> None:
    manifest = read(ROOT / "manifest.yaml")
    plugin_id = f"{manifest['author']}/{manifest['name']}"
    for node in nodes(dsl, "tool"):
        data, tool = node["data"], plugin_tool(node)
        assert data["plugin_id"] == plugin_id
        assert data["provider_id"] == data["provider_name"] == f"{plugin_id}/{manifest['name']}"
        assert data["tool_label"] == tool["identity"]["label"]["en_US"]
        assert data["output_schema"] == tool["output_schema"]
        traits = ("name", "type", "form", "label", "human_description")
        schemas = [[schema[trait] for trait in traits] for schema in data["paramSchemas"]]
        assert schemas == [[p[trait] for trait in traits] for p in tool["parameters"]]
        offered = [
            [(o["value"], o["label"]) for o in s["options"] or ()] for s in data["paramSchemas"]
        ]
        assert offered == [
            [(o["value"], o["label"]) for o in p.get("options", ())] for p in tool["parameters"]
        ]
        for schema, parameter in zip(data["paramSchemas"], tool["parameters"], strict=True):
            for trait in ("required", "default", "min", "max"):
                assert schema[trait] == parameter.get(trait, schema[trait])


def test_the_tool_nodes_give_every_required_parameter_in_its_place(dsl: Dsl) -> None:
    for node in nodes(dsl, "tool"):
        parameters = {p["name"]: p for p in plugin_tool(node)["parameters"]}
        given = {
            "llm": set(node["data"]["tool_parameters"]),
            "form": set(node["data"]["tool_configurations"]),
        }
        for form, names in given.items():
            assert {parameters[name]["form"] for name in names} <= {form}
        needed = {p["name"] for p in parameters.values() if p["required"]}
        assert needed <= given["llm"] | given["form"]


def test_run_and_user_are_those_of_the_workflow(dsl: Dsl) -> None:
    for node in nodes(dsl, "tool"):
        values = {name: p["value"] for name, p in node["data"]["tool_parameters"].items()}
        assert values["run_id"] == "{{#sys.workflow_run_id#}}"
        if node["data"]["tool_name"] == "confidence_gate":
            assert values["user"] == "{{#sys.user_id#}}"


def test_a_failing_gate_ends_the_run_and_says_why(dsl: Dsl) -> None:
    """A form there would be an open door: whoever started the run can answer it."""
    found = {n["id"]: n["data"] for n in nodes(dsl)}
    for node in nodes(dsl, "tool"):
        if node["data"]["tool_name"] != "confidence_gate":
            assert "error_strategy" not in node["data"]  # the run fails, and is started anew
            continue
        assert node["data"]["error_strategy"] == "fail-branch"
        failed = [e for e in edges(dsl) if e["source"] == node["id"]]
        ways = {e["sourceHandle"]: found[e["target"]] for e in failed}
        end = ways["fail-branch"]
        assert end["type"] == "end"
        outputs = {o["variable"]: o["value_selector"] for o in end["outputs"]}
        assert outputs["verdict"] == outputs["gate_action"] == ["env", "unavailable"]
        assert outputs["reason"] == [node["id"], "error_message"]
        assert "result" not in outputs
        [variable] = dsl["workflow"]["environment_variables"]
        assert (variable["name"], variable["value"]) == ("unavailable", "unavailable")


def test_several_gates_of_one_run_ask_apart(dsl: Dsl) -> None:
    gates = [n["data"] for n in nodes(dsl, "tool") if n["data"]["tool_name"] == "confidence_gate"]
    occurrences = [gate["tool_parameters"].get("occurrence", {}).get("value") for gate in gates]
    assert len(set(occurrences)) == len(gates)


def test_only_the_verdict_decides_the_way_on(dsl: Dsl) -> None:
    tools = {n["id"] for n in nodes(dsl, "tool")}
    [fork] = nodes(dsl, "if-else")
    for case in fork["data"]["cases"]:
        [condition] = case["conditions"]
        source, variable = condition["variable_selector"]
        assert source in tools
        assert variable == "verdict"
        assert (condition["comparison_operator"], condition["value"]) == ("is", case["case_id"])
    assert [case["case_id"] for case in fork["data"]["cases"]] == ["approve", "reject"]


def test_every_way_out_of_a_node_is_wired_and_every_edge_has_its_handle(dsl: Dsl) -> None:
    for node in nodes(dsl):
        data = node["data"]
        match data["type"]:
            case "end":
                expected = set()
            case "if-else":
                expected = {case["case_id"] for case in data["cases"]} | {"false"}
            case "human-input":
                expected = {action["id"] for action in data["user_actions"]} | {"__timeout"}
            case "tool" if "error_strategy" in data:
                expected = {"source", "fail-branch"}
            case _:
                expected = {"source"}
        leaving = [e["sourceHandle"] for e in edges(dsl) if e["source"] == node["id"]]
        assert sorted(leaving) == sorted(expected), node["id"]
    kinds = {n["id"]: n["data"]["type"] for n in nodes(dsl)}
    for edge in edges(dsl):
        told = (edge["data"]["sourceType"], edge["data"]["targetType"])
        assert told == (kinds[edge["source"]], kinds[edge["target"]])


def test_every_end_shows_what_the_service_looks_for(dsl: Dsl) -> None:
    known = {n["id"] for n in nodes(dsl)} | {"env"}
    for node in nodes(dsl, "end"):
        outputs = {o["variable"]: o["value_selector"] for o in node["data"]["outputs"]}
        assert {"verdict", "review_task_id", "gate_action"} <= set(outputs)
        assert {selector[0] for selector in outputs.values()} <= known


def test_the_forms_can_be_filled_by_the_service(dsl: Dsl) -> None:
    for node in nodes(dsl, "human-input"):
        data = node["data"]
        assert [action["id"] for action in data["user_actions"]] == ["approve", "reject"]
        fields = [declared["output_variable_name"] for declared in data["inputs"]]
        assert fields == ["comment", "edited_result", "reviewer"]
        assert all("{{#$output." + name + "#}}" in data["form_content"] for name in fields)
        assert any(way["type"] == "webapp" and way["enabled"] for way in data["delivery_methods"])
        assert "{{#start.text#}}" in data["form_content"]


def test_the_form_that_the_service_fills_names_its_task() -> None:
    native = read(ROOT / "workflows/content-review-native.yml")
    [form] = nodes(native, "human-input")
    assert "{{#gate.review_task_id#}}" in form["data"]["form_content"]


def test_the_second_half_begins_with_the_verdict_and_is_told_none() -> None:
    for name in ("content-review-continued", "content-review-continued-trigger"):
        dsl = read(ROOT / f"workflows/{name}.yml")
        [first] = [e["target"] for e in edges(dsl) if e["source"] == "start"]
        assert first == "get_review"
        start = next(n["data"] for n in nodes(dsl) if n["id"] == "start")
        declared = start.get("body") or start["variables"]
        names = [entry.get("name") or entry["variable"] for entry in declared]
        assert names == ["decision_id", "review_task_id"]


def test_nothing_overlaps_on_the_canvas(dsl: Dsl) -> None:
    shown = dsl["workflow"]["graph"]["nodes"]
    boxes = [(n["id"], *n["position"].values(), n["width"], n["height"]) for n in shown]
    for index, (one, x, y, width, height) in enumerate(boxes):
        for other, x2, y2, width2, height2 in boxes[index + 1 :]:
            apart_x = x + width + MARGIN <= x2 or x2 + width2 + MARGIN <= x
            apart_y = y + height + MARGIN <= y2 or y2 + height2 + MARGIN <= y
            assert apart_x or apart_y, f"{one} and {other}"
