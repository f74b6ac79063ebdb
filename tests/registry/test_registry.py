"""A version is added whole or not at all, from a folder or an archive, by plain file names."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from service.domain.errors import BrokenBundle, InvalidInput, MissingVersion
from service.registry.sources import FolderSource, local_source
from service.registry.versions import Registry
from service.scoring.bundle import CARD, MODEL, load_bundle
from tests.registry.bundles import MODELS, another_version, rewrite_card

NAME = "german-credit"
"""The smallest of the shipped bundles: what is said here holds for each of them."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Another version of it, which a test may spoil."""
    return another_version(tmp_path / "another", of=NAME)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A bundle that comes in many pieces."""
    return another_version(tmp_path / "large", of="embedded-zh")


def add(registry: Registry, path: Path) -> str:
    with local_source(path) as source:
        return registry.add(source).version


def zipped(folder: Path, top: str = "") -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"{top}{file.name}")
    return path


def tarred(folder: Path, top: str = "") -> Path:
    path = folder.with_suffix(".tar.gz")
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for file in folder.iterdir():
            archive.add(file, f"{top}{file.name}")
    return path


def test_a_version_from_a_folder_is_there_beside_the_shipped_one(
    registry: Registry, folder: Path
) -> None:
    version = add(registry, folder)
    shipped = load_bundle(MODELS / NAME).version
    assert [one.version for one in registry.versions(NAME)] == [shipped, version]
    assert registry.load(NAME, version).version == version
    assert registry.load(NAME).version == registry.shipped_version(NAME) == shipped
    assert registry.resolve(NAME, "shipped") == shipped
    for given in (version, version.partition("@")[2], version.partition("@")[2][:4]):
        assert registry.resolve(NAME, given) == version


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("top", ["", "./", "bundle/"])
def test_an_archive_is_as_good_as_its_folder(
    registry: Registry, folder: Path, pack: Callable[[Path, str], Path], top: str
) -> None:
    assert add(registry, pack(folder, top)) == load_bundle(folder).version


def test_adding_again_changes_nothing(registry: Registry, folder: Path) -> None:
    assert add(registry, folder) == add(registry, folder)
    assert len(registry.versions(NAME)) == 2


def test_adding_again_mends_what_was_spoilt(registry: Registry, folder: Path) -> None:
    version = add(registry, folder)
    (registry.folder(NAME, version) / MODEL).write_bytes(b"cut")
    [_, known] = registry.versions(NAME)
    assert MODEL in known.problem
    add(registry, folder)
    assert registry.load(NAME, version).version == version


def test_what_is_not_whole_leaves_nothing_behind(
    registry: Registry, folder: Path, tmp_path: Path
) -> None:
    (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:-1])
    with pytest.raises(BrokenBundle, match="SHA-256"):
        add(registry, folder)
    assert list((tmp_path / "added").iterdir()) == []


def test_what_the_check_refuses_leaves_nothing_behind(
    registry: Registry, folder: Path, tmp_path: Path
) -> None:
    def refuse(_: object) -> None:
        raise BrokenBundle("No.")

    with pytest.raises(BrokenBundle, match=r"No\."):
        registry.add(FolderSource(folder), refuse)
    assert list((tmp_path / "added").iterdir()) == []


def test_only_the_files_of_the_card_come_in(registry: Registry, folder: Path) -> None:
    (folder / "malware.sh").write_text("#!/bin/sh")
    kept = registry.folder(NAME, add(registry, folder))
    named = json.loads((folder / CARD).read_text())["files"]
    assert {file.name for file in kept.iterdir()} == {CARD, *named}


@pytest.mark.parametrize("file", ["../evil", "/etc/passwd", "a/b", "..", ".hidden", "", CARD])
def test_a_card_that_names_another_place_is_refused(
    registry: Registry, folder: Path, file: str, tmp_path: Path
) -> None:
    rewrite_card(folder, lambda card: card["files"].update({file: "0" * 64}))
    with pytest.raises(BrokenBundle, match="no plain file name"):
        add(registry, folder)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["../evil", "signals", "A Name", "", 7])
def test_a_model_has_a_name_that_a_gate_can_say(
    registry: Registry, folder: Path, name: object
) -> None:
    rewrite_card(folder, lambda card: card.update(name=name))
    with pytest.raises(BrokenBundle, match="cannot be called"):
        add(registry, folder)


def test_links_and_paths_in_an_archive_are_never_followed(
    registry: Registry, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes((folder / MODEL).read_bytes())
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        for file in folder.iterdir():
            if file.name != MODEL:
                archive.add(file, file.name)
        link = tarfile.TarInfo(MODEL)
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
        outside = tarfile.TarInfo("../outside")
        outside.size = 3
        archive.addfile(outside, io.BytesIO(b"bad"))
    with pytest.raises(BrokenBundle, match=MODEL):
        add(registry, path)
    assert not (tmp_path.parent / "outside").exists()


def test_a_bundle_that_is_too_large_is_refused_as_it_comes(
    registry: Registry, large: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("service.registry.versions.LARGEST_BUNDLE", 1_000_000)
    with pytest.raises(BrokenBundle, match="larger than a bundle may be"):
        add(registry, zipped(large))
    assert list((tmp_path / "added").iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"text"])
def test_a_file_that_is_no_archive_is_told(
    registry: Registry, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="neither a folder nor an archive"):
        add(registry, path)


def test_a_cut_archive_is_told(registry: Registry, large: Path) -> None:
    path = tarred(large)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises((BrokenBundle, InvalidInput)):
        add(registry, path)


def test_an_archive_of_two_bundles_is_refused(registry: Registry, folder: Path) -> None:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for top in ("one/", "two/"):
            archive.write(folder / CARD, f"{top}{CARD}")
    with pytest.raises(BrokenBundle, match="2 bundles"):
        add(registry, path)


def test_a_version_that_is_not_here_is_missing_not_broken(registry: Registry) -> None:
    for version in (f"{NAME}@0123456789ab", f"{NAME}@../../etc", "other@0123456789ab"):
        with pytest.raises(MissingVersion):
            registry.load(NAME, version)
    with pytest.raises(InvalidInput, match="names 0 versions"):
        registry.resolve(NAME, "../..")


def test_a_beginning_that_fits_two_is_refused(registry: Registry, tmp_path: Path) -> None:
    for number in range(2):
        add(registry, another_version(tmp_path / f"v{number}", shift=float(number), of=NAME))
    with pytest.raises(InvalidInput, match="names 3 versions"):
        registry.resolve(NAME, f"{NAME}@")


def test_added_versions_are_removed_and_shipped_ones_stay(registry: Registry, folder: Path) -> None:
    version = add(registry, folder)
    registry.remove(NAME, version)
    assert len(registry.versions(NAME)) == 1
    with pytest.raises(InvalidInput, match="shipped"):
        registry.remove(NAME, registry.resolve(NAME, "shipped"))


def test_a_folder_that_cannot_be_written_to_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="Nothing can be added") as told:
        add(Registry(MODELS, tmp_path / "file"), folder)
    assert "GATE_REGISTRY_DIR" in told.value.fix
