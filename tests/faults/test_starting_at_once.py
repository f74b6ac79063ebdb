"""Replicas that start at the same moment on an empty store: each comes up, and all is made once."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime

from service.configuration import BundleLabels, Configuration, parse
from service.domain.errors import BrokenBundle
from service.domain.gate import GatePolicy
from service.domain.ids import GateName
from service.store.sql_store import SqlStore
from service.usecases.gates.policy_cache import GateBook
from tests.store.crowd import at_once

REPLICAS = 8


def unknown_bundle(name: str) -> BundleLabels:
    raise BrokenBundle(name)


def configured(high: float) -> Configuration:
    gate = f"gates: {{answers: {{scorer: signals, thresholds: {{low: 0.1, high: {high}}}}}}}"
    return parse(gate, unknown_bundle, name="test")


def test_a_gate_gets_one_version_however_many_adopt_it(postgres_url: str) -> None:
    with ExitStack() as stack:
        stores = [stack.enter_context(closing(SqlStore(postgres_url))) for _ in range(REPLICAS)]
        stores[0].migrate()
        for version, high in enumerate((0.8, 0.9), start=1):
            gates = configured(high).gates

            def adopt(number: int, gates: Sequence[GatePolicy] = gates) -> GateBook:
                book = GateBook(stores[number])
                book.adopt(gates, datetime.now(UTC))
                return book

            books = at_once(REPLICAS, adopt)
            assert {book.of(GateName("answers")).version for book in books} == {version}
            assert {book.of(GateName("answers")).thresholds.high for book in books} == {high}
