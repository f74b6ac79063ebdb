"""The map of the sources leads to files that are there, and leaves no package out."""

import re

from tests.docs.pages import ROOT, blocks, text_of, without_blocks

ARCHITECTURE = text_of("docs/architecture.md")
SERVICE = ROOT / "service"
BASES = (ROOT, SERVICE)
PATH = re.compile(r"`([\w.*-]+(?:/[\w.*-]*)+|[\w-]+\.(?:py|md|toml))`")
"""A word of code with a slash in it, or with a file's ending."""


def tree() -> dict[str, list[str]]:
    """What stands at the beginning of the lines of the tree, in the root and in `service`."""
    [drawn] = blocks(ARCHITECTURE, "text")
    found: dict[str, list[str]] = {"": [], "  ": []}
    for indent, line in re.findall(r"^( *)(.+)$", drawn, re.MULTILINE):
        if indent in found:
            names = re.match(r"(?:[\w.-]+[/.][\w]* *)+", line)
            assert names, line
            found[indent] += names[0].split()
    return found


def test_every_path_that_is_named_is_there() -> None:
    named = set(PATH.findall(without_blocks(ARCHITECTURE)))
    assert len(named) > 80
    assert [path for path in sorted(named) if not any(any(b.glob(path)) for b in BASES)] == []


def test_every_path_of_the_tree_is_there() -> None:
    drawn = tree()
    assert [name for name in drawn[""] if not (ROOT / name).exists()] == []
    assert [name for name in drawn["  "] if not (SERVICE / name).exists()] == []


def test_the_tree_has_every_package_of_the_service() -> None:
    packages = {f"{init.parent.name}/" for init in SERVICE.glob("*/__init__.py")}
    modules = {module.name for module in SERVICE.glob("[!_]*.py")}
    assert set(tree()["  "]) == packages | modules
