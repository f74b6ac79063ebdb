"""A gate that nobody changed keeps its document, and its version, over an upgrade."""

from service.configuration import BundleLabels, parse
from service.domain.gate_document import document_of

GATE = "gates:\n  refunds:\n    scorer: signals\n    thresholds: {low: 0.1, high: 0.9}\n"
AS_EVER = {
    "scorer": "signals",
    "labels": ["approve", "reject"],
    "approve_labels": ["approve"],
    "thresholds": {"low": 0.1, "high": 0.9},
    "categories": {},
    "contract": None,
    "panel": {"share": 0.0, "holds": False},
    "guards": {
        "shortest": 1,
        "longest": 20_000,
        "malformed": True,
        "injection": True,
        "novelty": 0.01,
        "redaction": "none",
    },
    "review": {
        "deadline_seconds": 86_400.0,
        "on_deadline": "reject",
        "lease_seconds": 300.0,
        "undo_seconds": 5.0,
        "quorum": 1,
    },
    "resume": {"mode": "none", "app": None},
    "apps": [],
}
"""As 0.1.0 writes it. A key that came later is left out where it has its default."""


def test_a_gate_of_defaults_is_written_as_ever() -> None:
    [policy] = parse(
        GATE, lambda _: BundleLabels(labels=("a",), approve_labels=("a",)), name="gates.yml"
    ).gates
    assert document_of(policy) == {"written": AS_EVER, "certified": []}
