"""Where a bundle comes from. A source is asked for files by plain names and gives their bytes:
what else it may hold (paths that lead elsewhere, links, devices) is never looked at.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from service.domain.errors import BrokenBundle, InvalidInput
from service.scoring.bundle import CARD

CHUNK = 1024 * 1024
_BROKEN = (OSError, EOFError, RuntimeError, tarfile.TarError, zipfile.BadZipFile, zlib.error)
"""What reading an archive may raise: cut off, encrypted, no archive after all."""


class Source(Protocol):
    @property
    def version(self) -> str | None:
        """The version that it says it holds, where it says so."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The file of that name, piece by piece. Raises BrokenBundle where there is none."""
        ...


class FolderSource:
    """A bundle's folder."""

    version: str | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            with (self._folder / name).open("rb") as file:
                yield from _pieces(file)
        except OSError as error:
            raise _lacking(self._folder, name, error.strerror or "unreadable") from error


class ArchiveSource:
    """A zip or tar file with a bundle's files at its top, or in one folder."""

    version: str | None = None

    def __init__(self, path: Path, archive: tarfile.TarFile | zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        names = archive.getnames() if isinstance(archive, tarfile.TarFile) else archive.namelist()
        cards = [
            name
            for name in names
            if PurePosixPath(name).name == CARD and len(PurePosixPath(name).parts) <= 2
        ]
        if len(cards) != 1:
            raise BrokenBundle(
                f"{path} holds {len(cards)} bundles.",
                fix=f"Pack one bundle, with {CARD} at the top or in one folder.",
            )
        self._prefix = cards[0].removesuffix(CARD)

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._open(self._prefix + name) as file:
                yield from _pieces(file)
        except (KeyError, *_BROKEN) as error:
            raise _lacking(self._path, name, str(error)) from error

    def _open(self, entry: str) -> IO[bytes]:
        if isinstance(self._archive, zipfile.ZipFile):
            return self._archive.open(entry)
        member = self._archive.getmember(entry)
        file = self._archive.extractfile(member) if member.isfile() else None
        if file is None:
            raise KeyError(f"{entry} is no file")
        return file


@contextmanager
def local_source(path: Path) -> Iterator[Source]:
    """A folder or an archive. Raises InvalidInput for anything else."""
    if path.is_dir():
        yield FolderSource(path)
        return
    with ExitStack() as opened:
        try:
            archive = _archive(path)
            opened.callback(archive.close)
            source = ArchiveSource(path, archive)
        except _BROKEN as error:
            raise InvalidInput(
                f"{path} is neither a folder nor an archive ({error}).",
                fix="Name a bundle's folder, a .zip or .tar.gz of one, or mlflow:NAME/VERSION.",
            ) from error
        yield source


def _archive(path: Path) -> tarfile.TarFile | zipfile.ZipFile:
    # A tar whose last file is itself a zip, as novelty.npz is, looks like a zip from its end.
    return tarfile.open(path) if tarfile.is_tarfile(path) else zipfile.ZipFile(path)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _lacking(where: Path, name: str, why: str) -> BrokenBundle:
    return BrokenBundle(
        f"The model bundle is not whole: {where} has no readable {name} ({why}).",
        fix="Export the bundle again.",
    )
