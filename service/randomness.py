"""What nobody can guess, for ids, salts and lots: the system's randomness, fetched by the page.

Each call to the system costs more than all else that an id does, and lets other threads in.
"""

import os
import threading

PAGE = 4096

_page = b""
_used = 0
_turn = threading.Lock()


def random_hex(count: int) -> str:
    """So many random bytes (at most PAGE), as hex digits. None is ever given twice."""
    return _taken(count).hex()


def random_share() -> float:
    """A number in [0, 1), each multiple of 2^-53 as likely as any other."""
    return (int.from_bytes(_taken(7)) >> 3) * 2.0**-53


def _taken(count: int) -> bytes:
    global _page, _used
    with _turn:
        if _used + count > len(_page):
            _page, _used = os.urandom(PAGE), 0
        taken = _page[_used : _used + count]
        _used += count
    return taken


def _forget() -> None:
    global _page
    _page = b""


# A child process must not draw what its parent draws.
os.register_at_fork(after_in_child=_forget)
