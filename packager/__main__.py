"""`python -m packager`: build and check the plugin package."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from packager.archive import build
from packager.checks import check
from packager.collect import collect

DEFAULT_OUTPUT = Path("dist/confidence_gate.difypkg")


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the package. 0: written; 1: it has faults, nothing was written; 2: wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m packager", description=__doc__)
    parser.add_argument(
        "root", nargs="?", type=Path, default=Path(), help="the repository (default: here)"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=DEFAULT_OUTPUT, help="default: %(default)s"
    )
    options = parser.parse_args(arguments)
    try:
        files = collect(options.root)
    except FileNotFoundError:
        parser.error(f"{options.root} holds no .difyignore")

    faults = check(options.root, files)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        print(f"Not packaged: {len(faults)} to correct.", file=sys.stderr)
        return 1
    package = build(options.root, files)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(package)
    print(f"{options.output}: {len(files)} files, {len(package) / 1024:.0f} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
