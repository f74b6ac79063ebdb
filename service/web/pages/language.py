"""Two languages: the texts, which one a browser wants, and how times and shares are said in it."""

import calendar
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request

from service.domain.certificate import Certificate
from service.domain.guard import Note
from service.web.pages import cookies
from service.web.text.certificates import in_chinese, in_english

_FOLDER = Path(__file__).resolve().parent.parent / "text"


class Language(StrEnum):
    """By its BCP 47 tag, which is also the name of its file."""

    ENGLISH = "en"
    CHINESE = "zh-Hans"


CERTIFICATES: dict[Language, Callable[[Certificate], str]] = {
    Language.ENGLISH: in_english,
    Language.CHINESE: in_chinese,
}

OWN_NAMES: dict[Language, str] = {Language.ENGLISH: "English", Language.CHINESE: "中文"}


@cache
def texts_of(language: Language) -> Mapping[str, str]:
    """Every text of a language by its key: `task.approve` is `approve` under `[task]`."""
    with (_FOLDER / f"{language}.toml").open("rb") as file:
        return dict(_flat("", tomllib.load(file)))


def _flat(prefix: str, node: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        if isinstance(value, dict):
            found += _flat(f"{prefix}{key}.", value)
        else:
            found.append((prefix + key, str(value)))
    return found


def language_of(request: Request) -> Language:
    """The language somebody chose here, else the first one of the browser's that we speak."""
    chosen = cookies.read(request, cookies.LANGUAGE)
    if chosen in set(Language):
        return Language(chosen)
    return _preferred(request.headers.get("accept-language", ""))


def _preferred(header: str) -> Language:
    wishes: list[tuple[float, Language]] = []
    for part in header.split(","):
        tag, _, parameters = part.strip().partition(";")
        match tag.split("-")[0].lower():
            case "zh":
                language = Language.CHINESE
            case "en":
                language = Language.ENGLISH
            case _:
                continue
        wishes.append((_quality(parameters), language))
    # max keeps the first of equals, which is the one the browser named first
    return max(wishes, key=lambda wish: wish[0], default=(1.0, Language.ENGLISH))[1]


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


@dataclass(frozen=True)
class Speech:
    """How a page says things in one language."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its `{names}` filled in. Raises KeyError: a test finds it."""
        return texts_of(self.language)[key].format(**values)

    def count(self, key: str, number: int, **values: object) -> str:
        """The text for so many things: `key.one` or `key.other`, with `{number}` filled in."""
        form = "one" if number == 1 else "other"
        return self(f"{key}.{form}", number=f"{number:,}", **values)

    def name(self, group: str, value: str) -> str:
        """The word for one of a closed set of values; the value itself where it is not known."""
        return texts_of(self.language).get(f"{group}.{value}", value)

    def failure(self, reason: str) -> str:
        """Why a delivery did not work: our words for its code, else the sentence that came."""
        code, _, sentence = reason.partition(": ")
        return texts_of(self.language).get(f"failure.{code}", sentence or reason)

    def finding(self, note: str) -> str:
        """What a guard saw, as a sentence; the note itself where none of ours writes such notes."""
        try:
            read = Note.read(note)
        except ValueError:
            return note
        found = self(f"finding.{read.finding}")
        where = self(f"finding_in.{read.place}")
        if not read.layers:
            return self("finding_told.plain", found=found, where=where)
        layers = self("finding_told.within").join(self(f"layer.{one}") for one in read.layers)
        return self("finding_told.hidden", found=found, where=where, layers=layers)

    def share(self, value: float) -> str:
        """A probability as a percentage; near the ends with a digit more, so it is never a lie."""
        percent = 100 * value
        if percent == round(percent) or 1 <= percent <= 99:
            return f"{percent:.0f}%"
        if percent > 99.9:
            return ">99.9%"
        return f"{percent:.1f}%" if percent >= 0.1 else "<0.1%"

    def exact(self, value: float) -> str:
        """A share that somebody wrote, as a percentage with all its figures."""
        return f"{100 * value:.10g}%"

    def about(self, value: float) -> str:
        """A share that was measured, as a percentage with three figures; never rounded to all or
        nothing."""
        percent = float(f"{100 * value:.3g}")
        if value < 1 and percent >= 100:
            return ">99.9%"
        return f"{percent:.10g}%" if percent >= 0.001 or value == 0 else "<0.001%"

    def certificate(self, certificate: Certificate) -> str:
        """What a certificate says."""
        return CERTIFICATES[self.language](certificate).replace(" %", "\u00a0%")

    def span(self, length: timedelta) -> str:
        """A length of time in its one or two largest units."""
        seconds = max(0, round(length.total_seconds()))
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
        if seconds < 60:
            return self("time.seconds", n=seconds)
        if minutes < 60:
            return self("time.minutes", n=minutes)
        if hours < 24:
            return self._pair("time.hours", hours, "time.minutes", minutes % 60)
        return self._pair("time.days", days, "time.hours", hours % 24)

    def moment(self, when: datetime) -> str:
        """A moment in UTC, written out."""
        return self(
            "time.moment",
            year=when.year,
            month=when.month,
            month_name=calendar.month_abbr[when.month],
            day=when.day,
            clock=f"{when:%H:%M}",
        )

    def day(self, when: datetime) -> str:
        """A day in UTC, written out."""
        return self(
            "time.day",
            year=when.year,
            month=when.month,
            month_name=calendar.month_abbr[when.month],
            day=when.day,
        )

    def _pair(self, larger: str, many: int, smaller: str, few: int) -> str:
        return self(larger, n=many) + (" " + self(smaller, n=few) if few else "")
