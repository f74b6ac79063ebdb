"""The import contracts hold what docs/architecture.md says: a breach of each is found and named.

The breaches are planted in a copy of the sources, where `lint-imports` runs as `make check` does.
"""

import ast
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
RULES: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: list[str] = [contract["name"] for contract in RULES["contracts"]]
PACKAGES: list[str] = RULES["root_packages"]
NOT_LAYERED = {"tests", "scripts", "var", "dist", "reports"}
LINTER = Path(sys.executable).with_name("lint-imports")

LAYERS = "The service is built in layers"
ADAPTERS = "Only bootstrap names adapters"
BUNDLES = "Only bootstrap, registry and retraining read bundles"
SETTINGS = "Settings and configuration are read at the edge and passed on"
SCIENCE = "Decision science knows the domain alone"
FRAMEWORKS = "Domain, decision science, ports and use cases speak no framework"
WIRE = "The service knows the plugin's wire models alone, in web and resume"
PLUGIN = "The plugin stands on its wire models"
BESIDE = "The service and the plugin import nothing that stands beside them"
ALONE = "Lab, corpora and packager import nothing of ours"
TRAINING = "Others use what the training offers, not its insides"
CIRCLES = "No packages import one another in a circle"
TESTS = "Nobody imports the tests"

# (contract, the file that breaks it, its line)
BREACHES = [
    (LAYERS, "service/domain/review.py", "import service.randomness"),
    (LAYERS, "service/ports/store.py", "import service.confidence.metrics"),
    (LAYERS, "service/usecases/decisions/decide.py", "import service.web.problems"),
    (LAYERS, "service/store/engine.py", "import service.usecases.decisions.decide"),
    (LAYERS, "service/store/migrations/versions/0002_certificates.py", "import service.web.app"),
    (LAYERS, "service/web/app.py", "import service.bootstrap.adapters"),
    (LAYERS, "service/novelties.py", "import service.domain.gate"),
    (
        ADAPTERS,
        "service/usecases/decisions/decide.py",
        "from service.store.sql_store import SqlStore",
    ),
    (ADAPTERS, "service/web/app.py", "from service.store.sql_store import SqlStore"),
    (ADAPTERS, "service/web/ops.py", "from service.telemetry.metrics import Metrics"),
    (ADAPTERS, "service/ports/store.py", "import service.store.engine"),
    (ADAPTERS, "service/cli/gate.py", "from service.guards.masking import LabelRedactor"),
    (ADAPTERS, "service/store/engine.py", "import service.bus.memory"),
    (ADAPTERS, "service/thresholds/certify.py", "import service.limits.buckets"),
    (BUNDLES, "service/usecases/decisions/assess.py", "import service.scoring.bundle"),
    (BUNDLES, "service/resume/webhook.py", "import service.scoring.answer"),
    (SETTINGS, "service/usecases/gates/change_gate.py", "import service.configuration"),
    (SETTINGS, "service/store/engine.py", "from service.settings import Settings"),
    (SCIENCE, "service/thresholds/certify.py", "import service.ports.clock"),
    (SCIENCE, "service/confidence/members.py", "import service.randomness"),
    (FRAMEWORKS, "service/domain/gate.py", "import pydantic"),
    (FRAMEWORKS, "service/usecases/decisions/assess.py", "import sqlalchemy"),
    (WIRE, "service/web/api/decisions.py", "import plugin.client"),
    (WIRE, "service/usecases/decisions/decide.py", "import plugin.contract.decisions"),
    (PLUGIN, "plugin/contract/values.py", "import plugin.client"),
    (PLUGIN, "plugin/client.py", "import plugin.tools.get_review"),
    (BESIDE, "plugin/tools/get_review.py", "import service.domain"),
    (BESIDE, "plugin/client.py", "import corpora"),
    (BESIDE, "service/retraining/fitting.py", "import training.corpus"),
    (BESIDE, "service/cli/data.py", "import experiments.data"),
    (BESIDE, "packager/checks.py", "import lab.errors"),
    (BESIDE, "training/report.py", "import experiments.synthetic"),
    (BESIDE, "corpora/splits.py", "import service.domain.values"),
    (ALONE, "lab/server.py", "import plugin.client"),
    (TRAINING, "experiments/guards.py", "import training.novelty"),
    (TRAINING, "bench/parts.py", "import training.precision.fusing"),
    (CIRCLES, "service/usecases/gates/change_gate.py", "import service.usecases.review.queries"),
    (CIRCLES, "service/web/pages/rendering.py", "import service.web.pages.queue"),
    (CIRCLES, "training/corpus.py", "import training.novelty"),
    (TESTS, "service/guards/injection.py", "import tests.guards.collection"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources and of the rules, free to be spoilt."""
    root = tmp_path_factory.mktemp("tree")
    shutil.copyfile(ROOT / "pyproject.toml", root / "pyproject.toml")
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            copy = root / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return root


def broken(tree: Path) -> set[str]:
    """The contracts that `lint-imports` finds broken."""
    run = subprocess.run([LINTER], cwd=tree, capture_output=True, text=True, check=False)
    found = {name for name in CONTRACTS if f"{name} BROKEN" in run.stdout}
    assert (run.returncode != 0) == bool(found), run.stdout + run.stderr
    return found


def test_the_sources_keep_every_contract(tree: Path) -> None:
    assert broken(tree) == set()


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES)
def test_a_breach_is_found_and_named(tree: Path, contract: str, file: str, line: str) -> None:
    spoilt = tree / file
    before = spoilt.read_text() if spoilt.exists() else None
    spoilt.write_text(f"{before or ''}\n{line}\n")
    try:
        assert contract in broken(tree)
    finally:
        if before is None:
            spoilt.unlink()
        else:
            spoilt.write_text(before)


def test_each_contract_has_a_breach() -> None:
    assert {contract for contract, _, _ in BREACHES} == set(CONTRACTS)


def test_the_linter_sees_every_module() -> None:
    """It passes over folders without `__init__.py`, and over packages that it is not told of."""
    assert {file.parts[0] for file in sources()} == {*PACKAGES, "main.py"}
    folders = {file.parent for file in sources()} - {Path()}
    assert [f for f in sorted(folders) if not (ROOT / f / "__init__.py").exists()] == []


def test_the_plugin_imports_only_what_dify_installs_for_it() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = {Requirement(line).name.replace("-", "_") for line in lines if line}
    brought_by_the_sdk = {"werkzeug"}
    plugin = [file for file in sources() if file.parts[0] in ("plugin", "main.py")]
    assert imported(plugin) - {"plugin"} <= required | brought_by_the_sdk


def test_the_wire_models_import_pydantic_alone() -> None:
    contract = [file for file in sources() if file.parts[:2] == ("plugin", "contract")]
    assert imported(contract) - {"plugin"} == {"pydantic"}


def sources() -> list[Path]:
    """Every Python file that is ours and no test, from the root."""
    tops = [top for top in ROOT.iterdir() if top.name[0] != "." and top.name not in NOT_LAYERED]
    files = [file for top in tops for file in (top.rglob("*.py") if top.is_dir() else [top])]
    return [file.relative_to(ROOT) for file in files if file.suffix == ".py"]


def imported(files: Iterable[Path]) -> set[str]:
    """The packages that the files import, without Python's own."""
    names = set()
    for file in files:
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names
