"""JSON is read as ever, unless an object names a key twice."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.contract.unique_keys import RepeatedKey, loads, loads_marked, repeated_in

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]), st.booleans())
def test_other_json_is_read_as_ever(value: Any, encoding: str, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    body = text.encode(encoding, "surrogatepass")
    assert loads(text) == loads(body) == loads_marked(text) == json.loads(body)
    assert repeated_in(loads_marked(text)) is None


@given(values, st.text(), values, values)
def test_a_repeated_key_is_found_wherever_it_is(around: Any, key: str, one: Any, two: Any) -> None:
    name, escaped = json.dumps(key, ensure_ascii=False), json.dumps(key)
    twice = f"{{{name}: {json.dumps(one)}, {escaped}: {json.dumps(two)}}}"
    text = f'[{json.dumps(around)}, {{"in": [{twice}]}}]'
    with pytest.raises(RepeatedKey) as found:
        loads(text)
    assert found.value.key == key
    mark = repeated_in(loads_marked(text))
    assert mark is not None
    assert mark.key == key


def test_an_innermost_object_is_reached_at_any_depth() -> None:
    text = '[{"a":' * 300 + '{"b": 1, "b": 2}' + "}]" * 300
    assert repeated_in(loads_marked(text)) is not None
