"""The compose files, read: valid, with no default secret, and naming only what there is."""

import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.configuration import load, parse
from service.domain.decision import ResumeMode
from service.settings import Settings, variable_of
from tests.deploy.image import ROOT, Dockerfile
from tests.shelf import shipped

COMPOSE = ROOT / "docker-compose.yml"
TEXT = COMPOSE.read_text()
TREE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = TREE["services"]
OURS = ("service", "worker")
SHELF = shipped(ROOT / "models")


@pytest.mark.parametrize("name", ["docker-compose.yml", "deploy/compose.gpu.yml"])
def test_the_schema_of_compose_is_kept(name: str) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_services_are_the_ones_of_the_documentation() -> None:
    assert set(SERVICES) == {"service", "worker", "postgres", "redis"}


def test_no_secret_has_a_default() -> None:
    named = re.findall(r"\$\{(\w+)(:[-?])?", TEXT)
    assert named
    for variable, kind in named:
        is_secret = re.search(r"PASSWORD|KEY|SECRET|ADMIN", variable)
        assert kind == (":?" if is_secret else ":-"), variable


def test_what_is_waited_for_can_be_healthy() -> None:
    image_is_checked = bool(Dockerfile(ROOT / "Dockerfile").health_command)
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, name
            checked = SERVICES[other].get("healthcheck", {"test": image_is_checked})
            assert checked.get("test"), f"{name} waits for {other}, which has no health check"


def test_volumes_networks_and_mounted_files_are_there() -> None:
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(TREE["networks"])
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in TREE["volumes"] or (ROOT / source).is_file(), source


def test_the_stores_are_out_of_reach_from_outside() -> None:
    assert TREE["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
        assert "ports" not in SERVICES[name]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"] == Dockerfile(ROOT / "Dockerfile").only("USER").text
    assert "privileged" not in service


@pytest.mark.parametrize("name", OURS)
def test_every_setting_given_exists(name: str) -> None:
    known = {variable_of(field) for field in Settings.model_fields}
    assert set(SERVICES[name]["environment"]) <= known


def test_the_gates_it_brings_are_good() -> None:
    configuration = load(ROOT / "deploy" / "gates.yml", SHELF.labels_of)
    assert [gate.gate for gate in configuration.gates] == ["content-moderation", "workflow-signals"]


def test_the_gates_are_good_with_the_comments_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFY_APP_KEY", "app-key")
    text = (ROOT / "deploy" / "gates.yml").read_text()
    uncommented = re.sub(r"^( *)# ( *[a-z_]+:( .*)?)$", r"\1\2", text, flags=re.MULTILINE)
    configuration = parse(uncommented, SHELF.labels_of, name="gates.yml")
    moderation = configuration.gates[0]
    assert moderation.resume.mode is ResumeMode.NATIVE_FORM
    assert moderation.resume.app == "moderation"


def test_fresh_secrets_are_enough_and_are_written_once(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "new-env"
    shutil.copy(ROOT / "deploy" / "new-env", script)
    subprocess.run([script], check=True, capture_output=True)
    written = (tmp_path / ".env").read_text()
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    demanded = set(re.findall(r"\$\{(\w+):\?", TEXT))
    values = dict(re.findall(r"^(\w+)=(.+)$", written, flags=re.MULTILINE))
    assert demanded <= set(values)
    secrets = [values[name].rpartition(":")[2] for name in demanded]
    assert len(set(secrets)) == len(secrets)
    # They go into addresses as they are.
    assert all(re.fullmatch(r"[0-9a-z_]{48,}", secret) for secret in secrets)
    assert Settings(_env_file=tmp_path / ".env").bootstrap_admin is not None

    subprocess.run([script], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == written
