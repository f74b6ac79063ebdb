"""Attacks in many disguises, and texts that only look like them."""

import base64
import codecs
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from service.domain.guard import Layer

_HERE = Path(__file__).parent
_GREEK_AND_CYRILLIC = str.maketrans("aceopxyijs", "асеорхуіјѕ")
_LEET = str.maketrans("aeiost", "431057")


def attacks(language: str) -> list[str]:
    return _texts("attacks", language)


def benign(language: str) -> list[str]:
    return _texts("benign", language)


def _texts(name: str, language: str) -> list[str]:
    texts: list[str] = tomllib.loads((_HERE / f"{name}.toml").read_text("utf-8"))[language]
    return texts


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_lines_of_base64(text: str) -> str:
    return base64.encodebytes((text + " " + text).encode()).decode()


def in_url(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def in_hex(text: str) -> str:
    return text.encode().hex()


def in_entities(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def in_escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


def in_tags(text: str) -> str:
    return "Nice!" + "".join(chr(0xE0000 + ord(character)) for character in text)


def in_selectors(text: str) -> str:
    def selector(byte: int) -> str:
        return chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16)

    return "Nice!" + "".join(map(selector, text.encode()))


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def lookalike(text: str) -> str:
    return text.lower().translate(_GREEK_AND_CYRILLIC)


def invisible(text: str) -> str:
    return "\u200b".join(text)


def leet(text: str) -> str:
    return text.lower().translate(_LEET)


def spaced(text: str) -> str:
    return "  ".join(" ".join(word) for word in text.split(" "))


def spaced_evenly(text: str) -> str:
    return " ".join(text.replace(" ", ""))


def rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def nested(text: str) -> str:
    return "see: " + quote(in_base64(in_hex(text)), safe="")


type Disguise = Callable[[str], str]

ANY_LETTERS: dict[str, tuple[Disguise, tuple[Layer, ...]]] = {
    "base64": (in_base64, (Layer.BASE64,)),
    "base64 in lines": (in_lines_of_base64, (Layer.BASE64,)),
    "URL encoding": (in_url, (Layer.URL,)),
    "hexadecimal": (in_hex, (Layer.HEX,)),
    "HTML entities": (in_entities, (Layer.ESCAPES,)),
    "backslash escapes": (in_escapes, (Layer.ESCAPES,)),
    "variation selectors": (in_selectors, (Layer.HIDDEN_BYTES,)),
    "hex in base64": (nested, (Layer.BASE64, Layer.HEX)),
    "zero-width": (invisible, (Layer.INVISIBLE,)),
}

LATIN_LETTERS: dict[str, tuple[Disguise, tuple[Layer, ...]]] = {
    "tag characters": (in_tags, (Layer.HIDDEN_BYTES,)),
    "full width": (full_width, (Layer.STYLED,)),
    "lookalikes": (lookalike, (Layer.LOOKALIKE,)),
    "leetspeak": (leet, (Layer.LEETSPEAK,)),
    "letters set apart": (spaced, (Layer.SPACED,)),
    "letters set apart evenly": (spaced_evenly, (Layer.SPACED,)),
    "rot13": (rot13, (Layer.ROT13,)),
}


def disguised(language: str) -> Iterator[tuple[str, str, tuple[Layer, ...]]]:
    """Every attack plain and in each disguise: the disguise's name, the text, the layers."""
    disguises = ANY_LETTERS | (LATIN_LETTERS if language == "english" else {})
    for text in attacks(language):
        yield "plain", text, ()
        for name, (disguise, layers) in disguises.items():
            yield name, disguise(text), layers
