"""The commands, run as an operator runs them."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.operator import service, service_process


@pytest.mark.parametrize(
    "command",
    [
        "",
        "serve",
        "worker",
        "migrate",
        "settings",
        "user create",
        "apikey create",
        "audit verify",
        "model activate",
        "model add",
    ],
)
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    told = service(tmp_path, *command.split(), "--help")
    assert told.returncode == 0
    assert "Usage: python -m service" in told.stdout


def test_a_key_is_shown_once_and_never_stored(tmp_path: Path) -> None:
    made = service(tmp_path, "apikey", "create", "dify", "--scope", "decide")
    secret = made.stdout.strip()
    assert made.returncode == 0
    assert secret.startswith("cg_")
    listed = service(tmp_path, "apikey", "list").stdout
    assert listed == "dify\tdecide\tall gates\n"
    assert secret.encode() not in (tmp_path / "gate.db").read_bytes()
    assert service(tmp_path, "apikey", "revoke", "dify").returncode == 0
    assert "revoked" in service(tmp_path, "apikey", "list").stdout


def test_a_person_needs_a_password_that_is_not_short(tmp_path: Path) -> None:
    short = service(tmp_path, "user", "create", "lin", "--password", "short")
    assert short.returncode == 2
    assert "at least 8 characters" in short.stderr
    made = service(
        tmp_path, "user", "create", "lin", "--password", "long enough", "--role", "expert"
    )
    assert made.stdout == "lin can sign in as expert.\n"
    again = service(tmp_path, "user", "create", "lin", "--password", "long enough")
    assert again.returncode == 2
    assert "already" in again.stderr


def test_a_changed_byte_in_the_audit_table_is_found_and_named(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        service(tmp_path, "apikey", "create", name, "--scope", "read")
    whole = service(tmp_path, "audit", "verify")
    assert (whole.returncode, "holds: 3 entries" in whole.stdout) == (0, True)
    with sqlite3.connect(tmp_path / "gate.db") as database:
        database.execute("UPDATE audit_entries SET subject = 'twa' WHERE seq = 2")
    broken = service(tmp_path, "audit", "verify")
    assert broken.returncode == 1
    assert "broken at entry 2" in broken.stdout


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"GATE_PORT": "many"}, "GATE_PORT"),
        ({"GATE_PROVIDER": "abacus"}, "GATE_PROVIDER"),
        ({"GATE_BOOTSTRAP_ADMIN": "nobody"}, "name:password"),
        ({"GATE_CONFIG": "missing.yaml"}, "missing.yaml"),
        ({"GATE_MODELS_DIR": "nowhere"}, "GATE_MODELS_DIR"),
        ({"GATE_DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}, "GATE_DATABASE_URL"),
        ({"GATE_DATABASE_URL": "nonsense"}, "GATE_DATABASE_URL"),
        ({"GATE_DATABASE_URL": "sqlite:////proc/nowhere/gate.db"}, "GATE_DATABASE_URL"),
    ],
)
def test_a_start_that_cannot_work_says_what_to_do(
    tmp_path: Path, env: dict[str, str], says: str
) -> None:
    told = service_process(tmp_path, "serve", **env)
    assert told.returncode == 2
    assert says in told.stderr
    assert "Traceback" not in told.stderr


def test_secrets_stay_out_of_the_settings_table(tmp_path: Path) -> None:
    told = service(tmp_path, "settings", GATE_BOOTSTRAP_KEY="cg_do_not_show")
    assert told.returncode == 0
    assert "GATE_BOOTSTRAP_KEY" in told.stdout
    assert "cg_do_not_show" not in told.stdout
