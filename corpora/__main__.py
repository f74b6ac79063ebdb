"""`python -m corpora fetch [SET ...]`: bring the data sets onto this machine."""

import argparse
import sys

from corpora import SETS
from corpora.sources import fetch


def main() -> None:
    """Fetch the sets that are named, or all; one that fails does not keep the others away."""
    by_name = {source.name: source for source in SETS}
    parser = argparse.ArgumentParser(prog="python -m corpora", description=__doc__)
    parser.add_argument("command", choices=["fetch"])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(by_name)}")
    chosen = parser.parse_args().sets or list(by_name)
    if unknown := set(chosen) - by_name.keys():
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(by_name)}")
    failed = False
    for name in chosen:
        try:
            sys.stdout.write(f"{fetch(by_name[name])}\n")
        except (OSError, ValueError) as error:
            sys.stderr.write(f"{name} could not be fetched: {error}\n")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
