#!/usr/bin/env python3
"""Git's commit-msg hook: a subject names its scope and fits in 72 characters.

review: keep the gate filter after undo
"""

import re
import sys
from pathlib import Path

LONGEST = 72
FORM = re.compile(r"[a-z0-9][a-z0-9._/-]*(, [a-z0-9][a-z0-9._/-]*)*: \S.*")
FOR_A_REBASE = re.compile(r"(fixup|squash|amend)! ")
"""Such a commit is merged into another before it lands, and keeps that one's subject."""


def faults(message: str) -> list[str]:
    """What is wrong with the form of a commit's message; empty where nothing is."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    subject, *body = "\n".join(lines).strip().splitlines() or [""]
    if FOR_A_REBASE.match(subject):
        return []
    found = []
    if len(subject) > LONGEST:
        found.append(f"The subject has {len(subject)} characters; {LONGEST} are allowed.")
    if not FORM.fullmatch(subject):
        found.append("The subject has no scope: write `scope: do this`.")
    if subject.endswith("."):
        found.append("The subject ends with a full stop: leave it out.")
    if body and body[0].strip():
        found.append("The second line must be empty, before the body.")
    return found


def main(path: str) -> int:
    found = faults(Path(path).read_text(encoding="utf-8"))
    print("\n".join(found), end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
