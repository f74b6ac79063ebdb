"""What guards look for in an item before anything is decided, and how a finding is noted."""

from dataclasses import dataclass
from enum import StrEnum


class Finding(StrEnum):
    """What a guard may find. An item with one is for people, whatever its confidence."""

    TRUNCATED = "truncated"
    UNREADABLE_PART = "unreadable_part"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNRESOLVED_VARIABLE = "unresolved_variable"
    NO_WORDS = "no_words"
    CONTROL_CHARACTERS = "control_characters"
    HIDDEN_TEXT = "hidden_text"
    BIDI_OVERRIDE = "bidi_override"
    INVISIBLE_CHARACTERS = "invisible_characters"
    BROKEN_ENCODING = "broken_encoding"
    STACKED_MARKS = "stacked_marks"
    REPETITION = "repetition"
    MIXED_SCRIPTS = "mixed_scripts"
    INJECTION_OVERRIDE = "injection_override"
    INJECTION_ROLE = "injection_role"
    INJECTION_VERDICT = "injection_verdict"
    INJECTION_LEAK = "injection_leak"
    INJECTION_MARKERS = "injection_markers"
    INJECTION_EXFILTRATION = "injection_exfiltration"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    TOO_COMPLEX = "too_complex"
    GUARD_FAILED = "guard_failed"


class Place(StrEnum):
    """Which part of a request a finding is in."""

    TEXT = "text"
    FIELDS = "fields"
    AI_RESULT = "ai_result"


class Layer(StrEnum):
    """What had to be taken off before a finding showed."""

    STYLED = "styled"  # full-width, mathematical and other styled forms of letters
    INVISIBLE = "invisible"  # characters that nobody sees, between the letters
    LOOKALIKE = "lookalike"  # letters of other scripts that look the same
    LEETSPEAK = "leetspeak"  # digits and signs in the place of letters
    SPACED = "spaced"  # l e t t e r s set apart
    ROT13 = "rot13"
    BASE64 = "base64"
    HEX = "hex"
    URL = "url"
    ESCAPES = "escapes"  # HTML entities, backslash escapes
    HIDDEN_BYTES = "hidden_bytes"  # a text in tag characters or variation selectors


@dataclass(frozen=True, kw_only=True)
class Note:
    """A finding with where it was; `layers` from the outermost to the innermost."""

    finding: Finding
    place: Place = Place.TEXT
    layers: tuple[Layer, ...] = ()

    def __str__(self) -> str:
        """`finding@place:layer+layer`; place and layers only where there is something to say."""
        place = "" if self.place is Place.TEXT else f"@{self.place}"
        return self.finding + place + (":" + "+".join(self.layers) if self.layers else "")

    @classmethod
    def read(cls, note: str) -> "Note":
        """The note that was written so. Raises ValueError for what no guard of ours wrote."""
        where, _, layers = note.partition(":")
        finding, _, place = where.partition("@")
        return cls(
            finding=Finding(finding),
            place=Place(place) if place else Place.TEXT,
            layers=tuple(Layer(layer) for layer in layers.split("+") if layer),
        )


class Redaction(StrEnum):
    """Where personal data is masked."""

    NONE = "none"
    REVIEWERS = "reviewers"  # stored whole, shown masked
    STORAGE = "storage"  # masked before it is stored: nobody can show it again


@dataclass(frozen=True, kw_only=True)
class GuardRules:
    """Which guards a gate uses, and how strictly.

    `shortest` and `longest` are characters: of a text's letters, digits and symbols, and of all of
    it; None is no limit. `novelty` and `complexity` are the shares of usual items in [0, 1) that
    may be told to be out of distribution, and to be too complex; 0 is off. `lawful` are texts, and
    JSON as text, that a gate takes although they look like a variable that was not filled in.
    """

    shortest: int | None = 1
    longest: int | None = 20_000
    malformed: bool = True
    injection: bool = True
    unresolved: bool = True
    lawful: tuple[str, ...] = ()
    novelty: float = 0.01
    complexity: float = 0.0
    redaction: Redaction = Redaction.NONE
