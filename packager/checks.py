"""What Dify's plugin daemon and its marketplace refuse, found before they do.

Each check takes the package's root and files and yields one sentence per fault.
"""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement

from packager.declarations import Declarations

MAX_FILES = 5000
MAX_BYTES = 50 * 1024 * 1024
"""Uncompressed."""
MIN_PRIVACY_CHARS = 200
SHIPPED = frozenset(
    {
        "_assets",
        "LICENSE",
        "PRIVACY.md",
        "README.md",
        "main.py",
        "manifest.yaml",
        "plugin",
        "readme",
        "requirements.txt",
    }
)
"""All that a package may hold at its top."""
REQUIRED = (
    "LICENSE",
    "PRIVACY.md",
    "README.md",
    "main.py",
    "manifest.yaml",
    "readme/README_zh_Hans.md",
    "requirements.txt",
)
_UNWANTED = re.compile(
    r"(^|/)(__pycache__|\.[^/]*|[^/]*\.(pyc|pyo|log|pem|key|difypkg|sqlite3?|db))(/|$)"
)
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){2}(-\w{1,16})?")
_AUTHOR = re.compile(r"[a-z0-9_-]{1,64}")
_NAME = re.compile(r"[a-z0-9_-]{1,128}")
_IDENTITY = re.compile(r"[a-zA-Z0-9_-]+")
_RESERVED_AUTHORS = ("dify", "langgenius")


def check(root: Path, files: list[str]) -> list[str]:
    """Every fault of the package, empty where it may ship."""
    faults = [*_check_files(root, files)]
    if "manifest.yaml" not in files:
        return faults
    declared = Declarations(root)
    faults += declared.faults
    faults += _check_manifest(declared, files)
    faults += _check_identities(declared)
    faults += _check_sources(declared, files)
    if "requirements.txt" in files:
        faults += _check_requirements((root / "requirements.txt").read_text(encoding="utf-8"))
    return faults


def _check_files(root: Path, files: list[str]) -> Iterator[str]:
    yield from (f"{path} is missing" for path in REQUIRED if path not in files)
    for path in files:
        if PurePosixPath(path).parts[0] not in SHIPPED:
            yield f"{path} does not belong into the package: list it in .difyignore"
        elif _UNWANTED.search(path):
            yield f"{path} is a cache, a secret or a hidden file: list it in .difyignore"
        elif (root / path).is_symlink():
            yield f"{path} is a link: ship the file itself"
        elif _PRIVATE_KEY.search((root / path).read_bytes()):
            yield f"{path} holds a private key"
    size = sum((root / path).stat().st_size for path in files)
    if size > MAX_BYTES:
        yield f"the files hold {size} bytes, {MAX_BYTES} are allowed"
    if len(files) > MAX_FILES:
        yield f"there are {len(files)} files, {MAX_FILES} are allowed"
    privacy = root / "PRIVACY.md"
    if privacy.is_file() and len(privacy.read_text(encoding="utf-8")) < MIN_PRIVACY_CHARS:
        yield "PRIVACY.md says too little to be a privacy policy"


def _check_manifest(declared: Declarations, files: list[str]) -> Iterator[str]:
    manifest = declared.manifest
    version, author = str(manifest.get("version")), str(manifest.get("author"))
    if not _VERSION.fullmatch(version):
        yield f"manifest.yaml: version {version} is not like 1.2.3 or 1.2.3-rc1"
    if not _AUTHOR.fullmatch(author):
        yield f"manifest.yaml: author {author} may hold a-z, 0-9, _ and - only"
    if any(word in author for word in _RESERVED_AUTHORS):
        yield f"manifest.yaml: author {author} is reserved"
    if not _NAME.fullmatch(str(manifest.get("name"))):
        yield f"manifest.yaml: name {manifest.get('name')} may hold a-z, 0-9, _ and - only"
    yield from (
        f"manifest.yaml: {field} is missing"
        for field in ("repo", "contact", "privacy", "icon")
        if not manifest.get(field)
    )
    privacy = manifest.get("privacy")
    if privacy and privacy not in files:
        yield f"manifest.yaml: privacy names {privacy}, which is not in the package"
    yield from (
        f"icon {icon} is not in _assets"
        for icon in declared.icons
        if f"_assets/{icon}" not in files
    )


def _check_identities(declared: Declarations) -> Iterator[str]:
    for path, identity in declared.identities:
        if not _IDENTITY.fullmatch(str(identity.get("name"))):
            yield f"{path}: name {identity.get('name')} may hold letters, digits, _ and - only"
        if identity.get("author") != declared.manifest.get("author"):
            yield f"{path}: author differs from the manifest's"


def _check_sources(declared: Declarations, files: list[str]) -> Iterator[str]:
    yield from (
        f"{path}: extra.python.source {source} is not in the package"
        for path, source in declared.sources
        if source not in files
    )


def _check_requirements(text: str) -> Iterator[str]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    for line in filter(None, lines):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            yield f"requirements.txt: {line} is not a plain requirement"
            continue
        if requirement.url:
            yield f"requirements.txt: {requirement.name} must come from the package index"
        elif not any(spec.operator in {"<", "<=", "==", "~="} for spec in requirement.specifier):
            yield f"requirements.txt: {requirement.name} has no upper bound"
