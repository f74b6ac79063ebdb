"""Every entry of the trail has a salt of its own, so that equal payloads cannot be told by hash."""

from service.usecases.shared.audit_events.access import draft_of_key_revocation
from service.usecases.shared.audit_events.draft import SALT_BYTES
from tests.examples import NOW


def test_two_entries_that_say_the_same_have_different_hashes() -> None:
    one, other = (draft_of_key_revocation("key", "admin", NOW) for _ in range(2))
    assert one.payload == other.payload
    assert one.payload_hash != other.payload_hash
    assert len(bytes.fromhex(one.salt)) == SALT_BYTES
