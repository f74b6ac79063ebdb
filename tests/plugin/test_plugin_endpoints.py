"""The plugin's endpoints: signed by the stock Standard Webhooks library, tampered with by us."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from lab.plugin_process import PluginProcess

SECRET = "whsec_" + base64.b64encode(b"a secret of enough bytes").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the secret used before it").decode()
STRANGERS = "whsec_" + base64.b64encode(b"a secret nobody gave to us").decode()
SETTINGS = {"app": {"app_id": "app-9"}, "signing_secret": SECRET}
MESSAGE = {
    "type": "review.decided",
    "timestamp": "2026-01-01T00:00:00Z",
    "decision_id": "d1",
    "review_task_id": "t1",
    "verdict": "approve",
    "gate_action": "approve",
    "reviewer": "ann",
    "comment": "fine",
    "edited_result": {"publish": True},
    "metadata": {"order": "7"},
}


def http(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = {"Host": "dify", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def signed(
    message_id: str = "msg_1",
    *,
    secret: str = SECRET,
    late: timedelta = timedelta(0),
    body: bytes | None = None,
) -> dict[str, Any]:
    """A message's body and headers, signed `late` ago."""
    content = json.dumps(MESSAGE).encode() if body is None else body
    at = datetime.now(UTC) - late
    return {
        "body": content,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, content.decode()),
    }


def resume(
    plugin: PluginProcess, message: dict[str, Any], settings: Any = SETTINGS
) -> tuple[int, dict[str, Any]]:
    status, headers, body = plugin.endpoint(http("POST", "/resume", **message), settings)
    kind = "application/json" if status == 200 else "application/problem+json"
    assert headers["Content-Type"] == kind
    answer: dict[str, Any] = json.loads(body)
    return status, answer


def test_a_signed_message_starts_the_app_without_a_verdict(
    plugin: PluginProcess, dify: Any
) -> None:
    assert resume(plugin, signed()) == (200, {"status": "started", "run_id": "run-1"})
    (run,) = dify.runs
    assert run["app_id"] == "app-9"
    assert run["response_mode"] == "blocking"
    assert run["inputs"] == {
        "decision_id": "d1",
        "review_task_id": "t1",
        "metadata": '{"order": "7"}',
    }


def test_a_replay_starts_nothing(plugin: PluginProcess, dify: Any) -> None:
    resume(plugin, signed())
    assert resume(plugin, signed()) == (200, {"status": "duplicate"})
    assert len(dify.runs) == 1


def test_another_message_starts_another_run(plugin: PluginProcess, dify: Any) -> None:
    resume(plugin, signed("msg_1"))
    resume(plugin, signed("msg_2"))
    assert len(dify.runs) == 2


def test_the_storage_holds_no_ids_and_no_texts(plugin: PluginProcess, dify: Any) -> None:
    resume(plugin, signed())
    kept = " ".join(
        [*dify.stored, *(bytes.fromhex(value).decode() for value in dify.stored.values())]
    )
    assert not any(word in kept for word in ("msg_1", "d1 ", "t1 ", "ann", "publish"))


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
def test_both_secrets_are_accepted_during_rotation(
    plugin: PluginProcess, dify: Any, secret: str
) -> None:
    settings = {**SETTINGS, "previous_signing_secret": OLD_SECRET}
    assert resume(plugin, signed(secret=secret), settings)[0] == 200


def test_one_good_signature_among_others_is_enough(plugin: PluginProcess, dify: Any) -> None:
    message = signed()
    others = signed(secret=STRANGERS)["webhook-signature"]
    message["webhook-signature"] = f"v1a,xyz {others} {message['webhook-signature']}"
    assert resume(plugin, message)[0] == 200


