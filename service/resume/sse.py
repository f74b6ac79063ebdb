"""Server-sent events, as the HTML standard parses them, from bytes in any slicing."""

from collections.abc import Iterable, Iterator

MAX_EVENT_BYTES = 4 * 1024 * 1024


class EventTooLong(Exception):
    """An event without an end: this is no event stream."""


def data_of_events(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event. An event that is cut off by the end of the stream is dropped."""
    data: list[bytes] = []
    for line in _lines(chunks):
        if not line:
            if data:
                yield b"\n".join(data).decode("utf-8", "replace")
            data = []
            continue
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
            if sum(map(len, data)) > MAX_EVENT_BYTES:
                raise EventTooLong


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines, ended by LF, CR LF or CR."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        # A CR at the very end may be half of a CR LF: it waits for the next chunk.
        tail = b"\r" if rest.endswith(b"\r") else b""
        whole = rest.removesuffix(tail).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = whole.split(b"\n")
        rest += tail
        if len(rest) > MAX_EVENT_BYTES:
            raise EventTooLong
        yield from lines
