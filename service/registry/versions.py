"""The versions that this machine has: a shipped one per model, and those that were added.

GATE_MODELS_DIR/NAME is the shipped version; GATE_REGISTRY_DIR/NAME/FINGERPRINT is an added one. A
version is written beside its place and renamed into it, so it is there whole or not at all.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from service.domain.errors import BrokenBundle, InvalidInput, MissingVersion
from service.domain.gate import SIGNALS_SCORER
from service.registry.sources import Source
from service.scoring.bundle import CARD, Bundle, load_bundle

LARGEST_BUNDLE = 2 * 1024**3
LARGEST_CARD = 1024**2
"""Bytes. What is larger is refused before it fills the disk."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"(?P<name>[a-z0-9][a-z0-9_-]{0,62})@(?P<fingerprint>[0-9a-f]{8,64})")


@dataclass(frozen=True, kw_only=True)
class KnownVersion:
    """A version on this machine; `problem` says what is wrong with it, if anything is."""

    version: str
    shipped: bool
    problem: str = ""


class Registry:
    """The folders of shipped and added versions. Safe for processes that use it at once."""

    def __init__(self, shipped: Path, added: Path) -> None:
        self._shipped = shipped
        self._added = added
        self._shipped_versions: dict[bytes, str] = {}

    def models(self) -> list[str]:
        """The names of every model that has a version here."""
        folders = [*_folders(self._shipped), *_folders(self._added)]
        return sorted({folder.name for folder in folders if _NAME.fullmatch(folder.name)})

    def versions(self, model: str) -> list[KnownVersion]:
        """The model's versions, the shipped one first, each as whole as it is on the disk."""
        found = []
        if (self._shipped / model).is_dir():
            shipped = self.shipped_version(model)
            problem = "" if shipped else self._problem(model, None)
            found.append(
                KnownVersion(version=shipped or f"{model}@broken", shipped=True, problem=problem)
            )
        for folder in sorted(_folders(self._added / model)):
            version = f"{model}@{folder.name}"
            problem = self._problem(model, version)
            found.append(KnownVersion(version=version, shipped=False, problem=problem))
        return found

    def load(self, model: str, version: str | None = None) -> Bundle:
        """The bundle of a version; None for the shipped one.

        Raises MissingVersion where it is not here, BrokenBundle where it is not whole.
        """
        if version is None:
            if not _NAME.fullmatch(model) or not (self._shipped / model).is_dir():
                raise MissingVersion(
                    f"There is no bundle {model!r} in {self._shipped}.",
                    fix=f"Use `{SIGNALS_SCORER}`, or a folder of GATE_MODELS_DIR.",
                )
            return load_bundle(self._shipped / model)
        folder = self.folder(model, version)
        bundle = load_bundle(folder)
        if bundle.version != version:
            raise BrokenBundle(f"{folder} holds {bundle.version}.")
        return bundle

    def shipped_version(self, model: str) -> str | None:
        """The version that lies in GATE_MODELS_DIR; None where there is none, or a broken one."""
        try:
            card = (self._shipped / model / CARD).read_bytes()
            if card not in self._shipped_versions:
                self._shipped_versions[card] = self.load(model).version
            return self._shipped_versions[card]
        except (OSError, BrokenBundle):
            return None

    def resolve(self, model: str, given: str) -> str:
        """The version that `given` means: `shipped`, a whole version, or the beginning of one's
        fingerprint. Raises InvalidInput, naming those that there are."""
        shipped = self.shipped_version(model)
        added = [f"{model}@{folder.name}" for folder in _folders(self._added / model)]
        every = [shipped, *added] if shipped else added
        if given == "shipped":
            found = {shipped} if shipped else set()
        else:
            beginning = given.removeprefix(f"{model}@")
            found = {one for one in every if one.partition("@")[2].startswith(beginning)}
        if len(found) != 1 or not given:
            raise InvalidInput(
                f"{given!r} names {len(found)} versions of {model!r}.",
                fix=f"Those on this machine are: {', '.join(every) or 'none'}.",
            )
        return found.pop()

    def add(self, source: Source, check: Callable[[Bundle], None] = lambda _: None) -> Bundle:
        """Copy a bundle in, check it (`check` raises too), and give it its place. What is there
        already stays.

        Raises BrokenBundle where it is not whole, InvalidInput where it cannot be kept.
        """
        try:
            self._added.mkdir(parents=True, exist_ok=True)
            beside = self._added / f".adding-{secrets.token_hex(8)}"
            beside.mkdir()
        except OSError as error:
            raise InvalidInput(
                f"Nothing can be added to {self._added}: {error.strerror}.",
                fix="Let GATE_REGISTRY_DIR name a folder that can be written to.",
            ) from error
        try:
            _copy(source, beside)
            bundle = load_bundle(beside)
            if source.version not in (None, bundle.version):
                raise BrokenBundle(f"It should be {source.version}, and is {bundle.version}.")
            check(bundle)
            self._place(beside, bundle)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return bundle

    def remove(self, model: str, version: str) -> None:
        """Delete an added version. Raises InvalidInput for the shipped one."""
        if version == self.shipped_version(model):
            raise InvalidInput(
                f"{version} is shipped with the service.",
                fix="It stays as what there is to go back to; take it out of GATE_MODELS_DIR.",
            )
        folder = self.folder(model, version)
        going = folder.with_name(f".removing-{secrets.token_hex(8)}")
        folder.rename(going)  # nobody shall find half of it
        shutil.rmtree(going)

    def _place(self, beside: Path, bundle: Bundle) -> None:
        place = self._added / bundle.name / bundle.version.partition("@")[2]
        place.parent.mkdir(exist_ok=True)
        if place.exists():
            try:
                load_bundle(place)
                return
            except BrokenBundle:  # a whole one takes its place
                shutil.rmtree(place)
        try:
            beside.rename(place)
        except OSError:  # somebody else has just added the same
            load_bundle(place)

    def _problem(self, model: str, version: str | None) -> str:
        try:
            self.load(model, version)
        except BrokenBundle as broken:
            return broken.detail
        return ""

    def folder(self, model: str, version: str) -> Path:
        """Where a version lies. Raises MissingVersion where it is not here."""
        if version == self.shipped_version(model):
            return self._shipped / model
        matched = _VERSION.fullmatch(version)
        if matched and matched["name"] == model:
            folder = self._added / model / matched["fingerprint"]
            if folder.is_dir():
                return folder
        raise MissingVersion(
            f"{version} is not on this machine: {self._added} has no such version of {model!r}.",
            fix="Add it here with `model add`, or let GATE_REGISTRY_DIR name a shared folder.",
        )


