"""The image's recipe, read: what it copies is there, and what it must not have is not."""

from pathlib import Path

import pytest

from service.settings import Settings, variable_of
from tests.deploy.image import ROOT, STORE, Dockerfile, DockerIgnore, files_of, unpack

DOCKERFILE = Dockerfile(ROOT / "Dockerfile")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("image")
    unpack(target)
    return target


def test_every_stage_starts_from_slim_python_by_name() -> None:
    assert set(DOCKERFILE.bases) == {"python:3.12-slim"}


def test_every_source_is_there_and_sent_to_the_engine() -> None:
    steps = [step for step in DOCKERFILE.steps if step.instruction == "COPY"]
    sources = [s for step in steps if "--from=" not in step.text for s in step.argv[:-1]]
    assert "service" in sources
    for source in sources:
        assert list(files_of(source)), source


def test_both_builds_of_the_packages_can_be_chosen() -> None:
    (argument,) = [step.text for step in DOCKERFILE.steps if step.instruction == "ARG"]
    name, _, default = argument.partition("=")
    gpu = default.replace(".txt", "-gpu.txt")
    assert f"--build-arg {name}={gpu}" in (ROOT / "Dockerfile").read_text()
    assert (ROOT / default).is_file()
    assert (ROOT / gpu).is_file()


def test_the_image_holds_the_service_its_model_and_the_contract_alone(unpacked: Path) -> None:
    assert sorted(path.name for path in unpacked.iterdir()) == ["models", "plugin", "service"]
    plugin = sorted(path.name for path in (unpacked / "plugin").iterdir())
    assert plugin == ["__init__.py", "contract"]
    assert (unpacked / "models" / "embedded" / "card.json").is_file()
    assert (unpacked / "service" / "store" / "migrations" / "versions").is_dir()
    assert not (unpacked / "training").exists()
    assert not list(unpacked.rglob("*.pyc"))


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        (".env", True),
        (".git/config", True),
        ("var/gate.db", True),
        ("plugin/client.py", True),
        ("plugin/contract/values.py", False),
        ("service/web/app.py", False),
        ("service/web/__pycache__/app.cpython-312.pyc", True),
        ("training/export.py", True),
        ("models/embedded/model.onnx", False),
        ("service/requirements-gpu.txt", False),
    ],
)
def test_no_secret_and_no_rubbish_is_sent_to_the_engine(path: str, ignored: bool) -> None:
    assert DockerIgnore(ROOT / ".dockerignore").ignores(path) is ignored


def test_it_runs_as_nobody_special_and_writes_into_its_volume_alone() -> None:
    user, _, group = DOCKERFILE.only("USER").text.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert DOCKERFILE.only("VOLUME").text == STORE
    assert DOCKERFILE.environment["GATE_DATABASE_URL"].startswith(f"sqlite:///{STORE}/")
    made = next(s.text for s in DOCKERFILE.final if s.instruction == "RUN" and "useradd" in s.text)
    assert f"--uid {user} " in made
    assert f"--owner=gate --group=gate {STORE}" in made


def test_the_final_image_installs_nothing() -> None:
    ran = " ".join(step.text for step in DOCKERFILE.final if step.instruction == "RUN")
    assert "pip" not in ran
    assert "apt" not in ran


def test_every_setting_in_its_environment_exists() -> None:
    known = {variable_of(name) for name in Settings.model_fields}
    given = {name for name in DOCKERFILE.environment if name.startswith("GATE_")}
    assert given <= known
