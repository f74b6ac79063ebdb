"""What has been computed stays computed: one file a cell, named by all that it depends on.

A killed run goes on with the next cell, and a change of code, data or seed makes another one.
"""

import hashlib
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Arrays = dict[str, NDArray[np.float64]]


class Cells:
    """The cells in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def figures(self, name: str, depends: object, make: Callable[[], Any]) -> Any:
        """What `make` gives, as JSON keeps it."""
        file = self._file(name, depends, "json")
        if not file.exists():
            content = json.dumps(make(), indent=1, allow_nan=False).encode()
            _write(file, lambda unfinished: unfinished.write_bytes(content))
        return json.loads(file.read_text(encoding="utf-8"))

    def arrays(self, name: str, depends: object, make: Callable[[], Arrays]) -> Arrays:
        """The arrays that `make` gives."""
        file = self._file(name, depends, "npz")
        if not file.exists():
            made: dict[str, Any] = {**make()}
            _write(file, lambda unfinished: np.savez_compressed(unfinished, **made))
        with np.load(file) as found:
            return dict(found)

    def _file(self, name: str, depends: object, suffix: str) -> Path:
        digest = hashlib.sha256(json.dumps([name, depends]).encode()).hexdigest()
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{name}-{digest[:12]}.{suffix}"


def code_of(*modules: ModuleType | str) -> str:
    """One SHA-256 over the source of these modules."""
    digest = hashlib.sha256()
    for module in modules:
        found = importlib.import_module(module) if isinstance(module, str) else module
        digest.update(Path(str(found.__file__)).read_bytes())
    return digest.hexdigest()


def _write(file: Path, write: Callable[[Path], object]) -> None:
    unfinished = file.with_name(f"unfinished-{file.name}")
    write(unfinished)
    unfinished.replace(file)
