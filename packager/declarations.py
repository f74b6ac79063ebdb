"""The YAML files that declare the plugin, followed from the manifest."""

from pathlib import Path
from typing import Any

import yaml

MAX_PATH_CHARS = 128


class Declarations:
    """The manifest and all that it names; what cannot be read is in `faults`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.faults: list[str] = []
        self.icons: list[str] = []
        self.identities: list[tuple[str, dict[str, Any]]] = []
        self.sources: list[tuple[str, str]] = []
        self.manifest = self._load("manifest.yaml")
        self._note_icons(self.manifest)
        extensions = self.manifest.get("plugins") or {}
        for provider in extensions.get("tools") or []:
            self._follow(provider, "tools")
        for group in extensions.get("endpoints") or []:
            self._follow(group, "endpoints")
        unknown = sorted(set(extensions) - {"tools", "endpoints"})
        if unknown:
            self.faults.append(f"manifest.yaml: {', '.join(unknown)} cannot go with tools")

    def _follow(self, path: str, children: str) -> None:
        declared = self._load(path)
        self._note(path, declared)
        for child in declared.get(children) or []:
            self._note(child, self._load(child))

    def _note(self, path: str, declared: dict[str, Any]) -> None:
        identity = declared.get("identity")
        if identity:
            self.identities.append((path, identity))
            self._note_icons(identity)
        source = ((declared.get("extra") or {}).get("python") or {}).get("source")
        if source:
            self.sources.append((path, source))

    def _note_icons(self, declared: dict[str, Any]) -> None:
        self.icons += [declared[key] for key in ("icon", "icon_dark") if declared.get(key)]

    def _load(self, path: str) -> dict[str, Any]:
        if path.startswith(("./", "/")) or ".." in path or len(path) > MAX_PATH_CHARS:
            self.faults.append(f"{path} must be a short path inside the package, without ./")
            return {}
        try:
            declared = yaml.safe_load((self._root / path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            self.faults.append(f"{path} cannot be read as YAML")
            return {}
        if not isinstance(declared, dict):
            self.faults.append(f"{path} must hold a mapping")
            return {}
        return declared
