"""Processes that write to one SQLite take turns, and nobody waits for one who hangs for long."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from service.store import write_lock
from service.store.sql_store import SqlStore
from service.store.write_lock import Turn
from tests.examples import a_decision

KEEPS_ITS_TURN = """
import sys
from pathlib import Path
from service.store.write_lock import Turn

with Turn(Path(sys.argv[1])).taken():
    print("mine", flush=True)
    sys.stdin.read()
"""
FOR_EVER = 1e9


@contextmanager
def another_writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose turn it is until its input ends."""
    command = [sys.executable, "-c", KEEPS_ITS_TURN, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == "mine\n"
        yield writer


def test_a_process_waits_for_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, waits, told = tmp_path / "gate.db", threading.Event(), []
    monkeypatch.setattr(write_lock, "PATIENCE_SECONDS", FOR_EVER)
    monkeypatch.setattr("service.store.write_lock.time.sleep", lambda _: waits.set())

    def write() -> None:
        with Turn(path).taken():
            told.append("here")

    with another_writer(path) as writer:
        here = threading.Thread(target=write)
        here.start()
        assert waits.wait(30)
        assert not told
        assert writer.stdin
        writer.stdin.close()
        here.join()
    assert told == ["here"]


def test_who_is_killed_gives_its_turn_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_lock, "PATIENCE_SECONDS", FOR_EVER)
    with another_writer(tmp_path / "gate.db") as writer:
        writer.kill()
        with Turn(tmp_path / "gate.db").taken():
            pass


def test_who_hangs_holds_nobody_up_that_sqlite_lets_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_lock, "PATIENCE_SECONDS", 0)
    path = tmp_path / "gate.db"
    with another_writer(path):
        _writes(path)


def test_a_store_that_a_uri_names_keeps_its_turns_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "a folder"
    SqlStore(f"sqlite:///file:{folder}/gate.db?uri=true").close()
    assert [found.name for found in tmp_path.iterdir()] == ["a folder"]
    assert [found.name for found in folder.iterdir()] == ["gate.db-turn"]


def test_a_store_works_where_there_can_be_no_turns(tmp_path: Path) -> None:
    (tmp_path / "gate.db-turn").mkdir()
    _writes(tmp_path / "gate.db")


def _writes(path: Path) -> None:
    decision = a_decision()
    with closing(SqlStore(f"sqlite:///{path}")) as store:
        store.migrate()
        with store.transaction() as tx:
            tx.decisions.add([decision])
        with store.reading() as tx:
            assert tx.decisions.get(decision.id) == decision