def _copy(source: Source, folder: Path) -> None:
    """The card, and the files that it names: nothing else."""
    _write(source.chunks(CARD), folder / CARD, LARGEST_CARD)
    room = LARGEST_BUNDLE
    for name in _names(folder / CARD):
        room -= _write(source.chunks(name), folder / name, room)


def _names(card: Path) -> list[str]:
    try:
        said = json.loads(card.read_bytes())
        name, files = said["name"], list(said["files"].keys())
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BrokenBundle(f"{CARD} is not a bundle's card: {error!r}.") from error
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name == SIGNALS_SCORER:
        raise BrokenBundle(
            f"A model cannot be called {name!r}.",
            fix="Its card's `name` has small letters, digits, - and _ alone.",
        )
    for file in files:
        if not _FILE.fullmatch(file) or file == CARD:
            raise BrokenBundle(f"{CARD} names {file!r}, which is no plain file name.")
    return files


def _write(chunks: Iterator[bytes], file: Path, most: int) -> int:
    """Write the file durably; how many bytes it has."""
    written = 0
    with file.open("xb") as out:
        for chunk in chunks:
            written += len(chunk)
            if written > most:
                raise BrokenBundle(f"{file.name} is larger than a bundle may be.")
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    return written


def _folders(parent: Path) -> list[Path]:
    """The folders in it that are in their place; none where it is not there."""
    try:
        return [one for one in parent.iterdir() if one.is_dir() and not one.name.startswith(".")]
    except OSError:
        return []
