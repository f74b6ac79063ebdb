"""PUT of a gate: by version, by name of what is wrong, and answered once."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import KEY, serving, settings_for
from tests.plain_http import PLAIN

PATH = "/v1/gates/answers"


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service of its own: what is changed here would be in the way of other tests."""
    with (
        serving(settings_for(tmp_path_factory.mktemp("changed"))) as url,
        httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {KEY}"}, verify=PLAIN
        ) as client,
    ):
        yield client


def put(api: httpx.Client, change: dict[str, Any], **headers: str) -> httpx.Response:
    return api.put(PATH, json=change, headers={"If-Match": '"1"', **headers})


def policy(api: httpx.Client) -> dict[str, Any]:
    return dict(api.get(PATH).json()["policy"])


def test_read_changed_put_and_in_force(api: httpx.Client) -> None:
    read = api.get(PATH)
    assert read.headers["etag"] == '"1"'
    wanted = read.json()["policy"] | {"thresholds": {"low": 0.05, "high": 0.5}}
    answer = put(api, {"policy": wanted, "note": "calmer"})
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["etag"] == '"2"'
    told = answer.json()
    assert (told["version"], told["cause"], told["note"]) == (2, "put", "calmer")
    assert (told["actor"], told["policy"]) == ("key:bootstrap", wanted)
    order = {"item": {"text": "x"}, "signals": {"score": 0.6}}
    decided = api.post(f"{PATH}/decisions", json=order).json()
    assert (decided["decision"], decided["policy_version"]) == ("auto_approve", 2)
    back = put(api, {"put_back": 1}, **{"If-Match": '"2"'}).json()
    assert (back["version"], back["cause"], back["restores"]) == (3, "rollback", 1)
    assert policy(api) == read.json()["policy"]
    causes = [one["cause"] for one in api.get(f"{PATH}/versions").json()["versions"]]
    assert causes == ["rollback", "put", "file"]


def test_two_editors(api: httpx.Client) -> None:
    one, other = policy(api) | {"panel_share": 0.1}, policy(api) | {"panel_share": 0.2}
    assert put(api, {"policy": one}).status_code == 200
    late = put(api, {"policy": other})
    assert late.status_code == httpx.codes.PRECONDITION_FAILED
    assert late.json()["type"].endswith("changed-meanwhile")
    assert policy(api)["panel_share"] == 0.1
    assert put(api, {"policy": other}, **{"If-Match": "*"}).status_code == 200


def test_a_version_must_be_named(api: httpx.Client) -> None:
    answer = api.put(PATH, json={"put_back": 1})
    assert answer.status_code == httpx.codes.PRECONDITION_REQUIRED
    assert "If-Match" in answer.json()["detail"]
    assert put(api, {"put_back": 1}, **{"If-Match": 'W/"x"'}).status_code == 412


def test_sent_again_with_its_key_it_is_answered_again(api: httpx.Client) -> None:
    wanted = {"policy": policy(api) | {"panel_share": 0.3}}
    first = put(api, wanted, **{"Idempotency-Key": "once"})
    again = put(api, wanted, **{"Idempotency-Key": "once"})
    assert first.json() == again.json()
    assert again.headers["etag"] == '"2"'
    other = put(api, {"put_back": 1}, **{"Idempotency-Key": "once"})
    assert other.json()["type"].endswith("idempotency-mismatch")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"thresholds": {"low": 0.9, "high": 0.1}}, "thresholds"),
        ({"colour": "blue"}, "colour"),
        ({"apps": ["elsewhere", "unknown"]}, "apps"),
        ({"scorer": "embedded"}, "scorer"),
        ({"resume": {"mode": "native_form"}}, "resume"),
        ({"contract": {"target": "auto_error", "wrong_answers": 0}}, "contract.wrong_answers"),
        ({"panel_share": 0.9}, "panel_share"),
    ],
)
def test_a_mistake_is_told_by_its_key(
    api: httpx.Client, change: dict[str, Any], where: str
) -> None:
    answer = put(api, {"policy": policy(api) | change})
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    problem = answer.json()
    assert problem["type"].endswith("bad-policy")
    assert where in [error["field"] for error in problem["errors"]]
    assert api.get(PATH).json()["policy_version"] == 1


@pytest.mark.parametrize("change", [{}, {"policy": {}, "put_back": 1}, {"put_back": 0}])
def test_a_change_is_one_thing(api: httpx.Client, change: dict[str, Any]) -> None:
    assert put(api, change).status_code == httpx.codes.UNPROCESSABLE_ENTITY


def test_what_is_not_there_is_not_found(api: httpx.Client) -> None:
    assert put(api, {"put_back": 7}).json()["type"].endswith("unknown-version")
    gone = api.put("/v1/gates/gone", json={"put_back": 1}, headers={"If-Match": "*"})
    assert gone.json()["type"].endswith("unknown-gate")
