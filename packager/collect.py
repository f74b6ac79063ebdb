"""Which files belong to the package: everything that `.difyignore` leaves."""

import os
from pathlib import Path

from pathspec import GitIgnoreSpec

IGNORE_FILE = ".difyignore"


def collect(root: Path) -> list[str]:
    """The package's files, relative to `root`, with `/`, sorted. Ignored folders are not entered.

    As in Dify's own packager a line with `!` takes nothing back. Raises FileNotFoundError where
    there is no `.difyignore`: packing everything would ship virtual environments and secrets.
    """
    lines = (root / IGNORE_FILE).read_text(encoding="utf-8").splitlines()
    ignored = GitIgnoreSpec.from_lines(line for line in lines if not line.startswith("!"))
    files: list[str] = []
    for folder, folders, names in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = [f for f in folders if not ignored.match_file(f"{(here / f).as_posix()}/")]
        paths = [(here / name).as_posix() for name in names]
        files += [path for path in paths if not ignored.match_file(path)]
    return sorted(files)
