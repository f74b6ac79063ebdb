"""The shipped workflows in a lab, with the real plugin and a whole service behind them."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from demo.service_process import ROOT
from lab.process import LabProcess
from tests.installation import (
    DifyCaller,
    ServiceCaller,
    Site,
    free_ports,
    imported,
    start_lab,
)
from tests.lab_answers import LabApp
from tests.middleman import Middleman

AGAIN = Path(__file__).parent / "again"
HOOK = "c0ffee"
ENDPOINT_SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBwbHVnaW4ncyBlbmRwb2ludA=="
TRIGGER_SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0cmlnZ2VyLCB1bnVzZWQgdGhlcmU="

GATES = """\
apps:
  native: {{url: "{dify}/v1", api_key: app-native, allow_internal: true}}
  impatient: {{url: "{lab}/v1", api_key: app-impatient, allow_internal: true}}
  four-eyes: {{url: "{lab}/v1", api_key: app-four-eyes, allow_internal: true}}
  four-eyes-apart: {{url: "{lab}/v1", api_key: app-four-eyes-apart, allow_internal: true}}
  second: {{url: "{lab}/v1", api_key: app-second, allow_internal: true}}
  by-endpoint: {{url: "{lab}/e/{hook}/resume", secrets: ["{secret}"], allow_internal: true}}
  by-trigger: {{url: "{lab}{trigger}", secrets: ["{unused}"], allow_internal: true}}
gates:
  content-moderation:
    scorer: embedded
    thresholds: {{low: 0.25, high: 0.75}}
    categories: {{delicate: {{thresholds: {{low: null, high: null}}}}}}
    apps: [native]
    resume: {{mode: native_form, app: native}}
  impatient:
    scorer: signals
    thresholds: {{low: null, high: null}}
    review: {{deadline: 1s, on_deadline: reject}}
    apps: [impatient]
    resume: {{mode: native_form, app: impatient}}
  goes-on-by-api: &continued
    scorer: signals
    thresholds: {{low: null, high: null}}
    apps: [second, by-endpoint, by-trigger]
    resume: {{mode: continuation, app: second}}
  goes-on-by-endpoint: {{<<: *continued, resume: {{mode: continuation, app: by-endpoint}}}}
  goes-on-by-trigger: {{<<: *continued, resume: {{mode: continuation, app: by-trigger}}}}
  waits: &held
    scorer: signals
    thresholds: {{low: null, high: null}}
    resume: {{mode: hold}}
  waits-shortly: *held
  spoken: {{scorer: signals, thresholds: {{low: 0.1, high: 0.9}}}}
  four-eyes:
    scorer: signals
    thresholds: {{low: null, high: null}}
    apps: [four-eyes, four-eyes-apart]
    resume: {{mode: native_form, app: four-eyes}}
