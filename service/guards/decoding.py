"""What a text holds in disguise of bytes: base64, hex, URLs, entities, escapes, invisible bytes.

Decoding goes three deep and reads a bounded number of characters in all, whatever is packed in
whatever.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from service.domain.guard import Layer

DEEPEST = 3
MOST_CHARACTERS = 200_000
"""Decoded characters that are looked at for one text, all layers together."""

_BASE64_ROW = re.compile(r"(?<!\S)(?:[A-Za-z0-9+/_-]{4,}+={0,2}(?:\s++|\Z)){2,}")
_BASE64_TEXT = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_BASE64_LOOKS = re.compile(r"[A-Z0-9=](?:(?<=[a-z][A-Z0-9])|(?<==)(?:\s|$))")
"""A capital or digit after a small letter, or a sign of equality at a word's end. What comes before
is looked at last, so that the search stops at such characters alone."""
_HEX_GLANCE = re.compile(r"[0-9A-Fa-f\s:,-]{6}")
"""What twelve bytes in hex, which are 24 characters or more, leave among every fourth of them."""
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?((?:[0-9A-Fa-f]{2}[\s:,-]?){11,}[0-9A-Fa-f]{2})")
_HEX_NOISE = re.compile(r"[\s:,-]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\x([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})|\\u\{([0-9A-Fa-f]{1,6})\}")
_TAG, _SELECTOR = "\U000e0020-\U000e007e", "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_TAGS = re.compile(f"[{_TAG}]{{4,}}")
_SELECTORS = re.compile(f"[{_SELECTOR}]{{4,}}")
_TAG_OR_SELECTOR = re.compile(f"[{_TAG}{_SELECTOR}]")

type Layers = tuple[Layer, ...]


def unpacked(text: str) -> Iterator[tuple[Layers, str]]:
    """Every text inside the text, with the layers around it, the outermost first."""
    left = MOST_CHARACTERS
    waiting: list[tuple[Layers, str]] = [((), text)]
    seen = {text}
    while waiting:
        layers, outer = waiting.pop()
        if len(layers) == DEEPEST:
            continue
        for layer, decode in _DECODERS:
            inner = decode(outer)[:left]
            if not inner.strip() or inner in seen:
                continue
            seen.add(inner)
            left -= len(inner)
            yield (*layers, layer), inner
            waiting.append(((*layers, layer), inner))


def _base64(text: str) -> str:
    if not _BASE64_LOOKS.search(text):
        return ""
    found = [_readable(_of_base64(word)) for word in _BASE64_TEXT.findall(text)]
    # Broken over lines or words: what stands in a row is tried as one.
    for row in _BASE64_ROW.findall(text):
        if len(joined := "".join(row.split())) >= 16:
            found.append(_readable(_of_base64(joined)))
    return "\n".join(filter(None, found))


def _of_base64(word: str) -> bytes:
    body = word.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - 1] if len(body) % 4 == 1 else body
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return b""


def _hex(text: str) -> str:
    if not _HEX_GLANCE.search(text[::4]):
        return ""
    found = (_HEX_NOISE.sub("", run) for run in _HEX.findall(text))
    return "\n".join(_readable(bytes.fromhex(run)) for run in found if len(run) % 2 == 0).strip()


def _percent(text: str) -> str:
    return unquote(text.replace("+", " ")) if "%" in text and _PERCENT.search(text) else ""


def _escapes(text: str) -> str:
    if "&" in text and (resolved := html.unescape(text)) != text:
        return resolved
    return _ESCAPE.sub(_character, text) if "\\" in text and _ESCAPE.search(text) else ""


def _character(found: re.Match[str]) -> str:
    point = int(found[1] or found[2] or found[3], 16)
    return chr(point) if point < 0x110000 and not 0xD800 <= point < 0xE000 else "\ufffd"


def hidden_bytes(text: str) -> str:
    """What tag characters and variation selectors in the text spell."""
    if text.isascii() or not _TAG_OR_SELECTOR.search(text):
        return ""
    tags = ["".join(chr(ord(tag) - 0xE0000) for tag in run) for run in _TAGS.findall(text)]
    selectors = [_readable(bytes(map(_byte, run))) for run in _SELECTORS.findall(text)]
    return "\n".join(filter(None, tags + selectors))


def _byte(selector: str) -> int:
    point = ord(selector)
    return point - 0xFE00 if point < 0xE0100 else point - 0xE0100 + 16


def _readable(content: bytes) -> str:
    """The bytes as text, if that is what they are; else nothing."""
    if not content:
        return ""
    coding = "utf-16-le" if content.count(0) * 3 > len(content) else "utf-8"
    text = content.decode(coding, "ignore")
    # A word that only begins like base64 leaves a stump; the text before it still counts.
    if len(text) < 0.9 * len(content.decode(coding, "replace")):
        return ""
    shown = sum(character.isprintable() or character.isspace() for character in text)
    return text if shown >= 0.95 * len(text) else ""


_DECODERS: tuple[tuple[Layer, Callable[[str], str]], ...] = (
    (Layer.BASE64, _base64),
    (Layer.HEX, _hex),
    (Layer.URL, _percent),
    (Layer.ESCAPES, _escapes),
    (Layer.HIDDEN_BYTES, hidden_bytes),
)
