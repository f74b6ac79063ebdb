"""One version: `pyproject.toml` has it, and every place that repeats it says the same."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import VERSION
from service.cli import app

ROOT = Path(__file__).parents[2]
PLACES = {
    "service/__init__.py": r'^VERSION = "(.+)"$',
    "plugin/__init__.py": r'^VERSION = "(.+)"$',
    "manifest.yaml": r"^ *version: ([^\s\"]+)$",
    "Dockerfile": r'image\.version="(.+?)"',
    "docker-compose.yml": r"image: confidence-gate:(\S+)$",
    "CHANGELOG.md": r"\A(?:.*\n)*?## \[(\d.*?)\] - \d{4}-\d\d-\d\d$",  # the newest release
    "service/store/migrations/released.toml": r'version = "(.+)"(?![\s\S]*version = )',  # the last
}
"""Where the version is repeated. An image holds no pyproject.toml, nor does the plugin package."""
REPEATED = {"manifest.yaml": 2}


def version_of(root: Path) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    return version


def repeated(root: Path) -> dict[str, list[str]]:
    """What each place says."""
    return {
        place: re.findall(pattern, (root / place).read_text(encoding="utf-8"), re.MULTILINE)
        for place, pattern in PLACES.items()
    }


def stray(root: Path) -> set[str]:
    """The places that say another version, or none."""
    version = version_of(root)
    return {
        place
        for place, found in repeated(root).items()
        if found != [version] * REPEATED.get(place, 1)
    }


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of all that says a version, free to be spoilt."""
    for place in ("pyproject.toml", *PLACES):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / place, tmp_path / place)
    return tmp_path


def test_every_place_says_the_projects_version() -> None:
    assert stray(ROOT) == set()


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_says_another_version_is_found(tree: Path, place: str) -> None:
    text = (tree / place).read_text(encoding="utf-8")
    said = re.search(PLACES[place], text, re.MULTILINE)
    assert said
    start = said.start(1)
    (tree / place).write_text(f"{text[:start]}9{text[start:]}", encoding="utf-8")
    assert stray(tree) == {place}


def test_a_project_of_a_new_version_leaves_no_place_behind(tree: Path) -> None:
    text = (tree / "pyproject.toml").read_text(encoding="utf-8")
    renewed = text.replace(f'version = "{VERSION}"', 'version = "9.9.9"', 1)
    (tree / "pyproject.toml").write_text(renewed, encoding="utf-8")
    assert stray(tree) == set(PLACES)


def test_the_command_tells_the_version() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.output) == (0, f"{VERSION}\n")