"""


type CallerOf = Callable[[str], DifyCaller]
"""Gives a caller of the app of this name."""


def nodes_changed(source: Path, path: Path, **values: dict[str, str]) -> Path:
    """A workflow with other values for its nodes' parameters, as a person types them in."""
    dsl = copy.deepcopy(yaml.safe_load(source.read_text("utf-8")))
    for node in dsl["workflow"]["graph"]["nodes"]:
        for name, value in values.get(node["id"], {}).items():
            kind = "tool_configurations" if name == "app" else "tool_parameters"
            given = {**node["data"][kind], name: {"type": "mixed", "value": value}}
            node["data"] = {**node["data"], kind: given}
    path.write_text(yaml.safe_dump(dsl, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def port() -> int:
    [port] = free_ports(1)
    return port


@pytest.fixture(scope="session")
def calls(port: int) -> Iterator[Middleman]:
    """Between the plugin and the service."""
    with Middleman(f"http://127.0.0.1:{port}") as middleman:
        yield middleman


@pytest.fixture(scope="session")
def workflow_lab(
    tmp_path_factory: pytest.TempPathFactory, calls: Middleman
) -> Iterator[LabProcess]:
    """Every shipped workflow, with the gates that a person would choose after the import."""
    folder = tmp_path_factory.mktemp("workflows")
    hook = folder / "hook.yml"
    hook.write_text("app: second\nsigning_secret: ${SIGNING_SECRET}\n")
    shipped = ROOT / "workflows"
    first = "content-review-continuation"
    apps = {
        "native": shipped / "content-review-native.yml",
        "impatient": imported("content-review-native", folder, gate="impatient"),
        "by-api": imported(first, folder, gate="goes-on-by-api"),
        "by-endpoint": imported(first, folder, gate="goes-on-by-endpoint"),
        "by-trigger": imported(first, folder, gate="goes-on-by-trigger"),
        "second": shipped / "content-review-continued.yml",
        "second-by-trigger": shipped / "content-review-continued-trigger.yml",
        "waits": imported("content-review-hold", folder, gate="waits"),
        "waits-shortly": imported(
            "content-review-hold", folder, gate="waits-shortly", max_wait_seconds=1
        ),
        "regenerate": AGAIN / "regenerate.yml",
        "regenerate-apart": nodes_changed(
            AGAIN / "regenerate.yml",
            folder / "regenerate-apart.yml",
            gate={"occurrence": "{{#loop.turn#}}"},
        ),
        "unfilled": nodes_changed(
            shipped / "content-review-native.yml",
            folder / "unfilled.yml",
            gate={"text": "{{#conversation.draft#}}"},
        ),
        "spoken": nodes_changed(
            imported("content-review-continuation", folder, gate="spoken", resume_mode="none"),
            folder / "spoken.yml",
            gate={"signals": "{{#start.ai_result#}}"},
        ),
        "each": AGAIN / "each.yml",
        "each-apart": nodes_changed(
            AGAIN / "each.yml",
            folder / "each-apart.yml",
            gate={"occurrence": "{{#each.index#}}"},
        ),
        "four-eyes": AGAIN / "four-eyes.yml",
        "four-eyes-apart": nodes_changed(
            AGAIN / "four-eyes.yml",
            folder / "four-eyes-apart.yml",
            gate={"occurrence": "first", "app": "four-eyes-apart"},
            gate2={"occurrence": "second", "app": "four-eyes-apart"},
        ),
    }
    with start_lab(
        apps,
        folder / "state",
        calls.url,
        hooks={HOOK: hook},
        env={"SIGNING_SECRET": ENDPOINT_SECRET},
    ) as lab:
        yield lab


@pytest.fixture(scope="session")
def watched(workflow_lab: LabProcess) -> Iterator[Middleman]:
    """Between the service and the native workflow's app."""
    with Middleman(workflow_lab.url) as middleman:
        yield middleman


@pytest.fixture(scope="session")
def trigger(workflow_lab: LabProcess) -> str:
    """The path of the second half's Webhook Trigger."""
    apps: list[LabApp] = workflow_lab.control("GET", "/lab/apps")
    [path] = [app["webhook"] for app in apps if app["name"] == "second-by-trigger"]
    assert path is not None
    return path


@pytest.fixture(scope="session")
def service(
    workflow_lab: LabProcess,
    watched: Middleman,
    trigger: str,
    port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ServiceCaller]:
    """The whole service, in front of the lab."""
    gates = GATES.format(
        dify=watched.url,
        lab=workflow_lab.url,
        hook=HOOK,
        secret=ENDPOINT_SECRET,
        trigger=trigger,
        unused=TRIGGER_SECRET,
    )
    site = Site(tmp_path_factory.mktemp("service"), port, gates)
    with site.start():
        yield ServiceCaller(site.url)


@pytest.fixture
def lab(workflow_lab: LabProcess, service: ServiceCaller) -> Iterator[LabProcess]:
    """The lab with the service behind it, and every trap off again afterwards."""
    yield workflow_lab
    off = dict.fromkeys(workflow_lab.control("GET", "/lab/switches"), False)
    workflow_lab.control("POST", "/lab/switches", off)


@pytest.fixture
def app(lab: LabProcess) -> CallerOf:
    """A caller of one of the lab's apps."""
    return lambda name: DifyCaller(lab, name)


@pytest.fixture
def native(app: CallerOf) -> DifyCaller:
    return app("native")


@pytest.fixture
def text(request: pytest.FixtureRequest) -> str:
    """A text that no other test sends, by which its task is found."""
    return f"The text of {request.node.name}"
