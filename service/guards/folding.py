"""A text with its disguises taken off, one after the other.

`views` gives the text as it would be read: without case and ornament first, then with each disguise
removed that it wears. Every step is linear, and no view is longer than a few times the text.
"""

import re
import unicodedata
from collections.abc import Iterator

from service.domain.guard import Layer
from service.guards.characters import INVISIBLE, MARKS


class Letters:
    """Letters and what they stand for. Much faster than `str.translate` where few are met."""

    def __init__(self, letters: str, stand_for: str) -> None:
        self._stand_for = dict(zip(letters, stand_for, strict=True))
        self._any = re.compile(f"[{re.escape(letters)}]")

    def replaced(self, text: str) -> str:
        return self._any.sub(lambda letter: self._stand_for[letter[0]], text)


_TRADITIONAL = Letters(
    "無視記過則設內話說從現開發戲輸顯訴複譯標斷類為爲評審統詞與會請務須讓復將個這條規對給傳載鑰碼驗"
    "員關閉實際機認應該獄離義洩飾擬假過濾聽從順頭體資訊連結並後遊沒號錄",
    "无视记过则设内话说从现开发戏输显诉复译标断类为为评审统词与会请务须让复将个这条规对给传载钥码验"
    "员关闭实际机认应该狱离义泄饰拟假过滤听从顺头体资讯连结并后游没号录",
)

_LOOKALIKES = Letters(
    "авсеніјкморѕтухԁԛԝгпьѵӏіꭺвӊһԍʋ"
    "αβεηικνορτυχγωμςσλ"
    "ոսօհզցյ"
    "ıłøđħɩɑɒƅᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢɡɾ"
    "ᎪᏴᏟᎠᎬᏀᎻᏆᎫᏦᏞᎷᏢᏒᏚᎢᏙᎳᏃ",
    "abcehijkmopstyxdqwrnbvliabhhgu"
    "abenikvoptuxywucol"
    "nuohqgj"
    "ilodhiaababcdefghijklmnopqrstuvwyzgr"
    "abcdeghijklmprstvwz",
)

_LEET = str.maketrans("013456789@$!|+", "oieasgtbgasiit")
_LEET_WORD = re.compile(r"[a-z][013457@$!|]{1,3}[a-z]|(?<!\w)[013457][a-z]{2}")

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_ROT13 = str.maketrans(_ALPHABET, _ALPHABET[13:] + _ALPHABET[:13])

_APART = re.compile(r"(?<!\w)(?:\w[ .\-_*·/|]{1,3}){5,}\w(?!\w)")
_SEPARATORS = re.compile(r"[ .\-_*·/|]")
_BETWEEN_WORDS = re.compile(r"[ .\-_*·/|]{2,3}")
_UNSEEN = re.compile(f"[{INVISIBLE}]+")
_MARK = re.compile(f"[{MARKS}]+")

type View = tuple[Layer | None, str]


def plain(text: str) -> str:
    """In lower case, and Chinese in simplified characters."""
    folded = text.casefold()
    return folded if folded.isascii() else _TRADITIONAL.replaced(folded)


def views(text: str) -> Iterator[View]:
    """The text as it is, then without its disguises: each view with the last disguise removed."""
    seen = plain(text)
    yield None, seen
    if not seen.isascii():
        for layer, removed in (
            (Layer.STYLED, _unstyled),
            (Layer.INVISIBLE, _without_invisible),
            (Layer.LOOKALIKE, _without_lookalikes),
        ):
            bare = removed(seen)
            if bare != seen:
                yield layer, bare
            seen = bare
    if _LEET_WORD.search(seen):
        yield Layer.LEETSPEAK, seen.translate(_LEET)
    if _APART.search(seen):
        together = _APART.sub(_put_together, seen)
        yield Layer.SPACED, together
        yield Layer.SPACED, together.translate(_LEET)


def rotated(text: str) -> str:
    """rot13, of small letters."""
    return text.translate(_ROT13)


def _unstyled(text: str) -> str:
    return plain(unicodedata.normalize("NFKC", text))


def _without_invisible(text: str) -> str:
    return _UNSEEN.sub("", text)


def _without_lookalikes(text: str) -> str:
    return _LOOKALIKES.replaced(_MARK.sub("", unicodedata.normalize("NFD", text)))


def _put_together(found: re.Match[str]) -> str:
    """Letters set apart, as words: a wider gap is where a word ends."""
    if _BETWEEN_WORDS.search(found[0]):
        return " ".join(_SEPARATORS.sub("", word) for word in _BETWEEN_WORDS.split(found[0]))
    return _SEPARATORS.sub("", found[0])
