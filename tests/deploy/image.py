"""What an engine would make of the Dockerfile, without one: files, environment, commands.

Only as much of the two languages is understood as the repository's own files use.
"""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STORE = "/var/lib/confidence-gate"


@dataclass(frozen=True)
class Step:
    instruction: str
    text: str

    @property
    def argv(self) -> list[str]:
        """The words of a command or a COPY, in either form."""
        if self.text.startswith("["):
            words: list[str] = json.loads(self.text)
            return words
        return [word for word in shlex.split(self.text) if not word.startswith("--")]


class Dockerfile:
    def __init__(self, path: Path) -> None:
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
        self.steps = [Step(*line.split(" ", 1)) for line in joined.splitlines() if line.strip()]
        last = max(n for n, step in enumerate(self.steps) if step.instruction == "FROM")
        self.final = self.steps[last:]

    def only(self, instruction: str) -> Step:
        """The final stage's one step of that kind."""
        (step,) = [step for step in self.final if step.instruction == instruction]
        return step

    @property
    def bases(self) -> list[str]:
        return [step.argv[0] for step in self.steps if step.instruction == "FROM"]

    @property
    def copies(self) -> list[tuple[list[str], str]]:
        """The final stage's sources from the repository, each with its destination."""
        return [
            (step.argv[:-1], step.argv[-1])
            for step in self.final
            if step.instruction == "COPY" and "--from=" not in step.text
        ]

    @property
    def environment(self) -> dict[str, str]:
        pairs = [word for step in self.final if step.instruction == "ENV" for word in step.argv]
        return dict(pair.split("=", 1) for pair in pairs)

    @property
    def health_command(self) -> list[str]:
        return Step("CMD", self.only("HEALTHCHECK").text.partition("CMD ")[2]).argv


class DockerIgnore:
    """The last pattern that names a path, or a folder above it, decides."""

    def __init__(self, path: Path) -> None:
        lines = [line.strip() for line in path.read_text().splitlines()]
        self._rules = [
            (not line.startswith("!"), _regex(line.removeprefix("!")))
            for line in lines
            if line and not line.startswith("#")
        ]

    def ignores(self, path: str) -> bool:
        ignored = False
        for ignore, pattern in self._rules:
            if pattern.fullmatch(path):
                ignored = ignore
        return ignored


def _regex(pattern: str) -> re.Pattern[str]:
    parts = {"**/": "(.*/)?", "*": "[^/]*"}
    pieces = re.split(r"(\*\*/|\*)", pattern)
    body = "".join(
        parts[p] if p in parts else p if p.startswith("[") else _literal(p) for p in pieces
    )
    return re.compile(body + "(/.*)?")


def _literal(text: str) -> str:
    """Literal but for character classes, such as in `*.py[cod]`."""
    return "".join(
        piece if piece.startswith("[") else re.escape(piece)
        for piece in re.split(r"(\[[^]]+\])", text)
    )


def files_of(source: str, root: Path = ROOT) -> Iterator[Path]:
    """The files under `source` that the engine would be sent, relative to `root`."""
    ignore = DockerIgnore(root / ".dockerignore")
    start = root / source
    for path in [start] if start.is_file() else sorted(start.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not ignore.ignores(relative.as_posix()):
            yield relative


def unpack(target: Path, root: Path = ROOT) -> None:
    """Copy into `target` what the final stage has in its working directory, and nothing else."""
    for sources, destination in Dockerfile(root / "Dockerfile").copies:
        for source in sources:
            into = target / destination / (Path(source).name if destination.endswith("/") else "")
            for path in files_of(source, root):
                place = into / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / path, place)
