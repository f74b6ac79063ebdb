"""`data export`: a file, its card beside it, and mistakes in words."""

import hashlib
import json
from pathlib import Path

from service.domain.outcome import Truth, Verdict
from service.store.sql_store import SqlStore
from tests.cli.operator import service
from tests.examples import NOW, a_decision


def test_a_file_and_its_card(tmp_path: Path) -> None:
    store, decision = SqlStore(f"sqlite:///{tmp_path}/gate.db"), a_decision()
    store.migrate()
    with store.transaction() as tx:
        tx.decisions.add([decision])
        truth = Truth(verdict=Verdict.REJECT, note="", reported_by="key:shop", reported_at=NOW)
        tx.decisions.add_truth(decision.id, truth)
    store.close()
    out = tmp_path / "cases.jsonl"
    told = service(tmp_path, "data", "export", "content-moderation", str(out), "--case", "failure")
    assert told.returncode == 0, told.stderr
    card = json.loads((tmp_path / "cases.card.json").read_text())
    assert card["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert card["version"] in told.stdout
    assert json.loads(out.read_text())["decision_id"] == decision.id
    assert sorted(path.name for path in tmp_path.glob("cases*")) == [
        "cases.card.json",
        "cases.jsonl",
    ]


def test_mistakes_are_told(tmp_path: Path) -> None:
    unknown = service(tmp_path, "data", "export", "nobody", str(tmp_path / "x.jsonl"))
    assert (unknown.returncode, "The gates are: content-moderation" in unknown.stderr) == (2, True)
    nowhere = service(tmp_path, "data", "export", "content-moderation", str(tmp_path / "a/b.jsonl"))
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (2, True)
    assert not list(tmp_path.glob("x*"))
