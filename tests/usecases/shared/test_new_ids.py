"""Identifiers sort by the time of their making and say what they name."""

from itertools import pairwise

from service.usecases.shared.new_ids import (
    new_decision_id,
    new_delivery_id,
    new_lease_token,
    new_task_id,
)


def test_ids_made_one_after_another_sort_so() -> None:
    ids = [new_decision_id() for _ in range(100)]
    moments = [name[:18] for name in ids]  # the prefix and the microseconds
    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert len(set(ids)) == 100


def test_ids_say_what_they_name() -> None:
    assert new_decision_id().startswith("dec_")
    assert new_task_id().startswith("tsk_")
    assert new_delivery_id().startswith("dlv_")
    assert new_lease_token() != new_lease_token()
