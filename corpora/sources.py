"""Where a set comes from, where it is found on this machine, and how it gets there."""

import hashlib
import os
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FETCHED = REPOSITORY / "var" / "data"


class DataMissing(Exception):
    """The data set is not on this machine."""


type Files = Mapping[str, bytes]
"""Contents by file name."""


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """A set as it is published at one commit of a GitHub repository, and as we keep it.

    `published` and `kept` give the SHA-256 of every file; `keep` makes the second of the first.
    """

    name: str
    repository: str
    commit: str
    licence: str
    published: Mapping[str, str]
    kept: Mapping[str, str]
    keep: Callable[[Files], Files]

    @property
    def origin(self) -> str:
        """Where people can read the set as published."""
        return f"https://github.com/{self.repository}/tree/{self.commit}"

    def address(self, path: str) -> str:
        """Where a published file can be downloaded."""
        return f"https://raw.githubusercontent.com/{self.repository}/{self.commit}/{path}"


def find(source: DataSource, file: str | None = None) -> Path:
    """One of a set's files, by default its first; DataMissing, with the remedy, without it."""
    file = file or next(iter(source.kept))
    beside_this_checkout = REPOSITORY.parent / "shared" / "data"
    folders = [beside_this_checkout, FETCHED]
    if configured := os.environ.get("GATE_DATA_DIR"):
        folders.insert(0, Path(configured))
    for folder in folders:
        path = folder / source.name / file
        if path.is_file():
            return path
    raise DataMissing(
        f"The data set {source.name} is not here: set GATE_DATA_DIR to the folder that holds "
        f"{source.name}/{file}, or run: python -m corpora fetch {source.name}"
    )


def fetch(source: DataSource) -> Path:
    """Download the set from its public source, check it, and keep it in the layout we read.

    Gives the folder. Raises OSError where it cannot be had, ValueError where it is not as known.
    """
    published = {}
    for path in source.published:
        with urllib.request.urlopen(source.address(path), timeout=60) as answer:  # noqa: S310 (https)
            published[path] = answer.read()
    folder = FETCHED / source.name
    contents = kept(source, published)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def kept(source: DataSource, published: Files) -> Files:
    """The published files in the layout we read. Raises ValueError where a hash is not as known."""
    for path, expected in source.published.items():
        _check_hash(f"the published {path}", published[path], expected)
    contents = source.keep(published)
    for name, expected in source.kept.items():
        _check_hash(f"{name} as we keep it", contents[name], expected)
    return contents


def fingerprint(source: DataSource) -> str:
    """One SHA-256 over all files of the set as they are on this machine."""
    digest = hashlib.sha256()
    for name in source.kept:
        digest.update(hashlib.sha256(find(source, name).read_bytes()).digest())
    return digest.hexdigest()


def _check_hash(what: str, content: bytes, expected: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ValueError(f"SHA-256 of {what} is {found}, not {expected}: nothing was kept.")
