"""Settings: from the environment, wrong ones told by their name, secrets never shown."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner, Result

from service.cli import app
from service.settings import Settings, settings_table, variable_of

ROOT = Path(__file__).parents[2]
SECRETS = {
    "GATE_DATABASE_URL": "postgresql://gate:hush-store@db.example/gate?password=hush-query",
    "GATE_REDIS_URL": "rediss://:hush-bus@bus.example/0",
    "GATE_BOOTSTRAP_KEY": "hush-key",
    "GATE_BOOTSTRAP_ADMIN": "lin:hush-admin",
}


def run(*command: str, **changes: str) -> Result:
    return CliRunner().invoke(app, command, env={"COLUMNS": "200"} | changes)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("GATE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # no .env lies here


def test_nothing_set_is_a_whole_installation() -> None:
    settings = Settings()
    assert settings.database_url == "sqlite:///var/gate.db"
    assert settings.redis_url is None
    assert settings.config is None
    assert settings.host == "127.0.0.1"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.bootstrap_key is None
    assert settings.bootstrap_admin is None


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("GATE_PORT=8001\nGATE_HOST=0.0.0.0\n")
    monkeypatch.setenv("GATE_PORT", "8002")
    settings = Settings()
    assert (settings.host, settings.port) == ("0.0.0.0", 8002)


def test_a_variable_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(variable_of(name), "")
    assert Settings() == Settings.model_construct()


def test_review_links_use_the_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATE_PUBLIC_URL", "https://gate.example/")
    assert Settings().base_url == "https://gate.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATE_PORT", "0"),
        ("GATE_PORT", "http"),
        ("GATE_SCORER_THREADS", "0"),
        ("GATE_PROVIDER", "abacus"),
        ("GATE_LOG_LEVEL", "loud"),
        ("GATE_DATABASE_URL", "mysql://hush@db/gate"),
        ("GATE_DATABASE_URL", "sqlite://"),
        ("GATE_DATABASE_URL", "sqlite:///:memory:"),
        ("GATE_REDIS_URL", "hush@bus.example"),
        ("GATE_BOOTSTRAP_ADMIN", "hush"),
        ("GATE_BOOTSTRAP_ADMIN", "hush:"),
    ],
)
def test_a_bad_value_is_told_by_its_name_alone(name: str, value: str) -> None:
    ended = run("migrate", **{name: value})
    assert ended.exit_code == 2
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == [name]
    assert "hush" not in ended.stderr + ended.stdout


def test_every_bad_value_is_told_at_once() -> None:
    ended = run("serve", GATE_PORT="x", GATE_PROVIDER="y")
    assert ended.exit_code == 2
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == [
        "GATE_PORT",
        "GATE_PROVIDER",
    ]


def test_secrets_show_neither_in_repr_nor_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    assert "hush" not in repr(Settings())
    monkeypatch.setenv("GATE_PORT", "none")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [found["loc"] for found in caught.value.errors()] == [("port",)]


def test_the_command_shows_every_setting_and_no_secret() -> None:
    shown = run("settings", **SECRETS).stdout
    assert all(variable_of(name) in shown for name in Settings.model_fields)
    assert "postgresql://gate:***@db.example/gate" in shown
    assert "rediss://:***@bus.example/0" in shown
    assert "hush" not in shown


def test_the_table_has_a_row_for_every_setting_and_no_path_of_this_machine() -> None:
    rows = settings_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [variable_of(n) for n in Settings.model_fields]
    assert str(ROOT) not in settings_table()
