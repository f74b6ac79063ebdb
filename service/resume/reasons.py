"""Why a delivery did not work: a short stable code, and a sentence that a person understands."""

from service.ports.resumer import DeliveryDead, DeliveryFailed

LONGEST_QUOTE = 200


def failed(code: str, sentence: str, *, retry_after: float | None = None) -> DeliveryFailed:
    """This try did not work; a later one may."""
    return DeliveryFailed(f"{code}: {sentence}", retry_after=retry_after)


def dead(code: str, sentence: str) -> DeliveryDead:
    """No try can work; the sentence says what to do."""
    return DeliveryDead(f"{code}: {sentence}")


def quoted(text: str) -> str:
    """Somebody else's words, on one line and short, for use in a sentence of ours."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"{line[:LONGEST_QUOTE]}..." if len(line) > LONGEST_QUOTE else line
