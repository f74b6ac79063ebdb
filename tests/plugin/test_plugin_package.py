"""The packager: what it ships, what it refuses, and that what it ships starts."""

import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from lab.plugin_process import PluginProcess
from packager.archive import build
from packager.checks import SHIPPED, check
from packager.collect import collect

ROOT = Path(__file__).parents[2]
HAND_WRITTEN = {
    "LICENSE": "Apache License",
    "README.md": "# Confidence Gate",
    "readme/README_zh_Hans.md": "# 置信度关卡",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the repository ships, free to be spoilt."""
    root = tmp_path / "tree"
    for path in [*collect(ROOT), ".difyignore"]:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
    for path, text in HAND_WRITTEN.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root


def faults(root: Path) -> str:
    return "\n".join(check(root, collect(root)))


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def packaged(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "packager", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_repository_ships_the_plugin_and_nothing_else() -> None:
    files = collect(ROOT)
    assert {path.partition("/")[0] for path in files} <= SHIPPED
    assert {"main.py", "manifest.yaml", "plugin/client.py", "_assets/icon.svg"} <= set(files)
    assert not [path for path in files if path.endswith(".pyc")]


def test_a_sound_tree_has_no_faults(tree: Path) -> None:
    assert faults(tree) == ""


def test_the_package_is_written_and_reads_back(tree: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "gate.difypkg"
    done = packaged(tree, "-o", output)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(output) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == collect(tree)
        assert archive.read("manifest.yaml") == (tree / "manifest.yaml").read_bytes()


def test_the_bytes_depend_on_the_files_alone(tree: Path) -> None:
    first = build(tree, collect(tree))
    for path in tree.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.touch()
    assert build(tree, collect(tree)) == first


def test_an_unpacked_package_starts(
    tmp_path: Path, plugin_from: Callable[[Path], PluginProcess]
) -> None:
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(io.BytesIO(build(ROOT, collect(ROOT)))) as archive:
        archive.extractall(unpacked)
    with plugin_from(unpacked) as process:
        process.wait_ready()
        status, _, _ = process.endpoint(b"GET /health HTTP/1.1\r\nHost: dify\r\n\r\n")
        assert status == 503  # started; only its settings are missing


def leave_a_cache(root: Path) -> None:
    rewrite(root / ".difyignore", "__pycache__/\n", "")
    rewrite(root / ".difyignore", "*.py[cod]\n", "")
    (root / "plugin" / "__pycache__").mkdir()
    (root / "plugin" / "__pycache__" / "x.pyc").touch()


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "a stray file": (lambda root: (root / "notes.txt").touch(), "notes.txt does not belong"),
    "a cache": (leave_a_cache, "plugin/__pycache__/x.pyc is a cache"),
    "a hidden file": (
        lambda root: (root / "plugin" / ".secrets").touch(),
        "plugin/.secrets is a cache, a secret or a hidden file",
    ),
    "a private key": (
        lambda root: (root / "plugin" / "notes.py").write_text(
            "-----BEGIN " + "RSA PRIVATE KEY-----"
        ),
        "plugin/notes.py holds a private key",
    ),
    "a link": (
        lambda root: (root / "plugin" / "link.py").symlink_to(root / "main.py"),
        "plugin/link.py is a link",
    ),
    "no privacy policy": (lambda root: (root / "PRIVACY.md").unlink(), "PRIVACY.md is missing"),
    "a token policy": (lambda root: (root / "PRIVACY.md").write_text("None."), "too little"),
    "no licence": (lambda root: (root / "LICENSE").unlink(), "LICENSE is missing"),
    "no Chinese readme": (
        lambda root: (root / "readme" / "README_zh_Hans.md").unlink(),
        "readme/README_zh_Hans.md is missing",
    ),
    "no icon": (lambda root: (root / "_assets" / "icon.svg").unlink(), "icon icon.svg is not in"),
    "too many bytes": (
        lambda root: (root / "plugin" / "weights.bin").write_bytes(bytes(51 * 1024 * 1024)),
        "52428800 are allowed",
    ),
    "a bad version": (
        lambda root: rewrite(root / "manifest.yaml", "version: 0.1.0", "version: 1.0"),
        "version 1.0 is not like 1.2.3",
    ),
    "a reserved author": (
        lambda root: rewrite(root / "manifest.yaml", "author: confgate", "author: dify-fans"),
        "author dify-fans is reserved",
    ),
    "a bad author": (
        lambda root: rewrite(root / "manifest.yaml", "author: confgate", "author: Conf Gate"),
        "author Conf Gate may hold",
    ),
    "a bad name": (
        lambda root: rewrite(root / "manifest.yaml", "name: confidence_gate", "name: Gate!"),
        "name Gate! may hold",
    ),
    "no repository": (
        lambda root: rewrite(root / "manifest.yaml", "repo:", "source:"),
        "repo is missing",
    ),
    "a trigger beside tools": (
        lambda root: rewrite(
            root / "manifest.yaml", "  endpoints:", "  triggers: []\n  endpoints:"
        ),
        "triggers cannot go with tools",
    ),
    "a dotted path": (
        lambda root: rewrite(root / "manifest.yaml", "- plugin/prov", "- ./plugin/prov"),
        "without ./",
    ),
    "broken YAML": (
        lambda root: (root / "plugin" / "tools" / "get_review.yaml").write_text("a: [b"),
        "plugin/tools/get_review.yaml cannot be read as YAML",
    ),
    "a missing source": (
        lambda root: (root / "plugin" / "tools" / "get_review.py").unlink(),
        "source plugin/tools/get_review.py is not in the package",
    ),
    "a bad tool name": (
        lambda root: rewrite(
            root / "plugin" / "tools" / "get_review.yaml", "name: get_review", "name: get review"
        ),
        "name get review may hold",
    ),
    "an unbounded requirement": (
        lambda root: (root / "requirements.txt").write_text("requests>=2\n"),
        "requests has no upper bound",
    ),
    "a requirement from git": (
        lambda root: (root / "requirements.txt").write_text("x @ git+https://git.example/x\n"),
        "x must come from the package index",
    ),
    "an index in the requirements": (
        lambda root: (root / "requirements.txt").write_text("-i elsewhere\n"),
        "is not a plain requirement",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_dify_would_refuse_is_not_packaged(tree: Path, case: str) -> None:
    spoil, said = SPOILT[case]
    spoil(tree)
    assert said in faults(tree)


def test_a_faulty_tree_writes_nothing(tree: Path, tmp_path: Path) -> None:
    (tree / "notes.txt").touch()
    done = packaged(tree, "-o", tmp_path / "gate.difypkg")
    assert done.returncode == 1
    assert "notes.txt" in done.stderr
    assert not (tmp_path / "gate.difypkg").exists()


def test_a_folder_that_is_no_plugin_is_a_wrong_call(tmp_path: Path) -> None:
    done = packaged(tmp_path)
    assert done.returncode == 2
    assert "no .difyignore" in done.stderr


def test_a_negated_line_takes_nothing_back(tree: Path) -> None:
    (tree / "debug.log").touch()
    rewrite(tree / ".difyignore", "*.log\n", "*.log\n!debug.log\n")
    assert "debug.log" not in collect(tree)


def test_the_plugins_requirements_are_its_own() -> None:
    """Dify installs them for every user: neither a server nor a model belongs there."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").split("\n")
    names = {line.partition(">")[0] for line in lines if line and not line.startswith("#")}
    assert names == {"dify-plugin", "json-repair", "pydantic", "requests"}


def test_the_entry_point_is_the_one_the_marketplace_runs() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yaml").read_text(encoding="utf-8"))
    assert manifest["meta"]["runner"]["entrypoint"] == "main"
    assert (ROOT / "main.py").is_file()
