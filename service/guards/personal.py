"""Personal data in a text: where it stands and what it is.

Patterns propose, checksums decide where there are any; of finds that overlap the first in the order
of `_SEARCHES` stays. The script of digits and invisible characters in between make no difference.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from service.guards.characters import INVISIBLE
from service.guards.checksums import (
    IBAN_LENGTHS,
    is_address,
    is_card,
    is_credit_code,
    is_iban,
    is_machine_readable,
    is_resident_id,
    is_social_security,
)


class Kind(StrEnum):
    """What can be masked. The value is the word of its label."""

    SECRET = "secret"  # noqa: S105 (a word, not one)
    EMAIL = "email"
    IBAN = "iban"
    CARD = "card"
    RESIDENT_ID = "resident id"
    CREDIT_CODE = "credit code"
    SOCIAL_SECURITY = "social security"
    PASSPORT = "passport"
    PHONE = "phone"
    IP_ADDRESS = "ip"


@dataclass(frozen=True, order=True)
class Found:
    """`text[start:end]` is personal data of a kind."""

    start: int
    end: int
    kind: Kind


def personal_data(text: str) -> list[Found]:
    """What there is in the text, in its order, without overlaps."""
    plain, places = _plain(text)
    if not _WORTH_A_LOOK.search(plain):
        return []
    taken: list[Found] = []
    for kind, search in _SEARCHES:
        for start, end in search(plain):
            if all(end <= one.start or start >= one.end for one in taken):
                taken.append(Found(start, end, kind))
    if places is None:
        return sorted(taken)
    return sorted(Found(places[f.start], places[f.end - 1] + 1, f.kind) for f in taken)


type Span = tuple[int, int]
type Search = Callable[[str], Iterator[Span]]

_WORTH_A_LOOK = re.compile(
    r"[@:]|[0-9][0-9 .()\-]{4}|[A-Za-z0-9_-]{16}|(?i:passw|token|secret|key)"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def _plain(text: str) -> tuple[str, list[int] | None]:
    """The text with western digits and without what nobody sees, and where each character was."""
    if text.isascii():
        return text, None
    kept = [at for at, character in enumerate(text) if not _INVISIBLE.match(character)]
    return "".join(_western(text[at]) for at in kept), kept


def _western(character: str) -> str:
    if character.isascii():
        return character
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _spans(pattern: str, valid: Callable[[str], bool] = bool, group: int = 0) -> Search:
    compiled = re.compile(pattern)

    def search(text: str) -> Iterator[Span]:
        return (found.span(group) for found in compiled.finditer(text) if valid(found[group]))

    return search


def _ibans(text: str) -> Iterator[Span]:
    for begun in re.finditer(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9])", text):
        end = _end_of(text, begun.start(), IBAN_LENGTHS.get(begun[0][:2].upper(), 0))
        number = re.sub("[ -]", "", text[begun.start() : end]).upper()
        if number and is_iban(number):
            yield begun.start(), end


def _end_of(text: str, start: int, length: int) -> int:
    """Where `length` letters and digits end, single spaces and dashes aside; `start` if nowhere."""
    at, left = start, length
    while left and at < len(text):
        if text[at].isascii() and text[at].isalnum():
            left -= 1
        elif text[at] not in " -" or text[at - 1] in " -":
            return start
        at += 1
    ends = at == len(text) or not (text[at].isascii() and text[at].isalnum())
    return at if length and not left and ends else start


def _phones(text: str) -> Iterator[Span]:
    """Chinese mobile numbers; what begins with +; and national numbers written as such."""
    yield from _MOBILE_OF_CHINA(text)
    if _INTERNATIONAL.search(text):
        yield from _matched(text, None, phonenumbers.Leniency.VALID)
    if _GROUPED.search(text):
        for region in ("US", "CN", "GB", "DE", "FR"):
            yield from _matched(text, region, phonenumbers.Leniency.STRICT_GROUPING)


def _matched(text: str, region: str | None, leniency: int) -> Iterator[Span]:
    for match in phonenumbers.PhoneNumberMatcher(text, region, leniency, max_tries=1000):
        if region is None or _GROUPED.search(match.raw_string):
            yield match.start, match.end


_MOBILE_OF_CHINA = _spans(
    r"(?<![\d.+])(?:\+?86[- ]?)?1[3-9]\d(?P<gap>[- ]?)\d{4}(?P=gap)\d{4}(?![\d.]\d|\d)"
)
_INTERNATIONAL = re.compile(r"\+ ?[1-9(]|(?<!\d)00[1-9]")
_GROUPED = re.compile(r"(?<![\d.])\(?0?\d{2,5}\)?[ .\-/]{1,2}\d{3,4}[ .\-/]?\d{3,8}(?!\d)")


def _secrets(text: str) -> Iterator[Span]:
    for search in _SECRET_SEARCHES:
        yield from search(text)


_SECRET_SEARCHES = (
    _spans(r"eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{16,2048}"),
    _spans(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _spans(r"(?<![A-Za-z0-9])(?:sk|pk|rk)[-_][A-Za-z0-9_-]{20,256}"),
    _spans(r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{30,255}|xox[abprs]-[A-Za-z0-9-]{10,255})"),
    _spans(r"(?<![A-Za-z0-9])app-[A-Za-z0-9]{20,64}(?![A-Za-z0-9])"),
    _spans(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{0,8192}"),
    _spans(r"(?<=://)[^\s/:@]{1,128}:[^\s/@]{1,128}(?=@)"),
    _spans(
        r"(?i)[?&#;](?:access_|id_|refresh_|auth_|api|session)?_?(?:token|key|secret|password|passwd|"
        r"pwd|signature|sig|sid|sessionid)=([^\s&#;\"'<>]{6,2048})",
        group=1,
    ),
    _spans(
        r"(?i)(?:password|passwd|api[_ -]?key|secret[_ -]?key|access[_ -]?token|密码|口令|密钥)"
        r"[\"']?\s{0,3}[:=：]\s{0,3}[\"']?([^\s\"',;，。；]{6,256})",
        group=1,
    ),
)

_SEARCHES: tuple[tuple[Kind, Search], ...] = (
    (Kind.SECRET, _secrets),
    (
        Kind.EMAIL,
        _spans(
            r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@"
            r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])"
        ),
    ),
    (Kind.IBAN, _ibans),
    (
        Kind.RESIDENT_ID,
        _spans(r"(?<![A-Za-z0-9])[1-8]\d{16}[0-9Xx](?![A-Za-z0-9])", is_resident_id),
    ),
    (
        Kind.CARD,
        _spans(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d]|\.\d)", is_card),
    ),
    (
        Kind.CREDIT_CODE,
        _spans(
            r"(?<![A-Za-z0-9])[1-9AaNnYy][0-9A-Za-z]\d{6}[0-9A-Za-z]{10}(?![A-Za-z0-9])",
            is_credit_code,
        ),
    ),
    (
        Kind.SOCIAL_SECURITY,
        _spans(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])", is_social_security),
    ),
    (
        Kind.PASSPORT,
        _spans(
            r"(?i)(?:passport|护照|passeport|reisepass)[^\n]{0,24}?(?<![A-Za-z0-9])"
            r"((?:[A-Z]{1,2}\d{6,8}|[A-Z]\d{2}[A-Z]{2}\d{4}|\d{9}))(?![A-Za-z0-9])",
            group=1,
        ),
    ),
    (
        Kind.PASSPORT,
        _spans(
            r"(?<![A-Z0-9<])[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{14}[0-9<]\d",
            is_machine_readable,
        ),
    ),
    (Kind.PHONE, _phones),
    (
        Kind.IP_ADDRESS,
        _spans(
            r"(?<![\d.vV])(?<![vV]ersion )(?:25[0-5]|2[0-4]\d|1?\d?\d)"
            r"(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.]*\d)",
            is_address,
        ),
    ),
    (
        Kind.IP_ADDRESS,
        _spans(
            r"(?<![A-Za-z0-9:.])(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4}(?![\w:])", is_address
        ),
    ),
)
