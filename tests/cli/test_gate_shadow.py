"""`gate shadow`, as an operator runs it."""

from pathlib import Path

from service.domain.decision import Assessment, Zone
from service.domain.ids import GateName
from service.store.sql_store import SqlStore
from tests.cli.operator import service
from tests.examples import NOW, a_decision

GATES = """\
gates:
  comments: {scorer: signals, thresholds: {low: 0.1, high: 0.9}}
"""


def test_a_shadow_is_started_shown_and_adopted(tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_text(GATES)
    (tmp_path / "bold.yaml").write_text("thresholds: {low: 0.4, high: 0.6}")

    def shadow(*arguments: str) -> tuple[int, str]:
        config = str(tmp_path / "gates.yaml")
        told = service(tmp_path, "gate", "shadow", *arguments, GATE_CONFIG=config)
        return told.returncode, told.stdout + told.stderr

    assert shadow("start", "comments", str(tmp_path / "bold.yaml"), "--note", "bolder")[0] == 0
    store = SqlStore(f"sqlite:///{tmp_path}/gate.db")
    with store.transaction() as tx:
        tx.decisions.add(
            [
                a_decision(
                    gate=GateName("comments"),
                    created_at=NOW.replace(year=NOW.year + 50),
                    signals={"score": 0.7},
                    zone=Zone.HUMAN_REVIEW,
                    assessment=Assessment(confidence=0.7, raw_score=0.7),
                )
            ]
        )
    store.close()
    code, said = shadow("show", "comments")
    assert code == 0
    assert "1 items of which both are known, 0 more" in said
    assert "1 (100.0%)" in said
    assert "0 to 1 of 1" in said
    assert shadow("adopt", "comments") == (0, "Version 2 of comments is in force.\n")
