"""A text with its disguises taken off, one after the other.

`views` gives the text as it would be read: without case and ornament first, then with each disguise
removed that it wears. Every step is linear, and no view is longer than a few times the text.
"""

import re
import unicodedata

from service.domain.guard import Layer
from service.guards.characters import INVISIBLE, MARKS


class Letters:
    """Letters and what they stand for. Much faster than `str.translate` where few are met."""

    def __init__(self, letters: str, stand_for: str) -> None:
        self.letters = letters
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
_LEET_WORD = re.compile(
    r"[013457@$!|](?:(?<=[a-z].)[013457@$!|]{0,2}[a-z]|(?<=[013457])(?<!\w.)[a-z]{2})"
)
"""Up to three such signs between letters, or a digit before two where a word begins. What comes
before is looked at last, so that the search stops at such signs alone."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_ROT13 = str.maketrans(_ALPHABET, _ALPHABET[13:] + _ALPHABET[:13])

_LETTER, _SEPARATOR = r"[^\W_]", r"[ .\-_*·/|]"
_APART = re.compile(rf"(?<!{_LETTER})(?:{_LETTER}{_SEPARATOR}{{1,3}}){{5,}}{_LETTER}(?!{_LETTER})")
"""No character is both a letter and a separator: else a line of underscores could be read in more
ways than there is time for."""
_TWO_APART = re.compile(f"{_SEPARATOR}{_LETTER}{_SEPARATOR}{{1,3}}{_LETTER}{_SEPARATOR}")
"""The second and the third of the letters of every such row, and much cheaper to look for."""
_SEPARATORS = re.compile(_SEPARATOR)
_BETWEEN_WORDS = re.compile(f"{_SEPARATOR}{{2,3}}")
_UNSEEN = re.compile(f"[{INVISIBLE}]+")
_MARK = re.compile(f"[{MARKS}]+")
_WORN = re.compile(f"[{INVISIBLE}{MARKS}{re.escape(_LOOKALIKES.letters)}]")
"""What the removals take off or replace, beside what Unicode's normal forms do."""

type View = tuple[Layer | None, str]


def plain(text: str) -> str:
    """In lower case, and Chinese in simplified characters."""
    folded = text.casefold()
    return folded if folded.isascii() else _TRADITIONAL.replaced(folded)


def views(text: str) -> list[View]:
    """The text as it is, then without its disguises: each view with the last disguise removed."""
    seen = plain(text)
    found: list[View] = [(None, seen)]
    for layer, removed in (
        (Layer.STYLED, _unstyled),
        (Layer.INVISIBLE, _without_invisible),
        (Layer.LOOKALIKE, _without_lookalikes),
    ):
        if _is_bare(seen):
            break
        bare = removed(seen)
        if bare != seen:
            found.append((layer, bare))
        seen = bare
    if _LEET_WORD.search(seen):
        found.append((Layer.LEETSPEAK, seen.translate(_LEET)))
    if _TWO_APART.search(seen) and _APART.search(seen):
        together = _APART.sub(_put_together, seen)
        found.append((Layer.SPACED, together))
        found.append((Layer.SPACED, together.translate(_LEET)))
    return found


def rotated(text: str) -> str:
    """rot13, of small letters."""
    return text.translate(_ROT13)


def _is_bare(seen: str) -> bool:
    """Whether each of the removals would leave a plain text as it is."""
    return seen.isascii() or (
        unicodedata.is_normalized("NFKC", seen)
        and unicodedata.is_normalized("NFD", seen)
        and not _WORN.search(seen)
    )


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