@pytest.mark.parametrize(
    "change",
    [
        {"body": json.dumps({**MESSAGE, "decision_id": "d2"}).encode()},
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-id": "m" * 257},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,äöü"},
        {"webhook-signature": "v2," + "A" * 44},
        signed(secret=STRANGERS),
        signed(secret=OLD_SECRET),
    ],
    ids=lambda change: " ".join(change) if len(change) == 1 else "stranger",
)
def test_what_is_not_signed_starts_nothing(
    plugin: PluginProcess, dify: Any, change: dict[str, Any]
) -> None:
    status, answer = resume(plugin, {**signed(), **change})
    assert status == 401
    assert answer["title"] == "Not signed by the service"
    assert not dify.runs
    assert not dify.stored


@pytest.mark.parametrize("late", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_an_old_or_early_message_starts_nothing(
    plugin: PluginProcess, dify: Any, late: timedelta
) -> None:
    status, answer = resume(plugin, signed(late=late))
    assert status == 401
    assert "more than five minutes off" in answer["detail"]
    assert not dify.runs


def test_without_headers_nothing_starts(plugin: PluginProcess, dify: Any) -> None:
    assert resume(plugin, {"body": json.dumps(MESSAGE).encode()})[0] == 401


TWICE = json.dumps(MESSAGE).encode().replace(b"{", b'{"type": "other", ', 1)
"""Our message, but for a reader that takes the first of two values."""


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b'{"type": "other"}', b"\xc3\xa4", TWICE])
def test_a_signed_message_of_another_kind_is_refused(
    plugin: PluginProcess, dify: Any, body: bytes
) -> None:
    assert resume(plugin, signed(body=body))[0] == 400
    assert not dify.runs


def test_an_app_that_cannot_start_may_be_tried_again(plugin: PluginProcess, dify: Any) -> None:
    dify.fault = RuntimeError("app app-9 in workspace 17 is not published")
    status, answer = resume(plugin, signed())
    assert status == 502
    assert "workspace" not in json.dumps(answer)
    dify.fault = None
    assert resume(plugin, signed()) == (200, {"status": "started", "run_id": "run-1"})


def test_a_copy_that_comes_while_the_app_runs_is_put_off(plugin: PluginProcess, dify: Any) -> None:
    resume(plugin, signed())
    (slot,) = dify.stored
    digest = bytes.fromhex(dify.stored[slot]).decode().split()[0]
    running_since = datetime.now(UTC).timestamp()
    dify.stored[slot] = f"{digest} {running_since:.0f}".encode().hex()
    assert resume(plugin, signed())[0] == 503
    dify.stored[slot] = f"{digest} {running_since - 301:.0f}".encode().hex()
    assert resume(plugin, signed())[0] == 200
    assert len(dify.runs) == 2


def test_a_broken_storage_starts_nothing_and_tells_nothing(
    plugin: PluginProcess, dify: Any
) -> None:
    resume(plugin, signed())
    (slot,) = dify.stored
    dify.stored[slot] = "not hex: secret"
    status, answer = resume(plugin, signed())
    assert status == 500
    assert "secret" not in json.dumps(answer)
    assert len(dify.runs) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"app": {"app_id": "app-9"}},
        {"signing_secret": SECRET},
        {**SETTINGS, "app": "app-9"},
        {**SETTINGS, "signing_secret": "whsec_not base64!"},
        {**SETTINGS, "signing_secret": "whsec_c2hvcnQ="},
        {**SETTINGS, "previous_signing_secret": "rubbish"},
    ],
)
def test_unusable_settings_are_named(plugin: PluginProcess, dify: Any, settings: Any) -> None:
    status, answer = resume(plugin, signed(), settings)
    assert (status, answer["title"]) == (503, "Not configured")
    assert plugin.endpoint(http("GET", "/health"), settings)[0] == 503
    assert not dify.runs


def test_health(plugin: PluginProcess) -> None:
    status, _, body = plugin.endpoint(http("GET", "/health"), SETTINGS)
    assert status == 200
    assert json.loads(body)["status"] == "ok"


def test_reading_resumes_nothing(plugin: PluginProcess, dify: Any) -> None:
    message = signed()
    assert plugin.endpoint(http("GET", "/resume", **message), SETTINGS)[0] == 404
    assert not dify.runs
