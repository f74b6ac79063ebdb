"""The arrows in docs/architecture.md are the imports that there are."""

import re
import tomllib
from itertools import pairwise, product

import grimp
import pytest

from tests.docs.pages import ROOT, blocks, section, text_of

type Arrows = set[tuple[str, str]]

RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PACKAGES: list[str] = RULES["root_packages"]


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


@pytest.fixture(scope="module")
def drawings() -> list[Arrows]:
    return [
        drawn(block)
        for block in blocks(section(text_of("docs/architecture.md"), "## The packages"), "mermaid")
    ]


def drawn(block: str) -> Arrows:
    """`a & b --> c --> d` is three arrows; the length of one only serves the layout."""
    arrows: Arrows = set()
    for line in block.splitlines():
        groups = [group.split(" & ") for group in re.split(r" -+> ", line.strip())]
        for left, right in pairwise(groups):
            arrows |= set(product(left, right))
    return arrows


def arrows_among(imports: grimp.ImportGraph, modules: set[str]) -> Arrows:
    """Who imports whom, packages as wholes; without the arrows that follow from others."""
    inside = {module: {module, *imports.find_descendants(module)} for module in modules}
    owner = {part: module for module, parts in inside.items() for part in parts}
    onward = {
        module: {
            owner[found]
            for part in parts
            for found in imports.find_modules_directly_imported_by(part)
            if found in owner
        }
        - {module}
        for module, parts in inside.items()
    }

    def reached(module: str) -> set[str]:
        return onward[module].union(*map(reached, onward[module]))

    return {
        (one.split(".")[-1], other.split(".")[-1])
        for one, others in onward.items()
        for other in others - set().union(*map(reached, others))
    }


def test_the_packages(imports: grimp.ImportGraph, drawings: list[Arrows]) -> None:
    inside = arrows_among(imports, imports.find_children("service"))
    assert drawings[0] == inside | arrows_among(imports, set(PACKAGES))


def test_the_use_cases(imports: grimp.ImportGraph, drawings: list[Arrows]) -> None:
    assert drawings[1] == arrows_among(imports, imports.find_children("service.usecases"))
