"""What nobody can guess, for ids and salts: the system's randomness, fetched by the page.

Each call to the system costs more than all else that an id does.
"""

import os
import threading

PAGE = 4096

_page = b""
_used = 0
_turn = threading.Lock()


def random_hex(count: int) -> str:
    """So many random bytes (at most PAGE), as hex digits. None is ever given twice."""
    global _page, _used
    with _turn:
        if _used + count > len(_page):
            _page, _used = os.urandom(PAGE), 0
        taken = _page[_used : _used + count]
        _used += count
    return taken.hex()


def _forget() -> None:
    global _page
    _page = b""


# A child process must not draw what its parent draws.
os.register_at_fork(after_in_child=_forget)
