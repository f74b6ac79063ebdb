"""Server-sent events, in any slicing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.resume.sse import MAX_EVENT_BYTES, EventTooLong, data_of_events


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        ("data: one\n\ndata: two\n\n", ["one", "two"]),
        ("data:one\r\n\r\ndata: two\r\rdata:  three\n\n", ["one", "two", " three"]),
        ("event: ping\n\n: comment\n\ndata: one\n\n", ["one"]),
        ("id: 1\nevent: x\ndata: a\ndata: b\nretry: 5\n\n", ["a\nb"]),
        ("data\n\ndata:\n\n", ["", ""]),
        ("data: whole\n\ndata: cut off", ["whole"]),
        ("data: no end\n", []),
        ("", []),
    ],
)
def test_parsing(stream: str, events: list[str]) -> None:
    assert list(data_of_events([stream.encode()])) == events


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))


@given(st.lists(TEXT), st.data())
def test_the_slicing_does_not_matter(events: list[str], data: st.DataObject) -> None:
    newline = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    stream = "".join(f"data: {event}{newline}{newline}" for event in events).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    # A lone CR at the very end could be half of a CR LF: only more bytes can tell.
    assert list(data_of_events([*chunks, b"\n"])) == events


@pytest.mark.parametrize("line", [b"x" * 65536, b"data: " + b"x" * 65536 + b"\n"])
def test_an_event_without_an_end_is_refused(line: bytes) -> None:
    endless = (line for _ in range(2 * MAX_EVENT_BYTES // 65536))
    with pytest.raises(EventTooLong):
        list(data_of_events(endless))
